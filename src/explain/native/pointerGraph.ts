/**
 * Who refers to whom: every word that may be a pointer to a block is taken for one, as a conservative collector does. What no variable, stack
 * or register leads to is lost. Registers are not seen, so that a few blocks may be called lost that are not.
 */
import { larger } from '../numberColumns.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { TargetWindow } from '../targetWindow.ts';
import { type ChunkTable, freeKind, indexIn } from './chunkTable.ts';
import { type EarlyWord, withoutStale } from './earlyWords.ts';
import type { Following } from './glibcLook.ts';
import { holdersOf, type RareEdges, rareEdges } from './rareEdges.ts';
import type { RootWords } from './rootWords.ts';

const mostEdges = 32_000_000;
const unreached = -1;
const headerBytes = 16;
const mostSteps = 10_000_000;
const mostOtherWays = 4;
const nearSteps = 24;
const farSteps = 8;
/** Ways through one chain share the most of it: what leads to each so manieth block is known from the way before. */
const landmarks = 1024;

/** From a block up to a root. */
export interface Way {
  blocks: number[];
  /** Blocks on it, with those left out. */
  length: number;
  root: number | null;
}

interface Landmark {
  far: readonly number[];
  length: number;
  root: number;
}

export class PointerGraph {
  readonly #table: ChunkTable;
  readonly #memory: TargetMemory;
  readonly #firstEdge: Uint32Array;
  #edges = new Uint32Array(1 << 16);
  #edgeCount = 0;
  readonly #roots: RootWords;
  readonly #early: readonly EarlyWord[];
  /** Are other blocks by now. */
  readonly #recycled = new Set<number>();
  /** What these lead to, and nothing nearer does. */
  readonly #heldEarly = new Set<number>();
  /** The block that leads to each, -2 and below for a root, -1 for those that nothing leads to. */
  readonly #parents: Int32Array;
  readonly #queue: Uint32Array;
  /** For each block that nothing leads to one more than the number of another such that refers to it; 0 for none. */
  #lostHolders: Uint32Array | null = null;
  #lastPart = 0;
  readonly #fromLandmarks = new Map<number, Landmark>();
  /** Upper halves of addresses in the heap. */
  readonly #leastHigh: number;
  readonly #mostHigh: number;
  /** Of a program that is always loaded at the same place the heap lies below 4 GiB, where numbers look like addresses. */
  readonly #leastLow: number;
  /** More pointers than are kept: what can't be reached says nothing then. */
  isPartial = false;

  /** `isOfKindAt`: whether the block whose content begins there now is of a kind. */
  constructor(memory: TargetMemory, { table, roots, early }: Following, isOfKindAt: (kind: number, address: number) => boolean) {
    this.#memory = memory;
    this.#table = table;
    this.#roots = roots;
    const least = table.parts[0]?.start ?? 0;
    this.#leastHigh = Math.floor(least / 2 ** 32);
    this.#leastLow = Math.min(least, 2 ** 32);
    this.#mostHigh = Math.floor(table.parts.reduce((most, { end }) => Math.max(most, end), 0) / 2 ** 32);
    this.isPartial = roots.isPartial;
    this.#firstEdge = new Uint32Array(table.count + 1);
    this.#parents = new Int32Array(table.count).fill(unreached);
    this.#queue = new Uint32Array(table.count);
    for (const part of table.parts) this.#readPart(part);
    this.#firstEdge[table.count] = this.#edgeCount;
    const isAlike = (before: number, now: number) => isOfKindAt(table.kindOf(table.indexOf(before)), now);
    roots.dropStale(memory, isAlike);
    this.#early = withoutStale(memory, early, isAlike);
    this.#reach(null);
  }

