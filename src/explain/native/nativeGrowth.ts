/**
 * From three looks at malloc's heap to what grows in it, who holds it, and which shape of leak that is. What only comes and goes faster is no
 * growth; what lies inside of something that grows is told with it.
 */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { type Growing, spread, whatGrows } from '../threeLooks.ts';
import { blockContents } from './blockContents.ts';
import { type BlockKinds, largeBlock } from './blockKinds.ts';
import type { ChunkTable } from './chunkTable.ts';
import { long } from './glibcArenas.ts';
import type { Following, GlibcLook, MappedBlock } from './glibcLook.ts';
import { PointerGraph, type Way } from './pointerGraph.ts';
import { rustTypeOf } from './rustTypes.ts';
import { isSwissTable } from './swissTable.ts';
import { VariableNames } from './variableNames.ts';
import { heapWord, textWord, type WordKinds, wordNames } from './wordKinds.ts';

const mostCandidates = 24;
const mostFollowed = 300;
const leastSurvival = 0.3;
const leastOfAll = 0.02;
const lostPart = 0.6;
const headerBytes = 16;
const mostTimes = 3;
const mostAsked = 16;
const alikePart = 0.8;

export interface NativeHeap {
  memory: TargetMemory;
  blocks: BlockKinds;
  words: WordKinds;
  /** Which blocks there are by now, and what refers to them. */
  follow(): Following | null;
}

interface Candidate {
  growing: Growing;
  /** Blocks that came and stayed, by their number in the table. */
  blocks: number[];
  ways: Way[];
  /** Bytes of what lies inside of these. */
  moreBytes: number;
  inside: Candidate[];
}

type Looks = readonly [GlibcLook, GlibcLook, GlibcLook];

/** The most first. Empty when nothing grows. */
export function nativeGrowth(heap: NativeHeap, looks: Looks, every: number): GrowingThing[] {
  const more = whatGrows(looks).filter((growing) => isMoreThanChance(growing, every));
  const grown = [...more, ...blocksThatGrow(looks)].sort((a, b) => b.growthBytes - a.growthBytes);
  const totalBytes = grown.reduce((sum, { growthBytes }) => sum + growthBytes, 0);
  const wanted = grown.filter(({ growthBytes }) => growthBytes >= totalBytes * leastOfAll).slice(0, mostCandidates);
  const followed = wanted.length === 0 ? null : followAll(heap, wanted, looks[2]);
  if (followed === null) return [];
  const { table, graph, candidates } = followed;
  const teller = new Teller(heap, table, graph, new VariableNames(heap.memory, heap.memory.regions()));
  return joined(folded(withoutTables(candidates, table), table), heap.blocks)
    .sort((a, b) => scoreOf(b) - scoreOf(a))
    .map((candidate) => teller.tell(candidate));
}

interface Followed {
  table: ChunkTable;
  graph: PointerGraph;
  candidates: Candidate[];
}

/**
 * Where blocks seem to be forgotten it may be that what holds them was moved between reading what refers to it and reading it, as an array is
 * that doubles: that does not happen twice.
 */
function followAll(heap: NativeHeap, wanted: readonly Growing[], latest: GlibcLook): Followed | null {
  let fewest = Number.POSITIVE_INFINITY;
  for (let time = 0; time < mostTimes; time += 1) {
    const following = (time === 0 ? latest.following : null) ?? heap.follow();
    if (following === null) return null;
    const { table } = following;
    const graph = new PointerGraph(heap.memory, following, (kind, address) => isOfKindAt(heap, kind, address));
    const candidates = wanted.map((growing) => followOne(growing, table, graph, heap.blocks));
    const lost = candidates.filter(({ ways }) => isLost(ways)).length;
    if (lost === 0 || (time > 0 && lost <= fewest) || time === mostTimes - 1) return { table, graph, candidates };
    fewest = Math.min(fewest, lost);
    // Not two of them in memory at a time.
    latest.following = null;
  }
  return null;
}

