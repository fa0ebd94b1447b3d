import { type Bucket, lastAt, maxAt, meanAt, minAt, statCount } from './bucketCodec.ts';
import { columnCount, type RowRuns, shared, sharedColumn } from './rowCodec.ts';
import type { TickBuckets } from './ticks.ts';

interface OpenBucket {
  sampleCount: number;
  /** Per column; what is shared is counted apart. */
  min: Float64Array;
  max: Float64Array;
  sum: Float64Array;
  count: Float64Array;
  last: Float64Array;
  sharedCount: number;
}

/** Gathers the rows of one subject into buckets. The smallest value of each bucket is kept exactly: the floor. */
export class BucketStats {
  readonly #buckets = new Map<number, OpenBucket>();

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

  /** The same in buckets `factor` times as wide. */
  widen(factor: number): BucketStats {
    const wide = new BucketStats();
    for (const [index, bucket] of this.#inOrder()) {
      const wideIndex = Math.floor(index / factor);
      const known = wide.#buckets.get(wideIndex);
      if (known === undefined) wide.#buckets.set(wideIndex, copyBucket(bucket));
      else mergeBucket(known, bucket);
    }
    return wide;
  }

  /** In time order, however the clock went. */
  finish(): Bucket[] {
    return this.#inOrder().map(([index, bucket]) => ({ index, sampleCount: bucket.sampleCount, values: statistics(bucket) }));
  }

  #inOrder(): [number, OpenBucket][] {
    return [...this.#buckets].sort(([a], [b]) => a - b);
  }

  #add(index: number, row: Float64Array, weight: number): void {
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = openBucket();
      this.#buckets.set(index, bucket);
    }
    bucket.sampleCount += weight;
    for (let column = 0; column < columnCount; column += 1) {
      const value = row[column] ?? Number.NaN;
      if (value === shared) {
        bucket.sharedCount += weight;
      } else if (!Number.isNaN(value)) {
        if (value < (bucket.min[column] ?? 0)) bucket.min[column] = value;
        if (value > (bucket.max[column] ?? 0)) bucket.max[column] = value;
        bucket.sum[column] = (bucket.sum[column] ?? 0) + value * weight;
        bucket.count[column] = (bucket.count[column] ?? 0) + weight;
        bucket.last[column] = value;
      }
    }
  }
}

function openBucket(): OpenBucket {
  return {
    sampleCount: 0,
    min: new Float64Array(columnCount).fill(Number.POSITIVE_INFINITY),
    max: new Float64Array(columnCount).fill(Number.NEGATIVE_INFINITY),
    sum: new Float64Array(columnCount),
    count: new Float64Array(columnCount),
    last: new Float64Array(columnCount),
    sharedCount: 0,
  };
}

function copyBucket(bucket: OpenBucket): OpenBucket {
  const { min, max, sum, count, last } = bucket;
  return { ...bucket, min: min.slice(), max: max.slice(), sum: sum.slice(), count: count.slice(), last: last.slice() };
}

/** @param later what came after it. */
function mergeBucket(bucket: OpenBucket, later: OpenBucket): void {
  bucket.sampleCount += later.sampleCount;
  bucket.sharedCount += later.sharedCount;
  for (let column = 0; column < columnCount; column += 1) {
    const count = later.count[column] ?? 0;
    if (count === 0) continue;
    bucket.min[column] = Math.min(bucket.min[column] ?? 0, later.min[column] ?? 0);
    bucket.max[column] = Math.max(bucket.max[column] ?? 0, later.max[column] ?? 0);
    bucket.sum[column] = (bucket.sum[column] ?? 0) + (later.sum[column] ?? 0);
    bucket.count[column] = (bucket.count[column] ?? 0) + count;
    bucket.last[column] = later.last[column] ?? 0;
  }
}

function statistics(bucket: OpenBucket): Float64Array {
  const values = new Float64Array(columnCount * statCount).fill(Number.NaN);
  for (let column = 0; column < columnCount; column += 1) {
    const at = column * statCount;
    const count = bucket.count[column] ?? 0;
    if (column === sharedColumn && bucket.sharedCount > count) {
      values.fill(shared, at, at + statCount);
    } else if (count > 0) {
      const min = bucket.min[column] ?? 0;
      const max = bucket.max[column] ?? 0;
      values[at + minAt] = min;
      values[at + maxAt] = max;
      values[at + lastAt] = bucket.last[column] ?? 0;
      // Rounding of the sum must not push the mean out of its bounds.
      values[at + meanAt] = Math.min(max, Math.max(min, (bucket.sum[column] ?? 0) / count));
    }
  }
  return values;
}
