/**
 * From three looks at malloc's heap to what grows in it, who holds it, and which shape of leak that is. What only comes and goes faster is no
 * growth; what lies inside of something that grows is told with it. Of blocks of one kind that are held in several ways only those grow that become
 * more: where some of them go meanwhile, a fourth look tells who loses these.
 */
import type { GrowingThing } from '../growingThing.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { type Growing, goneAfter, someOf, spread, whatGrows } from '../threeLooks.ts';
import { type BlockKinds, largeBlock } from './blockKinds.ts';
import { type Candidate, folded, isLost, withoutTables } from './candidate.ts';
import type { ChunkTable } from './chunkTable.ts';
import { long } from './glibcArenas.ts';
import type { Following, GlibcLook, MappedBlock } from './glibcLook.ts';
import { type HolderGroup, type HolderKeys, holderGroups, mayBeHeldAlike } from './holderGroups.ts';
import { NativeTeller } from './nativeTeller.ts';
import { PointerGraph, type Way } from './pointerGraph.ts';
import { growthParts } from './turnover.ts';
import { VariableNames } from './variableNames.ts';
import { textWord, type WordKinds } from './wordKinds.ts';

const mostCandidates = 24;
const mostFollowed = 300;
const leastSurvival = 0.3;
const leastStayed = 0.8;
const leastOfAll = 0.02;
const headerBytes = 16;
const mostTimes = 3;
/** Blocks that are held in another way than the rest: of fewer that is not told. */
const leastGroup = 0.1;
const leastInGroup = 8;

export interface NativeHeap {
  memory: TargetMemory;
  blocks: BlockKinds;
  words: WordKinds;
  /** Which blocks there are by now, and what refers to them. */
  follow(): Following | null;
}

/** Blocks of one kind that came and stayed, and what leads to each. */
interface FollowedKind {
  growing: Growing;
  blocks: number[];
  ways: Way[];
}

interface Followed {
  table: ChunkTable;
  graph: PointerGraph;
  kinds: FollowedKind[];
}

type Looks = readonly [GlibcLook, GlibcLook, GlibcLook];

export class NativeGrowth {
  readonly #heap: NativeHeap;
  readonly #looks: Looks;
  readonly #every: number;
  readonly #variables: VariableNames;
  readonly #followed: Followed | null;
  /** Of kinds that are held in several ways: how many of the sample were gone by the third look. */
  readonly #gone: ReadonlyMap<number, { count: number }>;

