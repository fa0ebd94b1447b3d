/** Where references to a cell are among all of a look: by the cells in order, some to a bucket. For as many as there is room for beside them. */

/** On average, of those to a bucket. */
const referencesOfBucket = 8;
const mostReferences = 16_000_000;

export class TargetIndex {
  readonly #references: Uint32Array;
  readonly #shift: number;
  /** By bucket where its positions begin; one more for the end. */
  readonly #starts: Uint32Array;
  readonly #positions: Uint32Array;

  /** The first so many references: cells, twice. Null: there are too many. */
  static of(references: Uint32Array, count: number, cells: number): TargetIndex | null {
    return count > mostReferences ? null : new TargetIndex(references, count, cells);
  }

  private constructor(references: Uint32Array, count: number, cells: number) {
    this.#references = references;
    const wanted = Math.max(1, count / referencesOfBucket);
    this.#shift = 1 + Math.max(0, Math.floor(Math.log2(Math.max(1, cells / wanted))));
    const starts = new Uint32Array((cells >>> (this.#shift - 1)) + 2);
    for (let at = 0; at < count; at += 1) {
      const bucket = (references[at] ?? 0) >>> this.#shift;
      starts[bucket] = (starts[bucket] ?? 0) + 1;
    }
    // Each begins where those before it end; filled from its end, it is where it begins in the end, in order.
    for (let bucket = 1; bucket < starts.length; bucket += 1) starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
    const positions = new Uint32Array(count);
    for (let at = count - 1; at >= 0; at -= 1) {
      const bucket = (references[at] ?? 0) >>> this.#shift;
      const place = (starts[bucket] ?? 0) - 1;
      starts[bucket] = place;
      positions[place] = at;
    }
    this.#starts = starts;
    this.#positions = positions;
  }

  /** Calls `use`, until that says false, with the index of each reference to the cell, in order. */
  to(cell: number, use: (at: number) => boolean): void {
    const bucket = (cell * 2) >>> this.#shift;
    const end = this.#starts[bucket + 1] ?? 0;
    for (let place = this.#starts[bucket] ?? 0; place < end; place += 1) {
      const at = this.#positions[place] ?? 0;
      if ((this.#references[at] ?? 0) >>> 1 === cell && !use(at)) return;
    }
  }
}
