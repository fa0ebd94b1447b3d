import { type Bucket, lastAt, maxAt, meanAt, minAt, statCount } from './bucketCodec.ts';
import { columnCount, type RowRuns, shared, sharedColumn } from './rowCodec.ts';
import type { TickBuckets } from './ticks.ts';

/** Of each column of an open bucket: smallest, largest, sum, number of values, last. */
const fieldCount = 5;
const minField = 0;
const maxField = 1;
const sumField = 2;
const countField = 3;
const lastField = 4;
const bucketFields = columnCount * fieldCount;

/**
 * Gathers the rows of one subject into buckets. The smallest value of each bucket is kept exactly: the floor.
 * Used again for subject after subject: thousands of small arrays would be the largest thing in the daemon.
 */
export class BucketStats {
  #fields = new Float64Array(16 * bucketFields);
  /** Rows in each bucket, and those whose shared column was shared. */
  readonly #rows: number[] = [];
  readonly #sharedRows: number[] = [];
  /** Bucket number to its place in the arrays. */
  readonly #places = new Map<number, number>();
  #inOrder: number[] | null = null;
  readonly #bucket: Bucket = { index: 0, sampleCount: 0, values: new Float64Array(columnCount * statCount) };

  clear(): void {
    this.#places.clear();
    this.#rows.length = 0;
    this.#sharedRows.length = 0;
    this.#inOrder = null;
  }

  /** Numbers of the first and the last bucket; null when there is none. */
  get range(): { first: number; last: number } | null {
    const [first, last] = [this.#order()[0], this.#order().at(-1)];
    return first === undefined || last === undefined ? null : { first, last };
  }

  addRuns(runs: RowRuns, ticks: TickBuckets): void {
    while (runs.next()) {
      const end = runs.start + runs.count;
      for (let tick = runs.start; tick < end; ) {
        const next = Math.min(end, ticks.end[tick] ?? end);
        this.#add(ticks.bucket[tick] ?? 0, runs.row, next - tick);
        tick = next;
      }
    }
  }

  /** What all subjects shared, as if it were the shared column of one. */
  addShared(sharedValues: Float64Array, ticks: TickBuckets): void {
    const row = new Float64Array(columnCount).fill(Number.NaN);
    for (let tick = 0; tick < sharedValues.length; tick += 1) {
      row[sharedColumn] = sharedValues[tick] ?? Number.NaN;
      this.#add(ticks.bucket[tick] ?? 0, row, 1);
    }
  }

  /** Fills `wide` with the same in buckets `factor` times as wide. */
  widenInto(wide: BucketStats, factor: number): void {
    wide.clear();
    for (const index of this.#order()) wide.#merge(Math.floor(index / factor), this, this.#places.get(index) ?? 0);
  }

  /** In time order, however the clock went. The bucket is used again for the next one. */
  *buckets(): Generator<Bucket> {
    for (const index of this.#order()) {
      const place = this.#places.get(index) ?? 0;
      this.#bucket.index = index;
      this.#bucket.sampleCount = this.#rows[place] ?? 0;
      this.#fillStatistics(place);
      yield this.#bucket;
    }
  }

  #order(): number[] {
    this.#inOrder ??= [...this.#places.keys()].sort((a, b) => a - b);
    return this.#inOrder;
  }

  #placeOf(index: number): number {
    const known = this.#places.get(index);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(index, place);
    this.#inOrder = null;
    this.#rows[place] = 0;
    this.#sharedRows[place] = 0;
    if ((place + 1) * bucketFields > this.#fields.length) {
      const grown = new Float64Array(this.#fields.length * 2);
      grown.set(this.#fields);
      this.#fields = grown;
    }
    this.#fields.fill(0, place * bucketFields, (place + 1) * bucketFields);
    return place;
  }

  #add(index: number, row: Float64Array, weight: number): void {
    const place = this.#placeOf(index);
    const fields = this.#fields;
    this.#rows[place] = (this.#rows[place] ?? 0) + weight;
    let at = place * bucketFields;
    for (let column = 0; column < columnCount; column += 1) {
      const value = row[column] ?? Number.NaN;
      if (value === shared) {
        this.#sharedRows[place] = (this.#sharedRows[place] ?? 0) + weight;
      } else if (!Number.isNaN(value)) {
        const count = fields[at + countField] ?? 0;
        if (count === 0 || value < (fields[at + minField] ?? 0)) fields[at + minField] = value;
        if (count === 0 || value > (fields[at + maxField] ?? 0)) fields[at + maxField] = value;
        fields[at + sumField] = (fields[at + sumField] ?? 0) + value * weight;
        fields[at + countField] = count + weight;
        fields[at + lastField] = value;
      }
      at += fieldCount;
    }
  }

  /** Adds a bucket of `source` that comes after what is in bucket `index` already. */
  #merge(index: number, source: BucketStats, sourcePlace: number): void {
    const place = this.#placeOf(index);
    const fields = this.#fields;
    this.#rows[place] = (this.#rows[place] ?? 0) + (source.#rows[sourcePlace] ?? 0);
    this.#sharedRows[place] = (this.#sharedRows[place] ?? 0) + (source.#sharedRows[sourcePlace] ?? 0);
    for (let column = 0; column < columnCount; column += 1) {
      const at = place * bucketFields + column * fieldCount;
      const [min = 0, max = 0, sum = 0, added = 0, last = 0] = source.#fieldsOf(sourcePlace, column);
      if (added === 0) continue;
      const count = fields[at + countField] ?? 0;
      fields[at + minField] = count === 0 ? min : Math.min(min, fields[at + minField] ?? 0);
      fields[at + maxField] = count === 0 ? max : Math.max(max, fields[at + maxField] ?? 0);
      fields[at + sumField] = sum + (fields[at + sumField] ?? 0);
      fields[at + countField] = added + count;
      fields[at + lastField] = last;
    }
  }

  #fieldsOf(place: number, column: number): Float64Array {
    const at = place * bucketFields + column * fieldCount;
    return this.#fields.subarray(at, at + fieldCount);
  }

  #fillStatistics(place: number): void {
    const { values } = this.#bucket;
    for (let column = 0; column < columnCount; column += 1) {
      const at = column * statCount;
      const [min = 0, max = 0, sum = 0, count = 0, last = 0] = this.#fieldsOf(place, column);
      if (column === sharedColumn && (this.#sharedRows[place] ?? 0) > count) {
        values.fill(shared, at, at + statCount);
      } else if (count === 0) {
        values.fill(Number.NaN, at, at + statCount);
      } else {
        values[at + minAt] = min;
        values[at + maxAt] = max;
        values[at + lastAt] = last;
        // Rounding of the sum must not push the mean out of its bounds.
        values[at + meanAt] = Math.min(max, Math.max(min, sum / count));
      }
    }
  }
}