function isOfKindAt({ memory, blocks, words }: NativeHeap, kind: number, address: number): boolean {
  const bytes = Buffer.alloc(headerBytes);
  if (address % 16 !== 0 || memory.read(address - 8, bytes) < bytes.length) return false;
  const size = long(bytes, 0) - (long(bytes, 0) % 16);
  if (size === 0 || size > 2 ** 40) return false;
  return blocks.areAlike(kind, blocks.idOf(size, words.kindOf(bytes.readUInt32LE(8), bytes.readUInt32LE(12))));
}

function isLost(ways: readonly Way[]): boolean {
  return ways.length > 0 && ways.filter(({ root }) => root === null).length >= ways.length * lostPart;
}

function scoreOf({ growing, moreBytes }: Candidate): number {
  return (growing.growthBytes + moreBytes) * (growing.survival ?? 1);
}

/** Of blocks that come and go by chance, so many more at two times is no chance; and what came has to stay. */
function isMoreThanChance({ growthCount, growthBytes, born, survival }: Growing, every: number): boolean {
  if (survival !== null && survival < leastSurvival) return false;
  if (growthCount < 8) return growthBytes >= largeBlock && growthCount > 0;
  const gone = Math.max(0, born * every - growthCount);
  return growthCount > 3 * Math.sqrt(2 * gone * every);
}

/**
 * Single blocks that get larger, as a text that is appended to or an array of numbers does. They may have moved meanwhile: their beginnings tell
 * them. What only fills up what it has asked for ends there.
 */
function blocksThatGrow([first, second, third]: Looks): Growing[] {
  return third.mappings.flatMap((now): Growing[] => {
    const earlier = [sameBlock(first, now), sameBlock(second, now)] as const;
    if (earlier[0] === null || earlier[1] === null) return [];
    const bytes: [number, number, number] = [earlier[0].presentBytes, earlier[1].presentBytes, now.presentBytes];
    const [before, after] = [bytes[1] - bytes[0], bytes[2] - bytes[1]];
    if (Math.min(before, after) < largeBlock || now.bytes <= earlier[0].bytes) return [];
    const growthBytes = Math.min(before, after);
    return [{ kind: now.kind, counts: [1, 1, 1], bytes, growthBytes, growthCount: 0, survival: 1, born: 1, survivors: [now.address] }];
  });
}

function sameBlock({ mappings }: GlibcLook, now: MappedBlock): MappedBlock | null {
  const inPlace = mappings.find(({ address }) => address === now.address);
  const alike = mappings.filter(({ kind, mark }) => kind === now.kind && mark === now.mark);
  return inPlace ?? (alike.length === 1 ? (alike[0] ?? null) : null);
}

function isOneBlock({ growing: { growthCount } }: Candidate): boolean {
  return growthCount === 0;
}

/** A block that grows and by which others are held that do is told with these. */
function withoutTables(candidates: readonly Candidate[], table: ChunkTable): Candidate[] {
  return candidates.filter((candidate) => {
    const [address = 0] = candidate.growing.survivors;
    const isThrough = ({ blocks }: Way) => blocks.some((index) => table.addressOf(index) === address);
    const held = isOneBlock(candidate)
      ? candidates.find((other) => !isOneBlock(other) && other.ways.filter(isThrough).length * 2 > other.ways.length)
      : undefined;
    if (held !== undefined) held.moreBytes += candidate.growing.growthBytes;
    return held === undefined;
  });
}

function followOne(growing: Growing, table: ChunkTable, graph: PointerGraph, known: BlockKinds): Candidate {
  const blocks: number[] = [];
  for (const address of spread(growing.survivors, mostFollowed)) {
    const index = table.indexOf(address);
    if (index >= 0 && table.addressOf(index) === address && table.kindOf(index) === growing.kind) blocks.push(index);
  }
  const nearest = blocks.map((index) => graph.pathTo(index));
  const chained = nearest.filter((way) => way.blocks.length > 1 && table.kindOf(way.blocks[1] ?? -1) === growing.kind);
  const ways = chained.length * 2 > nearest.length ? graph.fromHead(nearest, known.alike(growing.kind)) : nearest;
  return { growing, blocks, ways, moreBytes: 0, inside: [] };
}

