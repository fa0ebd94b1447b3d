/** What grows as a person is told it: its type, who holds it, and which shape of leak that is. */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { spread } from '../threeLooks.ts';
import { blockContents } from './blockContents.ts';
import { type BlockKinds, largeBlock } from './blockKinds.ts';
import { type Candidate, isLost, isOneBlock } from './candidate.ts';
import type { ChunkTable } from './chunkTable.ts';
import { long } from './glibcArenas.ts';
import type { PointerGraph, Way } from './pointerGraph.ts';
import { rustTypeOf } from './rustTypes.ts';
import { isSwissTable } from './swissTable.ts';
import type { VariableNames } from './variableNames.ts';
import { heapWord, textWord, type WordKinds, wordNames } from './wordKinds.ts';

const headerBytes = 16;
const mostAsked = 16;
const alikePart = 0.8;
/** A large block by which so many others are held is an array. */
const leastInArray = 4;
const arrayBytes = 1024;
const leastInNode = 2;

export interface TellerSource {
  heap: { memory: TargetMemory; blocks: BlockKinds; words: WordKinds };
  table: ChunkTable;
  graph: PointerGraph;
  variables: VariableNames;
}

export class NativeTeller {
  readonly #heap: TellerSource['heap'];
  readonly #table: ChunkTable;
  readonly #graph: PointerGraph;
  readonly #variables: VariableNames;
  #rings: { isInRing(index: number): boolean } | null = null;

  constructor({ heap, table, graph, variables }: TellerSource) {
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
    const counted = this.#shownOf(candidate);
    const contents = [candidate, ...candidate.inside].flatMap(({ blocks }) => blockContents(this.#heap.memory, this.#table, blocks));
    return {
      type: this.#typeOf(candidate),
      place: null,
      counts: isOneBlock(candidate) ? growing.bytes : counted.growing.counts,
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
  #typeOf(candidate: Candidate): string {
    const { blocks, inside, ways } = candidate;
    const own = this.#classNameOf(candidate);
    if (own !== null) return own;
    const within = inside.map((each) => this.#classNameOf(each)).find((name) => name !== null);
    const rust = within === undefined ? rustTypeOf(this.#heap.memory, this.#variables, this.#holdersOf(blocks, ways)) : null;
    const byTable = [blocks, ...inside.map((each) => each.blocks)].map((each) => this.#classOf(each)).find((name) => name !== null);
    return within ?? rust ?? byTable ?? this.#describeAll(candidate);
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

  /** What holds much more than it is itself is not what people look for. */
  #shownOf(candidate: Candidate): Candidate {
    const [main] = [...candidate.inside].sort((a, b) => b.growing.growthBytes - a.growing.growthBytes);
    const isShell = main !== undefined && main.growing.growthBytes >= 2 * candidate.growing.growthBytes;
    return isShell && this.#classNameOf(candidate) === null ? main : candidate;
  }

  #classNameOf({ growing }: Candidate): string | null {
    return this.#heap.words.typeName(this.#heap.blocks.words[growing.kind] ?? 0);
  }

  /** A shell around what is larger, as the cell of a list has it, is told with that; what holds several is the node of a tree. */
  #describeAll(candidate: Candidate): string {
    const { growing, blocks } = candidate;
    if (isOneBlock(candidate)) return this.#describe(growing.kind, blocks, 'one block that only becomes larger', 'and begins');
    const shown = this.#shownOf(candidate);
    const own = this.#describe(shown.growing.kind, shown.blocks);
    const isAround = shown !== candidate && shown.growing.growthCount <= leastInNode * growing.growthCount;
    return isAround ? `${own}, each in one of ${this.#bytesOf(growing.kind)}` : own;
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
      const text = type ?? (size > arrayBytes ? 'a large block' : `a block of ${size - 8} bytes`);
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

  /** Large blocks, many places of which lead to these, and none to most of them: any large object holds some. */
  #arraysOf(ways: readonly Way[]): ReadonlySet<number> {
    const below = new Map<number, Map<number, number>>();
    for (const { blocks } of ways) {
      for (const [at, block] of blocks.entries()) {
        const held = blocks[at - 1];
        if (held === undefined || (this.#heap.blocks.sizes[this.#table.kindOf(block)] ?? 0) <= arrayBytes) continue;
        const counts = below.get(block) ?? new Map<number, number>();
        below.set(block, counts.set(held, (counts.get(held) ?? 0) + 1));
      }
    }
    const isArray = ([, counts]: [number, Map<number, number>]) => {
      const all = [...counts.values()];
      const sum = all.reduce((total, each) => total + each, 0);
      return counts.size >= Math.min(leastInArray, ways.length) && (Math.max(...all) * 2 <= sum || sum === 1);
    };
    return new Set([...below].filter(isArray).map(([block]) => block));
  }

  /** A table of buckets and chains is a map; a tree is one; a large block of pointers, or a chain alone, is a list. */
  #patternOf({ growing, blocks }: Candidate, ways: readonly Way[]): LeakPattern | null {
    if (ways.length === 0) return null;
    const share = (is: (way: Way) => boolean) => ways.filter(is).length / ways.length;
    if (share(({ root }) => root !== null && this.#variables.nameOf(root).isOfThread === true) > 0.5) return 'thread-local';
    if (growing.growthCount === 0) return this.#heap.blocks.words[growing.kind] === textWord ? 'text-only-grows' : 'list-only-grows';
    const kindsOf = ({ blocks }: Way) => blocks.map((index) => this.#table.kindOf(index));
    const arrays = this.#arraysOf(ways);
    const inArray = share((way) => way.blocks.some((block, at) => at > 0 && arrays.has(block))) > 0.5;
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
