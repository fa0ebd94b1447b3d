/**
 * Who refers to whom in Go's heap: every word of an object with pointers that leads to an object is taken for one. Go moves nothing, and says which
 * objects have no pointers at all: these are not read. What nothing leads to waits for the collector.
 */
import { larger } from '../numberColumns.ts';
import { readPresent, type TargetMemory } from '../targetMemory.ts';
import type { GoRoots } from './goRoots.ts';
import { type GoSpan, isInUse } from './goSpans.ts';

const pageBytes = 8_192;
const pageBits = 13;
const windowBytes = 1 << 18;
const mostObjects = 24_000_000;
const mostPages = 1 << 24;
const mostEdges = 24_000_000;
const mostSteps = 200_000;
const nearSteps = 24;
const farSteps = 8;
const unreached = -1;
/** Of a place that is not in use, and of what is not gone through yet. */
const unused = 0x7fff_ffff;
const lateGroup = 2;
const high = 2 ** 32;

/** From an object up to what refers to its chain from outside of the heap; of a long one without its middle. */
export interface GoWay {
  objects: number[];
  /** Number of the root; null: none leads there. */
  root: number | null;
}

export class GoGraph {
  readonly #memory: TargetMemory;
  readonly #spans: readonly GoSpan[];
  readonly #firstPage: number;
  /** One more than the number of the span of a page. */
  readonly #pages: Int32Array;
  /** By span: number of its first object, the lower half of its address, bytes of each object, and how many there are. */
  readonly #bases: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #elements: Uint32Array;
  readonly #counts: Uint32Array;
  /** Where the edges of each object begin. */
  readonly #edgesFrom: Uint32Array;
  #edges = new Uint32Array(1 << 16);
  #edgeCount = 0;
  /** The object that leads to each, -2 and below for a root. */
  readonly #parents: Int32Array;
  /** Upper halves of addresses in the heap. */
  readonly #leastHigh: number;
  readonly #mostHigh: number;
  readonly #window = new Uint32Array(windowBytes / 4);
  readonly #windowBytes = new Uint8Array(this.#window.buffer);

  /** Null of a heap that is larger than can be gone through. */
  static of(memory: TargetMemory, spans: readonly GoSpan[], roots: GoRoots, goroutines: readonly number[]): GoGraph | null {
    const objects = spans.reduce((sum, { count }) => sum + count, 0);
    const pages = (endOf(spans) - (spans[0]?.start ?? 0)) / pageBytes;
    return objects === 0 || objects > mostObjects || pages > mostPages ? null : new GoGraph(memory, spans, { roots, goroutines }, objects);
  }

  private constructor(
    memory: TargetMemory,
    spans: readonly GoSpan[],
    { roots, goroutines }: { roots: GoRoots; goroutines: readonly number[] },
    objects: number,
  ) {
    this.#memory = memory;
    this.#spans = spans;
    this.#firstPage = (spans[0]?.start ?? 0) / pageBytes;
    this.#leastHigh = Math.max(1, Math.floor((spans[0]?.start ?? 0) / high));
    this.#mostHigh = Math.floor(endOf(spans) / high);
    this.#pages = new Int32Array(endOf(spans) / pageBytes - this.#firstPage);
    this.#bases = new Uint32Array(spans.length + 1);
    this.#starts = Uint32Array.from(spans, ({ start }) => start % high);
    this.#elements = Uint32Array.from(spans, ({ elementBytes }) => Math.min(elementBytes, high - 1));
    this.#counts = Uint32Array.from(spans, ({ count }) => count);
    this.#edgesFrom = new Uint32Array(objects + 1);
    this.#parents = new Int32Array(objects).fill(unused);
    for (const [number, span] of spans.entries()) this.#place(number, span);
    this.#readSpans();
    this.#edgesFrom[objects] = this.#edgeCount;
    this.#reach(roots, goroutines);
  }

  /** Number of the object in use that an address lies in; -1: in none. */
  objectAt(address: number): number {
    const object = this.#objectAt(address % high, Math.floor(address / high));
    return object < 0 || this.#parents[object] === unused ? -1 : object;
  }

  spanOf(object: number): GoSpan | undefined {
    return this.#spans[this.#spanNumber(object)];
  }