  /**
   * Whether ways are others now. What is another block than it was when the blocks were counted leads to what its next owner has. And of blocks of one
   * kind hardly any refers to blocks of another by chance: a word that somebody else has left at their end leads to the middle of a chain, and
   * is nearer than its beginning. Such count only where nothing else leads. `isAnother`: whether there is no longer the block of that kind whose content
   * begins there.
   */
  avoidLeftWords(
    ways: readonly Way[],
    { families, texts }: { families: readonly number[]; texts: number },
    isAnother: (kind: number, address: number) => boolean,
  ): boolean {
    // Where the middle of a way is left out, two that stand side by side need not refer to each other.
    const pieces = ways.flatMap(({ blocks, length }) =>
      length === blocks.length ? [blocks] : [blocks.slice(0, nearSteps), blocks.slice(nearSteps)],
    );
    const before = this.#recycled.size;
    for (const block of holdersOf(pieces, this.#table)) {
      if (isAnother(this.#table.kindOf(block), this.#table.addressOf(block) + headerBytes)) this.#recycled.add(block);
    }
    const rare = rareEdges(pieces, this.#table, { firstEdge: this.#firstEdge, edges: this.#edges }, families, texts);
    if (rare.size === 0 && this.#recycled.size === before) return false;
    this.#parents.fill(unreached);
    this.#fromLandmarks.clear();
    this.#heldEarly.clear();
    this.#reach(rare);
    return this.#recycled.size > before;
  }

  #reach(rare: RareEdges | null): void {
    // Variables have names and stacks have not, so that they are asked first.
    let queued = 0;
    const { ends } = this.#roots;
    for (const [group, end] of ends.entries()) queued = this.#reachFrom(ends[group - 1] ?? 0, end, queued, rare);
    if (rare !== null) this.#follow(0, queued, null);
  }

  isReached(index: number): boolean {
    return this.#parents[index] !== unreached;
  }

  /** From the block up to what is held by a root, without the middle of a long way; and that root's address, null when none leads there. */
  pathTo(index: number): Way {
    if (!this.isReached(index)) return this.#pathAmongLost(index);
    const near: number[] = [];
    const far: number[] = [];
    const passed: { block: number; before: number }[] = [];
    let length = 0;
    let end: Landmark | null = null;
    for (let at = index; end === null && length < mostSteps; length += 1) {
      if (near.length < nearSteps) near.push(at);
      else {
        const known = at % landmarks === 0 ? this.#fromLandmarks.get(at) : undefined;
        if (known !== undefined) {
          end = { ...known, length: length + known.length };
          break;
        }
        if (at % landmarks === 0) passed.push({ block: at, before: length });
        far.push(at);
        if (far.length > farSteps) far.shift();
      }
      const parent = this.#parents[at] ?? unreached;
      if (parent < 0) end = { far, length: length + 1, root: this.#roots.from(-2 - parent) };
      at = parent;
    }
    if (end === null) return { blocks: near, length, root: 0 };
    for (const { block, before } of passed) {
      // Nearer to the end than what is kept of it a way would begin with other blocks.
      if (end.length - before > farSteps) this.#fromLandmarks.set(block, { ...end, length: end.length - before });
    }
    return { blocks: [...near, ...end.far], length: end.length, root: end.root };
  }

  /** By what else each of these is held, that is not of its kind: what has left a place of a table is still in there until another one comes. */
  otherWays(blocks: readonly number[]): Way[][] {
    const places = new Map(blocks.map((block, place) => [block, place]));
    const isAsked = new Uint8Array(this.#table.count);
    for (const block of blocks) isAsked[block] = 1;
    const ways = blocks.map((): Way[] => []);
    for (let from = 0; from < this.#table.count; from += 1) {
      for (let edge = this.#firstEdge[from] ?? 0; edge < (this.#firstEdge[from + 1] ?? 0); edge += 1) {
        const to = this.#edges[edge] ?? 0;
        if (isAsked[to] !== 1 || this.#parents[to] === from || !this.isReached(from)) continue;
        const of = ways[places.get(to) ?? -1];
        if (of === undefined || of.length === mostOtherWays || this.#table.kindOf(from) === this.#table.kindOf(to)) continue;
        const { blocks: above, length, root } = this.pathTo(from);
        of.push({ blocks: [to, ...above], length: length + 1, root });
      }
    }
    return ways;
  }

  /** What is forgotten, or is in a ring, may be held by what is so too: as far as it is the first time that it is come to. */
  #pathAmongLost(index: number): Way {
    this.#lostHolders ??= this.#holdersAmongLost();
    const blocks = [index];
    for (let holder = this.#lostHolders[index] ?? 0; holder > 0 && blocks.length < nearSteps; ) {
      if (blocks.includes(holder - 1)) break;
      blocks.push(holder - 1);
      holder = this.#lostHolders[holder - 1] ?? 0;
    }
    return { blocks, length: blocks.length, root: null };
  }

  #holdersAmongLost(): Uint32Array {
    const holders = new Uint32Array(this.#table.count);
    for (let from = 0; from < this.#table.count; from += 1) {
      if (this.isReached(from)) continue;
      for (let edge = this.#firstEdge[from] ?? 0; edge < (this.#firstEdge[from + 1] ?? 0); edge += 1) {
        const to = this.#edges[edge] ?? 0;
        if (!this.isReached(to)) holders[to] = from + 1;
      }
    }
    return holders;
  }

  /**
   * Ways along a chain of blocks of one kind, such as a list, led to its beginning. A stale word anywhere leads into the middle of a chain, and is
   * nearer than what holds it all: where another block of the kind refers to the first one of a way, what leads to that one is meant.
   */
  fromHead(ways: readonly Way[], kinds: ReadonlySet<number>): Way[] {
    const before = this.#beforeOfKind(kinds);
    const heads = new Map<number, number>();
    let stepsLeft = mostSteps;
    return ways.map((way) => {
      const entry = way.blocks.findLast((block) => kinds.has(this.#table.kindOf(block)));
      if (entry === undefined || way.root === null) return way;
      let head = heads.get(entry) ?? entry;
      if (!heads.has(entry)) {
        for (let next = before[head] ?? 0; next > 0 && stepsLeft > 0; next = before[head] ?? 0, stepsLeft -= 1) {
          // Blocks that refer to each other both ways have no first one. What came since lies before what the variable referred to.
          if (!this.isReached(next - 1) || next - 1 === entry || this.#isOfVariable(head)) break;
          head = next - 1;
        }
        heads.set(entry, head);
      }
      if (head === entry) return way;
      const { blocks, length, root } = this.pathTo(head);
      return root === null ? way : { blocks: [...way.blocks.slice(0, nearSteps), ...blocks], length: way.length + length, root };
    });
  }

  /** A variable of the program refers to it, or what is near to one did before the heap was read. */
  #isOfVariable(index: number): boolean {
    if (this.#heldEarly.has(index)) return true;
    const parent = this.#parents[index] ?? unreached;
    return parent < unreached && -2 - parent < (this.#roots.ends[0] ?? 0);
  }

  /** For each block of the kinds one more than the number of another that refers to it; 0 for none. */
  #beforeOfKind(kinds: ReadonlySet<number>): Uint32Array {
    const before = new Uint32Array(this.#table.count);
    for (let from = 0; from < this.#table.count; from += 1) {
      if (!kinds.has(this.#table.kindOf(from))) continue;
      for (let edge = this.#firstEdge[from] ?? 0; edge < (this.#firstEdge[from + 1] ?? 0); edge += 1) {
        const to = this.#edges[edge] ?? 0;
        if (kinds.has(this.#table.kindOf(to))) before[to] = from + 1;
      }
    }
    return before;
  }

  /** Of blocks that nothing leads to: whether they are held by a ring of such blocks, and not simply forgotten. */
  ringsAmongLost(): { isInRing(index: number): boolean } {
    const heldByLost = new Uint8Array(this.#table.count);
    const forEachEdge = (visit: (from: number, to: number) => void) => {
      for (let from = 0; from < this.#table.count; from += 1) {
        if (this.isReached(from)) continue;
        for (let edge = this.#firstEdge[from] ?? 0; edge < (this.#firstEdge[from + 1] ?? 0); edge += 1) visit(from, this.#edges[edge] ?? 0);
      }
    };
    forEachEdge((_from, to) => {
      heldByLost[to] = 1;
    });
    const underForgotten = new Uint8Array(this.#table.count);
    const open: number[] = [];
    for (let index = 0; index < this.#table.count; index += 1) {
      if (!this.isReached(index) && heldByLost[index] === 0 && this.#table.kindOf(index) !== freeKind) open.push(index);
    }
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (underForgotten[at] === 1) continue;
      underForgotten[at] = 1;
      for (let edge = this.#firstEdge[at] ?? 0; edge < (this.#firstEdge[at + 1] ?? 0); edge += 1) {
        const to = this.#edges[edge] ?? 0;
        if (underForgotten[to] === 0 && !this.isReached(to)) open.push(to);
      }
    }
    return { isInRing: (index) => !this.isReached(index) && underForgotten[index] === 0 };
  }

  #readPart(part: ChunkTable['parts'][number]): void {
    const window = new TargetWindow(this.#memory, part.end);
    const isMapped = part.kind === 'mapped';
    let current = isMapped ? part.base : part.base - 1;
    if (isMapped) this.#firstEdge[current] = this.#edgeCount;
    let isLive = isMapped;
    const [least, most] = [this.#leastHigh, this.#mostHigh];
    const { bits, start, end } = part;
    for (let at = start; at + 16 <= end; ) {
      if (!window.holds(at, 16)) break;
      const words = window.words;
      const first = window.at(at);
      const count = Math.floor((Math.min(window.end, end) - at) / 16);
      const firstBit = (at - start) / 16;
      for (let step = 0, word = first; step < count; step += 1, word += 4) {
        const bit = firstBit + step;
        // The first word of a block's header belongs to the content of the one before, where that is in use.
        const high = words[word + 1] ?? 0;
        if (isLive && high >= least && high <= most) this.#mayPoint(current, words[word] ?? 0, high);
        if (!isMapped && (((bits[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) !== 0) {
          current += 1;
          this.#firstEdge[current] = this.#edgeCount;
          isLive = this.#table.kindOf(current) !== freeKind;
        } else if (isLive) {
          const second = words[word + 3] ?? 0;
          if (second >= least && second <= most) this.#mayPoint(current, words[word + 2] ?? 0, second);
        }
      }
      at += count * 16;
    }
    // A part that could not be read to its end: the rest points to nothing.
    for (let rest = current + 1; rest < part.base + part.count; rest += 1) this.#firstEdge[rest] = this.#edgeCount;
  }

  #mayPoint(from: number, low: number, high: number): void {
    const to = this.#target(low, high);
    if (to < 0 || to === from) return;
    if (this.#edgeCount === mostEdges) {
      this.isPartial = true;
      return;
    }
    if (this.#edgeCount === this.#edges.length) this.#edges = larger(this.#edges, Math.min(mostEdges, this.#edges.length * 2));
    this.#edges[this.#edgeCount] = to;
    this.#edgeCount += 1;
  }

  #target(low: number, high: number): number {
    if (high >= 0x8000 || (high === 0 && (low < this.#leastLow || low % 8 !== 0))) return -1;
    const address = high * 2 ** 32 + low;
    let part = this.#table.parts[this.#lastPart];
    if (part === undefined || address < part.start || address >= part.end) {
      const found = this.#table.partOf(address);
      if (found < 0) return -1;
      this.#lastPart = found;
      part = this.#table.parts[found];
    }
    const index = part === undefined ? -1 : indexIn(part, address);
    return index >= 0 && this.#table.kindOf(index) !== freeKind ? index : -1;
  }

  #reachFrom(first: number, end: number, queuedBefore: number, rare: RareEdges | null): number {
    let queued = queuedBefore;
    // Of a stack what is at its end first: what the thread keeps for itself, then what lasts longest; what is in use no longer lies before.
    for (let root = end - 1; root >= first; root -= 1) {
      const value = this.#roots.value(root);
      const to = this.#target(value % 2 ** 32, Math.floor(value / 2 ** 32));
      if (to < 0 || this.#parents[to] !== unreached) continue;
      this.#parents[to] = -2 - root;
      this.#queue[queued++] = to;
    }
    for (const { from, value } of this.#early) {
      const holder = this.#table.indexOf(from);
      const to = this.#target(value % 2 ** 32, Math.floor(value / 2 ** 32));
      if (holder < 0 || to < 0 || this.#parents[holder] === unreached || this.#parents[to] !== unreached) continue;
      this.#parents[to] = holder;
      this.#heldEarly.add(to);
      this.#queue[queued++] = to;
    }
    return this.#follow(queuedBefore, queued, rare);
  }

  #follow(first: number, queuedBefore: number, rare: RareEdges | null): number {
    let queued = queuedBefore;
    const [queue, firstEdge, edges, parents] = [this.#queue, this.#firstEdge, this.#edges, this.#parents];
    for (let next = first; next < queued; next += 1) {
      const from = queue[next] ?? 0;
      const last = firstEdge[from + 1] ?? 0;
      if (this.#recycled.size > 0 && this.#recycled.has(from)) continue;
      const left = rare?.get(this.#table.kindOf(from));
      for (let edge = firstEdge[from] ?? 0; edge < last; edge += 1) {
        const to = edges[edge] ?? 0;
        if (parents[to] !== unreached || left?.has(this.#table.kindOf(to)) === true) continue;
        parents[to] = from;
        queue[queued++] = to;
      }
    }
    return queued;
  }
}