/** What is mostly held one by one by blocks of another kind that grows is told with that kind. */
function folded(candidates: readonly Candidate[], table: ChunkTable): Candidate[] {
  const around = new Map<Candidate, Candidate>();
  for (const candidate of candidates) {
    const holder = candidates.find(
      (other) => other !== candidate && !isInside(other, candidate, around) && isHeldBy(candidate, other, table),
    );
    if (holder !== undefined) around.set(candidate, holder);
  }
  for (const candidate of around.keys()) {
    let top = candidate;
    for (let step = 0; step < candidates.length; step += 1) top = around.get(top) ?? top;
    top.moreBytes += candidate.growing.growthBytes;
    top.inside.push(candidate);
  }
  return candidates.filter((candidate) => !around.has(candidate));
}

/** A block may be one step larger than was asked for, where the rest was too small to be one: the same kind. */
function joined(candidates: readonly Candidate[], { sizes, words }: BlockKinds): Candidate[] {
  const left: Candidate[] = [];
  for (const candidate of [...candidates].sort((a, b) => b.growing.growthBytes - a.growing.growthBytes)) {
    const [size, word] = [sizes[candidate.growing.kind] ?? 0, words[candidate.growing.kind]];
    const main = left.find(({ growing: { kind } }) => words[kind] === word && size - (sizes[kind] ?? 0) === 16);
    if (main === undefined) left.push(candidate);
    else main.moreBytes += candidate.growing.growthBytes + candidate.moreBytes;
  }
  return left;
}

function isInside(candidate: Candidate, of: Candidate, around: ReadonlyMap<Candidate, Candidate>): boolean {
  for (let at: Candidate | undefined = candidate, step = 0; at !== undefined && step < 64; at = around.get(at), step += 1)
    if (at === of) return true;
  return false;
}

function isHeldBy({ ways, growing }: Candidate, other: Candidate, table: ChunkTable): boolean {
  const holders = ways.flatMap(({ blocks }) => {
    const nearest = blocks.slice(1, 5).find((index) => table.kindOf(index) !== growing.kind);
    const found = blocks.slice(1, 5).find((index) => table.kindOf(index) === other.growing.kind);
    return found === undefined || nearest === undefined ? [] : [found];
  });
  return ways.length > 0 && holders.length * 2 > ways.length && new Set(holders).size * 2 > holders.length;
}

class Teller {
  readonly #heap: NativeHeap;
  readonly #table: ChunkTable;
  readonly #graph: PointerGraph;
  readonly #variables: VariableNames;
  #rings: { isInRing(index: number): boolean } | null = null;

  constructor(heap: NativeHeap, table: ChunkTable, graph: PointerGraph, variables: VariableNames) {
    this.#heap = heap;
    this.#table = table;
    this.#graph = graph;
    this.#variables = variables;
  }