  addressOf(object: number): number {
    const number = this.#spanNumber(object);
    const span = this.#spans[number];
    return span === undefined ? 0 : span.start + (object - (this.#bases[number] ?? 0)) * span.elementBytes;
  }

  wayTo(object: number): GoWay {
    const near: number[] = [];
    const far: number[] = [];
    let at = object;
    for (let step = 0; step < mostSteps; step += 1) {
      if (near.length < nearSteps) near.push(at);
      else {
        far.push(at);
        if (far.length > farSteps) far.shift();
      }
      const parent = this.#parents[at] ?? unreached;
      if (parent === unreached) return { objects: near, root: null };
      if (parent < unreached) return { objects: [...near, ...far], root: -2 - parent };
      at = parent;
    }
    return { objects: near, root: null };
  }

  #place(number: number, span: GoSpan): void {
    const base = this.#bases[number] ?? 0;
    this.#bases[number + 1] = base + span.count;
    const page = span.start / pageBytes - this.#firstPage;
    this.#pages.fill(number + 1, page, page + span.bytes / pageBytes);
    for (let index = 0; index < span.count; index += 1) if (isInUse(span, index)) this.#parents[base + index] = unreached;
  }

  /** In use or not. By the halves of the address. */
  #objectAt(low: number, top: number): number {
    const number = (this.#pages[top * 2 ** (32 - pageBits) + (low >>> pageBits) - this.#firstPage] ?? 0) - 1;
    if (number < 0) return -1;
    const index = (((low - (this.#starts[number] ?? 0)) >>> 0) / (this.#elements[number] ?? 1)) | 0;
    return index < (this.#counts[number] ?? 0) ? (this.#bases[number] ?? 0) + index : -1;
  }

  #spanNumber(object: number): number {
    let [low, last] = [0, this.#spans.length - 1];
    while (low < last) {
      const middle = (low + last + 1) >>> 1;
      if ((this.#bases[middle] ?? 0) <= object) low = middle;
      else last = middle - 1;
    }
    return low;
  }

  /** Spans with pointers that lie one behind the other are read as one. */
  #readSpans(): void {
    for (let run = 0, next = 0; run < this.#spans.length; run = next) {
      next = run + 1;
      while (next < this.#spans.length && this.#isOneRun(next - 1, next)) next += 1;
      if (hasPointers(this.#spans[run])) this.#readRun(run, next);
      else this.#edgesFrom.fill(this.#edgeCount, this.#bases[run], this.#bases[next]);
    }
  }

  #isOneRun(number: number, next: number): boolean {
    const [one, other] = [this.#spans[number], this.#spans[next]];
    if (hasPointers(one) !== hasPointers(other)) return false;
    return one !== undefined && (one.start + one.bytes === other?.start || !hasPointers(one));
  }

  #readRun(first: number, end: number): void {
    let [filledFrom, filledTo] = [0, 0];
    const limit = endOf(this.#spans.slice(end - 1, end));
    for (let number = first; number < end; number += 1) {
      const span = this.#spans[number];
      if (span === undefined) continue;
      const base = this.#bases[number] ?? 0;
      const last = span.start + span.count * span.elementBytes;
      // As many whole objects as there are in the window, or a part of a large one.
      for (let at = span.start; at < last; ) {
        const isSplit = span.elementBytes > windowBytes;
        if (at >= filledTo || (!isSplit && at + span.elementBytes > filledTo)) {
          [filledFrom, filledTo] = [at, Math.min(at + windowBytes, limit)];
          readPresent(this.#memory, at, this.#windowBytes.subarray(0, filledTo - at));
        }
        const index = Math.floor((at - span.start) / span.elementBytes);
        const whole = Math.floor((Math.min(filledTo, last) - at) / span.elementBytes);
        const to = isSplit ? Math.min(filledTo, last) : at + whole * span.elementBytes;
        if (isSplit) this.#readPart(base + index, at === span.start, (at - filledFrom) / 4, (to - filledFrom) / 4);
        else this.#readObjects(base + index, whole, (at - filledFrom) / 4, span.elementBytes / 4);
        at = to;
      }
    }
  }

  #readObjects(object: number, count: number, first: number, halves: number): void {
    for (let index = 0, from = first; index < count; index += 1, from += halves) {
      this.#readPart(object + index, true, from, from + halves);
    }
  }

  #readPart(object: number, isBegin: boolean, first: number, end: number): void {
    if (isBegin) this.#edgesFrom[object] = this.#edgeCount;
    if (this.#parents[object] === unused) return;
    const words = this.#window;
    const [least, most] = [this.#leastHigh, this.#mostHigh];
    for (let word = first; word + 1 < end; word += 2) {
      const top = words[word + 1] ?? 0;
      if (top < least || top > most) continue;
      const to = this.#objectAt(words[word] ?? 0, top);
      if (to >= 0 && to !== object) this.#addEdge(to);
    }
  }

  #addEdge(to: number): void {
    if (this.#edgeCount === mostEdges) return;
    if (this.#edgeCount === this.#edges.length) this.#edges = larger(this.#edges, Math.min(mostEdges, this.#edges.length * 2));
    this.#edges[this.#edgeCount] = to;
    this.#edgeCount += 1;
  }

  /**
   * One group of roots after the other: what a variable leads to is named by it, and not by the stack that does so too. By the record of a goroutine
   * all is known to the runtime: it is only gone through with the runtime's own variables.
   */
  #reach({ groups, values }: GoRoots, goroutines: readonly number[]): void {
    const [parents, edges, edgesFrom] = [this.#parents, this.#edges, this.#edgesFrom];
    const queue = new Uint32Array(parents.length);
    let [next, queued] = [0, 0];
    const late = goroutines.map((address) => this.objectAt(address)).filter((object) => object >= 0);
    for (const object of late) parents[object] = unused;
    for (const [group, { from, to: end }] of groups.entries()) {
      if (group === lateGroup) for (const object of late) parents[object] = unreached;
      for (let root = from; root < end; root += 1) {
        const to = this.objectAt(values[root] ?? 0);
        if (to < 0 || parents[to] !== unreached) continue;
        parents[to] = -2 - root;
        queue[queued++] = to;
      }
      for (; next < queued; next += 1) {
        const from = queue[next] ?? 0;
        const last = edgesFrom[from + 1] ?? 0;
        for (let edge = edgesFrom[from] ?? 0; edge < last; edge += 1) {
          const to = edges[edge] ?? 0;
          if (parents[to] !== unreached) continue;
          parents[to] = from;
          queue[queued++] = to;
        }
      }
    }
  }
}

function hasPointers(span: GoSpan | undefined): boolean {
  return span !== undefined && span.spanClass % 2 === 0;
}

function endOf(spans: readonly GoSpan[]): number {
  const last = spans.at(-1);
  return last === undefined ? 0 : last.start + last.bytes;
}
