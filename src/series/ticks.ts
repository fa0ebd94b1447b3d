import { corrupt } from './bytes.ts';

/** Times of an epoch's ticks, and what their subjects shared. */
export interface Ticks {
  timesMs: Float64Array;
  sharedValues: Float64Array;
}

export function ticksBytes(timesMs: readonly number[], sharedValues: readonly number[]): Uint8Array {
  const values = new Float64Array(timesMs.length * 2);
  values.set(timesMs);
  values.set(sharedValues, timesMs.length);
  return new Uint8Array(values.buffer);
}

export function parseTicks(bytes: Uint8Array): Ticks {
  if (bytes.length % 16 !== 0) throw corrupt('times of odd length');
  // A copy: the bytes may lie anywhere in a larger buffer.
  const values = new Float64Array(new Uint8Array(bytes).buffer);
  const half = values.length / 2;
  return { timesMs: values.subarray(0, half), sharedValues: values.subarray(half) };
}

/** For each tick its bucket, and the first tick after it that is in another one: a run of equal rows is added bucket by bucket. */
export class TickBuckets {
  readonly bucket: Float64Array;
  readonly end: Int32Array;

  constructor(timesMs: Float64Array, bucketMs: number) {
    const count = timesMs.length;
    this.bucket = new Float64Array(count);
    this.end = new Int32Array(count);
    for (let tick = count - 1; tick >= 0; tick -= 1) {
      const bucket = Math.floor((timesMs[tick] ?? 0) / bucketMs);
      this.bucket[tick] = bucket;
      this.end[tick] = this.bucket[tick + 1] === bucket ? (this.end[tick + 1] ?? tick + 1) : tick + 1;
    }
  }
}
