/** Blocks by address, of so many as are kept: the same addresses at every look. */
import type { LookSample } from '../threeLooks.ts';
import { lowestAddress } from './wordKinds.ts';

const most = 4_000_000;

export class BlockSample {
  readonly #mask: number;
  #addresses = new Float64Array(1 << 14);
  #kinds = new Int32Array(1 << 14);
  #marks = new Uint32Array(1 << 14);
  #count = 0;

  /** One of `every` (a power of two) is kept. */
  constructor(every: number) {
    this.#mask = every - 1;
  }

  wants(address: number): boolean {
    return (this.#mask === 0 || ((Math.imul(address * 0.0625, 0x9e37_79b1) >>> 12) & this.#mask) === 0) && this.#count < most;
  }

  /** In the order of addresses, of those that are wanted. */
  add(address: number, kind: number, mark: number): void {
    if (this.#count === this.#addresses.length) this.#grow();
    this.#addresses[this.#count] = address;
    this.#kinds[this.#count] = kind;
    this.#marks[this.#count] = mark;
    this.#count += 1;
  }

  dropLast(): void {
    this.#count -= 1;
  }

  without(addresses: ReadonlySet<number>): LookSample {
    const left = Float64Array.from(addresses).sort();
    let kept = left.length === 0 ? this.#count : 0;
    for (let index = kept, at = 0; index < this.#count; index += 1) {
      const address = this.#addresses[index] ?? 0;
      while (at < left.length && (left[at] ?? 0) < address) at += 1;
      if (left[at] === address) continue;
      this.#addresses[kept] = address;
      this.#kinds[kept] = this.#kinds[index] ?? 0;
      this.#marks[kept] = this.#marks[index] ?? 0;
      kept += 1;
    }
    return { addresses: this.#addresses.subarray(0, kept), kinds: this.#kinds.subarray(0, kept), marks: this.#marks.subarray(0, kept) };
  }

  #grow(): void {
    const length = Math.min(most, this.#addresses.length * 2);
    const [addresses, kinds, marks] = [new Float64Array(length), new Int32Array(length), new Uint32Array(length)];
    addresses.set(this.#addresses);
    kinds.set(this.#kinds);
    marks.set(this.#marks);
    [this.#addresses, this.#kinds, this.#marks] = [addresses, kinds, marks];
  }
}

/**
 * Of the first words of a block, so that another one in its place is told from it. Pointers don't count: what links a block to others changes
 * while it stays.
 */
export function markOf(words: Uint32Array, at: number, count: number): number {
  let mark = 0x811c_9dc5;
  for (let index = at; index + 1 < at + count; index += 2) {
    const high = words[index + 1] ?? 0;
    const low = words[index] ?? 0;
    if ((high >= 0x5000 && high < 0x8000) || (high === 0 && low >= lowestAddress && low % 8 === 0)) continue;
    mark = Math.imul(mark ^ low, 0x0100_0193);
    mark = Math.imul(mark ^ high, 0x0100_0193);
    mark ^= mark >>> 15;
  }
  return mark >>> 0;
}