  tell(candidate: Candidate): GrowingThing {
    const { growing, ways, moreBytes } = candidate;
    const told = ways.map((way) => ({ way, steps: this.#stepsOf(way) }));
    const usual = mostCommon(told.map(({ steps }) => steps.map(({ text }) => text).join('\n')));
    const path = told.find(({ steps }) => steps.map(({ text }) => text).join('\n') === usual)?.steps ?? [];
    const lost = ways.filter(({ root }) => root === null);
    const isForgotten = isLost(ways) && !this.#graph.isPartial;
    const pattern = isForgotten ? this.#lostPattern(lost) : this.#patternOf(candidate, ways);
    const contents = [candidate, ...candidate.inside].flatMap(({ blocks }) => blockContents(this.#heap.memory, this.#table, blocks));
    return {
      type: this.#typeOf(candidate),
      place: null,
      counts: isOneBlock(candidate) ? growing.bytes : growing.counts,
      ...(isOneBlock(candidate) ? { isOneBlock: true } : {}),
      growthBytes: growing.growthBytes + moreBytes,
      survival: isOneBlock(candidate) ? null : growing.survival,
      owner: isForgotten ? null : (path.slice(0, -1).findLast(({ isNamed }) => isNamed)?.text ?? path[0]?.text ?? null),
      path: isForgotten && pattern !== 'cycle-never-collected' ? [] : path.map(({ text }) => text),
      pattern,
      contents: [...new Set(contents)].slice(0, 6),
      blockSizes: [candidate, ...candidate.inside].map((each) => this.#heap.blocks.sizes[each.growing.kind] ?? 0),
    };
  }

  /** The class, of itself or of what it is only the shell of; else what can be seen of it. */
  #typeOf({ growing, blocks, inside, ways }: Candidate): string {
    const own = this.#heap.words.typeName(this.#heap.blocks.words[growing.kind] ?? 0);
    if (own !== null) return own;
    const within = inside
      .map((each) => this.#heap.words.typeName(this.#heap.blocks.words[each.growing.kind] ?? 0))
      .find((name) => name !== null);
    const rust = within === undefined ? rustTypeOf(this.#heap.memory, this.#variables, this.#holdersOf(blocks, ways)) : null;
    const byTable = [blocks, ...inside.map((each) => each.blocks)].map((each) => this.#classOf(each)).find((name) => name !== null);
    return within ?? rust ?? byTable ?? this.#describeAll(growing, blocks, inside);
  }

  /** Of a program without type information, by the name of its table of virtual functions. */
  #classOf(blocks: readonly number[]): string | null {
    const beginning = this.#beginningOf(blocks);
    return beginning === null ? null : this.#variables.classAt(beginning.file, beginning.address);
  }

  /** What in a file most of them point to with their first word. */
  #beginningOf(blocks: readonly number[]): { file: string; address: number } | null {
    const word = Buffer.alloc(8);
    const asked = spread(blocks, mostAsked);
    const first = asked.map((index) => {
      const got = this.#heap.memory.read(this.#table.addressOf(index) + headerBytes, word);
      return got < word.length ? '' : `${long(word, 0)}`;
    });
    const usual = mostCommon(first);
    const address = Number(usual);
    const file = first.filter((each) => each === usual).length >= asked.length * alikePart ? this.#variables.fileAt(address) : null;
    return file === null ? null : { file, address };
  }

  /** A shell around what is larger, as the cell of a list has it, is told with that. */
  #describeAll(growing: Growing, blocks: readonly number[], inside: readonly Candidate[]): string {
    if (growing.growthCount === 0) return this.#describe(growing.kind, blocks, 'one block that only becomes larger', 'and begins');
    const [main] = [...inside].sort((a, b) => b.growing.growthBytes - a.growing.growthBytes);
    if (main === undefined || main.growing.growthBytes < 2 * growing.growthBytes) return this.#describe(growing.kind, blocks);
    return `${this.#describe(main.growing.kind, main.blocks)}, each in one of ${this.#bytesOf(growing.kind)}`;
  }

  /** A request of n bytes takes n + 8, rounded up to 16. */
  #bytesOf(kind: number): string {
    const size = this.#heap.blocks.sizes[kind] ?? 0;
    if (size >= largeBlock) return '64 KiB and more';
    return size <= 1024 ? `${Math.max(1, size - 23)} to ${size - 8} bytes` : `about ${size - 8} bytes`;
  }

  /** How many begin with a pointer to another of their kind, as the entries of a chain of a hash table do. */
  #linked(blocks: readonly number[], kind: number): number {
    const word = Buffer.alloc(8);
    return blocks.filter((index) => {
      if (this.#heap.memory.read(this.#table.addressOf(index) + headerBytes, word) < word.length) return false;
      const next = this.#table.indexOf(long(word, 0));
      return next >= 0 && this.#table.kindOf(next) === kind;
    }).length;
  }

  #holdersOf(
    blocks: readonly number[],
    ways: readonly Way[],
  ): { block: number; blockBytes: number; holder: number; holderBytes: number }[] {
    return blocks.flatMap((index, at) => {
      const holder = ways[at]?.blocks[1];
      if (holder === undefined) return [];
      return [
        {
          block: this.#table.addressOf(index),
          blockBytes: this.#table.bytesOf(index),
          holder: this.#table.addressOf(holder),
          holderBytes: this.#table.bytesOf(holder),
        },
      ];
    });
  }

  #describe(kind: number, blocks: readonly number[], what = `blocks of ${this.#bytesOf(kind)}`, begin = 'that begin'): string {
    const word = this.#heap.blocks.words[kind] ?? 0;
    if (word === textWord) return `text in ${what}`;
    const beginning = this.#beginningOf(blocks);
    const name = beginning === null ? null : this.#variables.symbolAt(beginning.file, beginning.address);
    return `${what} ${begin} with ${name === null ? (this.#heap.words.typeName(word) ?? wordNames[word] ?? 'bytes') : `the address of ${name}`}`;
  }

  #stepsOf({ blocks, root }: Way): { text: string; isNamed: boolean; repeats: boolean }[] {
    const steps: { text: string; isNamed: boolean; repeats: boolean }[] = [];
    if (root !== null) steps.push({ ...this.#variables.nameOf(root), repeats: false });
    for (const index of blocks.toReversed()) {
      const kind = this.#table.kindOf(index);
      const type = this.#heap.words.typeName(this.#heap.blocks.words[kind] ?? 0);
      const size = this.#heap.blocks.sizes[kind] ?? 0;
      const text = type ?? (size > 1024 ? 'a large block' : `a block of ${size - 8} bytes`);
      if (steps.at(-1)?.text === text) continue;
      if (steps.length > 12) continue;
      steps.push({ text, isNamed: type !== null, repeats: false });
    }
    return steps;
  }

  /** The large block on the way is one. */
  #isInSwissTable({ blocks, root }: Way): boolean {
    const at = blocks.findIndex((index, step) => step > 0 && (this.#heap.blocks.sizes[this.#table.kindOf(index)] ?? 0) > 1024);
    const block = blocks[at];
    if (block === undefined || root === null) return false;
    const above = blocks[at + 1];
    const holder = above === undefined ? { address: root, bytes: 0 } : this.#extentOf(above);
    return isSwissTable(this.#heap.memory, this.#extentOf(block), holder);
  }

  #extentOf(index: number): { address: number; bytes: number } {
    return { address: this.#table.addressOf(index), bytes: this.#table.bytesOf(index) };
  }

  #lostPattern(lost: readonly Way[]): LeakPattern {
    this.#rings ??= this.#graph.ringsAmongLost();
    const rings = this.#rings;
    const inRing = lost.filter(({ blocks: [block = -1] }) => rings.isInRing(block)).length;
    return inRing * 2 > lost.length ? 'cycle-never-collected' : 'no-pointer-left';
  }

  /** A table of buckets and chains is a map; a tree is one; a large block of pointers, or a chain alone, is a list. */
  #patternOf({ growing, blocks }: Candidate, ways: readonly Way[]): LeakPattern | null {
    if (ways.length === 0) return null;
    if (growing.growthCount === 0) return this.#heap.blocks.words[growing.kind] === textWord ? 'text-only-grows' : 'list-only-grows';
    const share = (is: (way: Way) => boolean) => ways.filter(is).length / ways.length;
    const kindsOf = ({ blocks }: Way) => blocks.map((index) => this.#table.kindOf(index));
    const inArray = share((way) => kindsOf(way).some((kind, at) => at > 0 && (this.#heap.blocks.sizes[kind] ?? 0) > 1024)) > 0.5;
    const inChain =
      share((way) =>
        kindsOf(way)
          .slice(0, 8)
          .some((kind, at, all) => at > 0 && kind === all[at - 1]),
      ) > 0.15;
    // In a tree, ways are as long as the logarithm of what is in it; in a chain alone, as it is itself.
    const isTree = inChain && share((way) => way.length <= 3 * Math.log2(growing.counts[2] + 1) + 8) > 0.9;
    const inBuckets =
      inArray && (inChain || share((way) => this.#isInSwissTable(way)) > 0.5 || this.#linked(blocks, growing.kind) * 2 > blocks.length);
    if (inBuckets || (isTree && growing.counts[2] > 1000)) return 'map-without-eviction';
    if (inArray || inChain) return 'list-only-grows';
    return this.#heap.blocks.words[growing.kind] === heapWord ? 'list-only-grows' : null;
  }
}

function mostCommon(of: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}
