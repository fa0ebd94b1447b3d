/**
 * Who refers to whom in Go's heap: every word of an object with pointers that leads to an object is taken for one. Go moves nothing, and says which
 * objects have no pointers at all: these are not read. What nothing leads to waits for the collector.
 */
import { readPresent, type TargetMemory } from '../targetMemory.ts';
import type { GoRoots } from './goRoots.ts';
import { type GoSpan, isInUse } from './goSpans.ts';

const pageBytes = 8_192;
const windowBytes = 1 << 18;
const mostObjects = 24_000_000;
const mostPages = 1 << 24;
const mostEdges = 24_000_000;
const mostSteps = 200_000;
const nearSteps = 24;
const farSteps = 8;
const unreached = -1;
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
  /** Number of the first object of each span. */
  readonly #bases: Uint32Array;
  readonly #firstPage: number;
  /** One more than the number of the span of a page. */
  readonly #pages: Int32Array;
  readonly #edgesFrom: Uint32Array;
  #edges = new Uint32Array(1 << 16);
  #edgeCount = 0;
  /** The object that leads to each, -2 and below for a root. */
  readonly #parents: Int32Array;
  readonly #window = new Uint32Array(windowBytes / 4);
  /** Upper halves of addresses in the heap. */
  readonly #leastHigh: number;
  readonly #mostHigh: number;

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
    this.#pages = new Int32Array(endOf(spans) / pageBytes - this.#firstPage);
    this.#bases = new Uint32Array(spans.length + 1);
    this.#edgesFrom = new Uint32Array(objects + 1);
    this.#parents = new Int32Array(objects).fill(unreached);
    for (const [number, { start, bytes, count }] of spans.entries()) {
      this.#bases[number + 1] = (this.#bases[number] ?? 0) + count;
      const page = start / pageBytes - this.#firstPage;
      this.#pages.fill(number + 1, page, page + bytes / pageBytes);
    }
    this.#leastHigh = Math.max(1, Math.floor((this.#firstPage * pageBytes) / high));
    this.#mostHigh = Math.floor(endOf(spans) / high);
    this.#readSpans();
    this.#edgesFrom[objects] = this.#edgeCount;
    this.#reach(roots, goroutines);
  }

  /** Number of the object in use that an address lies in; -1: in none. */
  objectAt(address: number): number {
    const number = (this.#pages[Math.floor(address / pageBytes) - this.#firstPage] ?? 0) - 1;
    const span = this.#spans[number];
    if (span === undefined) return -1;
    const index = Math.floor((address - span.start) / span.elementBytes);
    return isInUse(span, index) ? (this.#bases[number] ?? 0) + index : -1;
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
    let run = 0;
    while (run < this.#spans.length) {
      let next = run + 1;
      while (next < this.#spans.length && this.#isOneRun(next - 1, next)) next += 1;
      if (hasPointers(this.#spans[run])) this.#readRun(run, next);
      else for (let number = run; number < next; number += 1) this.#edgesFrom.fill(this.#edgeCount, this.#bases[number], this.#bases[number + 1]);
      run = next;
    }
  }

  #isOneRun(number: number, next: number): boolean {
    const [one, other] = [this.#spans[number], this.#spans[next]];
    if (hasPointers(one) !== hasPointers(other)) return false;
    return one !== undefined && (one.start + one.bytes === other?.start || !hasPointers(one));
  }

  #readRun(first: number, end: number): void {
    let [filledFrom, filledTo] = [0, 0];
    const last = this.#spans[end - 1];
    const limit = last === undefined ? 0 : last.start + last.bytes;
    const window = this.#window;
    const bytes = new Uint8Array(window.buffer);
    for (let number = first; number < end; number += 1) {
      const span = this.#spans[number];
      if (span === undefined) continue;
      const { start, elementBytes, count } = span;
      const base = this.#bases[number] ?? 0;
      for (let index = 0; index < count; index += 1) {
        this.#edgesFrom[base + index] = this.#edgeCount;
        if (!isInUse(span, index)) continue;
        const objectEnd = start + (index + 1) * elementBytes;
        for (let at = objectEnd - elementBytes; at < objectEnd; ) {
          if (at >= filledTo) {
            [filledFrom, filledTo] = [at, Math.min(at + windowBytes, limit)];
            readPresent(this.#memory, at, bytes.subarray(0, filledTo - at));
          }
          const to = Math.min(filledTo, objectEnd);
          this.#readWords(window, (at - filledFrom) / 4, (to - filledFrom) / 4, base + index);
          at = to;
        }
      }
    }
  }

  #readWords(words: Uint32Array, first: number, end: number, object: number): void {
    const [least, most] = [this.#leastHigh, this.#mostHigh];
    for (let word = first; word + 1 < end; word += 2) {
      const top = words[word + 1] ?? 0;
      if (top < least || top > most) continue;
      const to = this.objectAt(top * high + (words[word] ?? 0));
      if (to >= 0 && to !== object) this.#addEdge(to);
    }
  }

  #addEdge(to: number): void {
    if (this.#edgeCount === mostEdges) return;
    if (this.#edgeCount === this.#edges.length) {
      const larger = new Uint32Array(Math.min(mostEdges, this.#edges.length * 2));
      larger.set(this.#edges);
      this.#edges = larger;
    }
    this.#edges[this.#edgeCount] = to;
    this.#edgeCount += 1;
  }

  /**
   * One group of roots after the other: what a variable leads to is named by it, and not by the stack that does so too. By the record of a goroutine
   * all is known to the runtime: it is only gone through with the last group.
   */
  #reach({ groups, values }: GoRoots, goroutines: readonly number[]): void {
    const isLate = new Set(goroutines.map((address) => this.objectAt(address)));
    const [parents, edges, edgesFrom] = [this.#parents, this.#edges, this.#edgesFrom];
    const queue = new Uint32Array(parents.length);
    let [next, queued] = [0, 0];
    const late: number[] = [];
    for (const [group, { from, to: end }] of groups.entries()) {
      const isLast = group === groups.length - 1;
      if (isLast) for (const object of late) queue[queued++] = object;
      for (let root = from; root < end; root += 1) {
        const to = this.objectAt(values[root] ?? 0);
        if (to < 0 || parents[to] !== unreached) continue;
        parents[to] = -2 - root;
        if (!isLast && isLate.has(to)) late.push(to);
        else queue[queued++] = to;
      }
      for (; next < queued; next += 1) {
        const from = queue[next] ?? 0;
        const last = edgesFrom[from + 1] ?? 0;
        for (let edge = edgesFrom[from] ?? 0; edge < last; edge += 1) {
          const to = edges[edge] ?? 0;
          if (parents[to] !== unreached) continue;
          parents[to] = from;
          if (!isLast && isLate.has(to)) late.push(to);
          else queue[queued++] = to;
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
