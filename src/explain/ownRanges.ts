/** Memory that surely is a runtime's own, in the order of addresses: so that malloc's mappings are not looked for there. */
import { firstFrom, larger } from './numberColumns.ts';

/** What lies closer together is one range: malloc's mappings are longer than this. */
const mostGapBytes = 128 << 10;
const mostRanges = 1 << 18;

export class OwnRanges {
  #ends = new Float64Array(1 << 10);
  #starts = new Float64Array(1 << 10);
  #count = 0;

  /** Each behind the one before; what is not is left out. */
  add(start: number, end: number): void {
    const last = this.#ends[this.#count - 1] ?? 0;
    if (start < last || this.#count === mostRanges) return;
    if (start > last + mostGapBytes || this.#count === 0) {
      if (this.#count === this.#ends.length) {
        this.#starts = larger(this.#starts, this.#count * 2);
        this.#ends = larger(this.#ends, this.#count * 2);
      }
      this.#starts[this.#count] = start;
      this.#count += 1;
    }
    this.#ends[this.#count - 1] = end;
  }

  has(address: number): boolean {
    const range = firstFrom(this.#ends.subarray(0, this.#count), address + 1);
    return range < this.#count && (this.#starts[range] ?? 0) <= address;
  }
}