  /** One of `every` blocks is in the samples. */
  constructor(heap: NativeHeap, looks: Looks, every: number) {
    this.#heap = heap;
    this.#looks = looks;
    this.#every = every;
    const wanted = wantedOf(looks, every);
    this.#followed = wanted.length === 0 ? null : followAll(heap, wanted, looks[2]);
    this.#variables = new VariableNames(heap.memory, heap.memory.regions());
    const several = (this.#followed?.kinds ?? []).filter((each) => this.#groupsOf(each, each.ways, []).length > 1);
    for (const each of several) each.ways = this.#mostHeld(each, each.blocks, each.ways);
    const [first, second, third] = looks;
    this.#gone = goneAfter([first.sample, second.sample, third.sample], new Set(several.map(({ growing }) => growing.kind)));
  }

  /** Of blocks of one kind that are held in several ways some go, and it is not known yet whose these were. */
  needsLook(): boolean {
    return (this.#followed?.kinds ?? []).some((each) => {
      const gone = this.#gone.get(each.growing.kind)?.count ?? 0;
      const fewest = Math.min(...this.#groupsOf(each, each.ways, []).map(({ members }) => members.length));
      return 2 * gone * each.ways.length > fewest * cameOf(each.growing);
    });
  }

  /** The most first; empty when nothing grows. `fourth`: where it was needed, and could be taken. */
  things(fourth: GlibcLook | null): GrowingThing[] {
    if (this.#followed === null) return [];
    const { table, graph, kinds } = this.#followed;
    const candidates = kinds.flatMap((each) => this.#candidatesOf(each, fourth, table, graph));
    const teller = new NativeTeller({ heap: this.#heap, table, graph, variables: this.#variables });
    const whole = joined(folded(withoutTables(candidates, table), table), this.#heap.blocks);
    return alikeJoined(whole.sort((a, b) => scoreOf(b) - scoreOf(a)).map((candidate) => teller.tell(candidate)));
  }

  #candidatesOf(followed: FollowedKind, fourth: GlibcLook | null, table: ChunkTable, graph: PointerGraph): Candidate[] {
    const { growing, blocks, ways } = followed;
    const { kind } = growing;
    const whole = this.#groupsOf(followed, ways, []);
    if (whole.length < 2) return whole.map((group) => ({ growing, blocks, ways, held: group.held, moreBytes: 0, inside: [] }));
    const [, second, third] = this.#looks;
    const all = blocksAt(someOf(third.sample, kind), kind, table);
    const lastGone = fourth === null ? undefined : goneAfter([second.sample, third.sample, fourth.sample], new Set([kind])).get(kind);
    const went = blocksAt(lastGone?.kept ?? [], kind, table);
    const paths = [...ways, ...waysTo([...all, ...went], kind, { table, graph, known: this.#heap.blocks })];
    const held = this.#mostHeld(followed, [...blocks, ...all, ...went], paths);
    const groups = this.#groupsOf(followed, held.slice(0, ways.length + all.length), held.slice(ways.length + all.length));
    const [endOfWays, endOfAll] = [ways.length, ways.length + all.length];
    const counted = groups.map(({ members }) => ({
      came: members.filter((member) => member < endOfWays).length,
      all: members.filter((member) => member >= endOfWays && member < endOfAll).length,
      went: members.filter((member) => member >= endOfAll).length,
    }));
    const parts = growthParts(counted, cameOf(growing), went.length === 0 ? 0 : (this.#gone.get(kind)?.count ?? 0));
    return groups.flatMap(({ members, held: holder }, at): Candidate[] => {
      const own = members.filter((member) => member < endOfWays);
      const part = parts[at] ?? 0;
      if (part === 0 || own.length === 0) return [];
      const stays = (counted[at]?.all ?? 0) / Math.max(1, all.length);
      const ofThese = { blocks: own.flatMap((member) => blocks[member] ?? []), ways: own.flatMap((member) => held[member] ?? []) };
      return [{ ...ofThese, growing: partOf(growing, part, stays), held: holder, moreBytes: 0, inside: [] }];
    });
  }

  /** Where several hold one, it is with the one that holds the most of what came and stayed. */
  #mostHeld(followed: FollowedKind, blocks: readonly number[], ways: readonly Way[]): Way[] {
    const others = this.#followed?.graph.otherWays(blocks) ?? [];
    const each = ways.flatMap((way, member) => [way, ...(others[member] ?? [])].map((of) => ({ way: of, member })));
    const isOfThese = (at: number) => (each[at]?.member ?? came) < came;
    const { length: came } = followed.blocks;
    const least = this.#leastCame(followed);
    const groups = holderGroups(
      each.map(({ way }) => way),
      this.#keys(),
      (members) => members.filter(isOfThese).length >= least,
    );
    const held = [...ways];
    const most = ways.map(() => 0);
    for (const { members } of groups) {
      const count = new Set(members.filter(isOfThese).map((at) => each[at]?.member)).size;
      for (const at of members) {
        const { member, way } = each[at] ?? { member: -1, way: undefined };
        const before = most[member];
        if (way === undefined || before === undefined || before > count || (before === count && way !== ways[member])) continue;
        most[member] = count;
        held[member] = way;
      }
    }
    return held;
  }

  /** By those that came and stayed, or by those that went; what else there is among the ways is with them. */
  #groupsOf(followed: FollowedKind, ways: readonly Way[], went: readonly Way[]): HolderGroup[] {
    const { length: came } = followed.blocks;
    const leastCame = this.#leastCame(followed);
    const leastWent = Math.max(leastInGroup, went.length * leastGroup);
    const isMany = (members: readonly number[]) =>
      members.filter((member) => member < came).length >= leastCame ||
      members.filter((member) => member >= ways.length).length >= leastWent;
    return holderGroups([...ways, ...went], this.#keys(), isMany);
  }

  /** Where most of what comes goes later, what grows is few of them. */
  #leastCame({ growing, blocks }: FollowedKind): number {
    const part = growing.growthCount / (2 * this.#every * Math.max(1, cameOf(growing)));
    return Math.max(leastInGroup, blocks.length * Math.min(leastGroup, part));
  }

  #keys(): HolderKeys {
    return {
      ofRoot: (root) => this.#variables.keyOf(root),
      sizeOf: (block) => this.#heap.blocks.sizes[this.#followed?.table.kindOf(block) ?? 0] ?? 0,
    };
  }
}

function wantedOf(looks: Looks, every: number): Growing[] {
  const more = whatGrows(looks).filter((growing) => isMoreThanChance(growing, every));
  const grown = [...more, ...blocksThatGrow(looks)].sort((a, b) => b.growthBytes - a.growthBytes);
  const totalBytes = grown.reduce((sum, { growthBytes }) => sum + growthBytes, 0);
  return grown.filter(({ growthBytes }) => growthBytes >= totalBytes * leastOfAll).slice(0, mostCandidates);
}

/** Of the sample, what came between the first and the second look and was there at the third. */
function cameOf({ born, survival }: Growing): number {
  return born * (survival ?? 1);
}

/** `stays`: the part of all of its kind that there are at the third look. */
function partOf(growing: Growing, part: number, stays: number): Growing {
  const of = ([first, second, third]: Growing['counts']): Growing['counts'] => {
    const last = Math.max(stays * third, part * (third - first));
    return [last - part * (third - first), last - part * (third - second), last];
  };
  return {
    ...growing,
    counts: of(growing.counts),
    bytes: of(growing.bytes),
    growthBytes: growing.growthBytes * part,
    growthCount: growing.growthCount * part,
  };
}

/**
 * Where blocks seem to be forgotten it may be that what holds them was moved between reading what refers to it and reading it, as an array is
 * that doubles: that does not happen twice to the same.
 */
function followAll(heap: NativeHeap, wanted: readonly Growing[], latest: GlibcLook): Followed | null {
  let lostBefore: ReadonlySet<number> | null = null;
  for (let time = 0; time < mostTimes; time += 1) {
    const following = (time === 0 ? latest.following : null) ?? heap.follow();
    if (following === null) return null;
    const { table } = following;
    const graph = new PointerGraph(heap.memory, following, (kind, address) => isOfKindAt(heap, kind, address));
    const kinds = followKinds(heap, wanted, table, graph).map((each) => withoutMoved(each, table, lostBefore));
    const areMany = kinds.some(({ ways }) => isLost(ways));
    if (!kinds.some(hasLost) || (time > 0 && !areMany) || time === mostTimes - 1) return { table, graph, kinds };
    const lost = kinds.flatMap(({ blocks, ways }) => blocks.filter((_, at) => ways[at]?.root === null));
    if (lostBefore !== null && lost.length === lostBefore.size) return { table, graph, kinds };
    lostBefore = new Set(lost.map((block) => table.addressOf(block)));
    // Not two of them in memory at a time.
    latest.following = null;
  }
  return null;
}

function hasLost({ ways }: FollowedKind): boolean {
  return ways.filter(({ root }) => root === null).length >= Math.max(leastInGroup, ways.length * leastGroup) || isLost(ways);
}

/** What something led to before was moved since. */
function withoutMoved({ growing, blocks, ways }: FollowedKind, table: ChunkTable, lostBefore: ReadonlySet<number> | null): FollowedKind {
  if (lostBefore === null) return { growing, blocks, ways };
  const isKnown = blocks.map((block, at) => ways[at]?.root !== null || lostBefore.has(table.addressOf(block)));
  return { growing, blocks: blocks.filter((_, at) => isKnown[at]), ways: ways.filter((_, at) => isKnown[at]) };
}

function followKinds(heap: NativeHeap, wanted: readonly Growing[], table: ChunkTable, graph: PointerGraph): FollowedKind[] {
  const { blocks: known } = heap;
  const found = wanted.map((growing) => ({ growing, blocks: blocksAt(growing.survivors, growing.kind, table) }));
  const texts = known.words.indexOf(textWord);
  const families = known.words.map((word, kind) => (word === textWord ? texts : kind));
  const ways = () => found.flatMap(({ blocks }) => blocks.map((index) => graph.pathTo(index)));
  const isAnother = (kind: number, address: number) => isAnotherAt(heap, kind, address);
  // Each time others may be nearest.
  for (let time = 0; time < mostTimes && graph.avoidLeftWords(ways(), { families, texts }, isAnother); ) time += 1;
  return found.map(({ growing, blocks }) => ({ growing, blocks, ways: waysTo(blocks, growing.kind, { table, graph, known }) }));
}

/** Of what is chained, from the beginning of the chain. */
function waysTo(
  blocks: readonly number[],
  kind: number,
  { table, graph, known }: { table: ChunkTable; graph: PointerGraph; known: BlockKinds },
): Way[] {
  const ways = blocks.map((index) => graph.pathTo(index));
  const chained = ways.filter((way) => way.blocks.length > 1 && table.kindOf(way.blocks[1] ?? -1) === kind);
  return chained.length * 2 > ways.length ? graph.fromHead(ways, known.alike(kind)) : ways;
}

/** Some of these, of those that are there and of that kind. */
function blocksAt(addresses: readonly number[], kind: number, table: ChunkTable): number[] {
  return spread(addresses, mostFollowed).flatMap((address) => {
    const index = table.indexOf(address);
    return index >= 0 && table.addressOf(index) === address && table.kindOf(index) === kind ? [index] : [];
  });
}

function isOfKindAt(heap: NativeHeap, kind: number, address: number): boolean {
  const now = kindAt(heap, address);
  return now !== null && heap.blocks.areAlike(kind, now);
}

/** Of another size, or a text by now and not before, or the other way round: any other beginning may change while it is the same. */
function isAnotherAt(heap: NativeHeap, kind: number, address: number): boolean {
  const now = kindAt(heap, address);
  const { sizes, words } = heap.blocks;
  return now === null || sizes[now] !== sizes[kind] || (words[now] === textWord) !== (words[kind] === textWord);
}

function kindAt({ memory, blocks, words }: NativeHeap, address: number): number | null {
  const bytes = Buffer.alloc(headerBytes);
  if (address % 16 !== 0 || memory.read(address - 8, bytes) < bytes.length) return null;
  const size = long(bytes, 0) - (long(bytes, 0) % 16);
  return size === 0 || size > 2 ** 40 ? null : blocks.idOf(size, words.kindOf(bytes.readUInt32LE(8), bytes.readUInt32LE(12)));
}

function scoreOf({ growing, moreBytes }: Candidate): number {
  return (growing.growthBytes + moreBytes) * (growing.survival ?? 1);
}

/** Of blocks that come and go by chance, so many more at two times is no chance; and what came has to stay. */
function isMoreThanChance({ growthCount, growthBytes, born, survival }: Growing, every: number): boolean {
  // Beside what turns over faster it may be few that stay: as many as there are more.
  const stayed = born * every * (survival ?? 1);
  if (survival !== null && survival < leastSurvival && stayed < growthCount * leastStayed) return false;
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

/** A block may be one step larger than was asked for, where the rest was too small to be one: the same kind. */
function joined(candidates: readonly Candidate[], { sizes, words }: BlockKinds): Candidate[] {
  const left: Candidate[] = [];
  for (const candidate of [...candidates].sort((a, b) => b.growing.growthBytes - a.growing.growthBytes)) {
    const [size, word] = [sizes[candidate.growing.kind] ?? 0, words[candidate.growing.kind]];
    const main = left.find(
      ({ growing: { kind }, held }) => words[kind] === word && size - (sizes[kind] ?? 0) === 16 && mayBeHeldAlike(held, candidate.held),
    );
    if (main === undefined) left.push(candidate);
    else main.moreBytes += candidate.growing.growthBytes + candidate.moreBytes;
  }
  return left;
}

/** What a person could not tell apart is one: the parts of a tree, or what each of some threads has. */
function alikeJoined(things: readonly GrowingThing[]): GrowingThing[] {
  const left = new Map<string, GrowingThing>();
  for (const thing of things) {
    const key = JSON.stringify([thing.type, thing.owner, thing.path, thing.isOneBlock === true ? thing.counts : null]);
    const same = left.get(key);
    if (same === undefined) {
      left.set(key, thing);
      continue;
    }
    const counts: GrowingThing['counts'] = [
      same.counts[0] + thing.counts[0],
      same.counts[1] + thing.counts[1],
      same.counts[2] + thing.counts[2],
    ];
    left.set(key, { ...same, counts, growthBytes: same.growthBytes + thing.growthBytes });
  }
  return [...left.values()].sort((a, b) => b.growthBytes * (b.survival ?? 1) - a.growthBytes * (a.survival ?? 1));
}
