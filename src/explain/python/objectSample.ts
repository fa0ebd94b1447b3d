/** One in so many objects of all looks at a process, by the part of memory they are in. */
import { larger } from '../numberColumns.ts';
import type { LookSample } from '../threeLooks.ts';
import type { Rows } from './containerTable.ts';

/** Of so many objects one is looked for again. */
const sampleEvery = 4;
/** Of all looks together. */
const most = 12_000_000;
/** A part is no longer, and an object begins at a multiple of its unit. */
const partBytes = 1 << 16;
const addressUnit = 16;
const placesInPart = partBytes / addressUnit;
const mostKinds = 2 ** 32 / placesInPart;

interface HasSampled {
  address: number;
  sampled: Rows;
}

export class ObjectSample {
  /** Place in the part, and kind. */
  #rows = new Uint32Array(1 << 14);
  #marks = new Uint32Array(1 << 14);
  count = 0;

  /** The same addresses at every look. */
  wants(address: number): boolean {
    return ((Math.imul(address / addressUnit, 0x9e37_79b1) >>> 12) & (sampleEvery - 1)) === 0;
  }

  /** `mark`: of what tells it from the next one of its kind in its place. */
  add(offset: number, kind: number, mark: number): void {
    if (this.count === most || kind >= mostKinds) return;
    if (this.count === this.#rows.length) {
      this.#rows = larger(this.#rows, Math.min(most, this.count * 2));
      this.#marks = larger(this.#marks, this.#rows.length);
    }
    this.#rows[this.count] = kind * placesInPart + offset / addressUnit;
    this.#marks[this.count] = mark;
    this.count += 1;
  }

  /** What is in these parts of memory. */
  in(parts: readonly HasSampled[]): LookSample {
    const count = parts.reduce((sum, { sampled }) => sum + sampled.to - sampled.from, 0);
    const sample = { addresses: new Float64Array(count), kinds: new Int32Array(count), marks: new Uint32Array(count) };
    let at = 0;
    for (const { address, sampled } of parts) {
      for (let row = sampled.from; row < sampled.to; row += 1, at += 1) {
        const packed = this.#rows[row] ?? 0;
        sample.addresses[at] = address + (packed % placesInPart) * addressUnit;
        sample.kinds[at] = Math.floor(packed / placesInPart);
        sample.marks[at] = this.#marks[row] ?? 0;
      }
    }
    return sample;
  }
}
