/**
 * References among the words of a heap, as twice the cells that they lead to; 0: nowhere in the heap. Those of each width have loops of their own, in
 * whole numbers of 32 bits: they go over every reference of a heap.
 */
import type { JavaHeapBounds } from './javaHeap.ts';

const unitBytes = 8;

export interface ReferenceWords {
  /** Of an object at `word`, so many at these offsets, from `first` on; they are written from `at` on. */
  fields(words: Uint32Array, word: number, offsets: readonly number[], first: number, count: number, into: Uint32Array, at: number): void;
  /** All from one word to another, or those that lead somewhere; returns where in `into` they end. */
  all(words: Uint32Array, from: number, end: number, withNulls: boolean, into: Uint32Array, at: number): number;
}

export function referenceWords(bounds: JavaHeapBounds): ReferenceWords {
  return bounds.oopShift === null ? new WideReferences(bounds) : new NarrowReferences(bounds, bounds.oopShift);
}

class NarrowReferences implements ReferenceWords {
  /** How many narrow references lead into the heap. */
  readonly #count: number;
  /** The one to where it begins, as a number with a sign; what is counted from there is moved by so many bits up and down. */
  readonly #first: number;
  readonly #up: number;
  readonly #down: number;

  constructor({ start, end, oopBase }: JavaHeapBounds, shift: number) {
    this.#count = (end - start) / 2 ** shift;
    this.#first = Math.floor((start - oopBase) / 2 ** shift) | 0;
    this.#up = Math.max(0, shift - 3);
    this.#down = Math.max(0, 3 - shift);
  }

  fields(words: Uint32Array, word: number, offsets: readonly number[], first: number, count: number, into: Uint32Array, at: number): void {
    for (let index = 0; index < count; index += 1) into[at + index] = this.#cellsOf(words[word + (offsets[first + index] ?? 0)] ?? 0);
  }

  all(words: Uint32Array, from: number, end: number, withNulls: boolean, into: Uint32Array, at: number): number {
    let to = at;
    for (let word = from; word < end; word += 1) {
      const cells = this.#cellsOf(words[word] ?? 0);
      if (cells === 0 && !withNulls) continue;
      into[to] = cells;
      to += 1;
    }
    return to;
  }

  #cellsOf(reference: number): number {
    const before = (reference - this.#first) >>> 0;
    return before < this.#count ? ((((before << this.#up) >>> this.#down) >>> 1) + 1) << 1 : 0;
  }
}

class WideReferences implements ReferenceWords {
  readonly #units: number;
  readonly #start: number;

  constructor({ start, end }: JavaHeapBounds) {
    this.#units = (end - start) / unitBytes;
    this.#start = start;
  }

  fields(words: Uint32Array, word: number, offsets: readonly number[], first: number, count: number, into: Uint32Array, at: number): void {
    for (let index = 0; index < count; index += 1) into[at + index] = this.#cellsAt(words, word + (offsets[first + index] ?? 0));
  }

  all(words: Uint32Array, from: number, end: number, withNulls: boolean, into: Uint32Array, at: number): number {
    let to = at;
    for (let word = from; word + 1 < end; word += 2) {
      const cells = this.#cellsAt(words, word);
      if (cells === 0 && !withNulls) continue;
      into[to] = cells;
      to += 1;
    }
    return to;
  }

  #cellsAt(words: Uint32Array, word: number): number {
    const before = ((words[word] ?? 0) + (words[word + 1] ?? 0) * 2 ** 32 - this.#start) / unitBytes;
    return before >= 0 && before < this.#units && Number.isInteger(before) ? (Math.floor(before / 2) + 1) * 2 : 0;
  }
}
