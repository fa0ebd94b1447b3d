/**
 * The coarse tiers' encoding: buckets of one subject in time order, each the difference to the one before.
 *
 *     log   = entry*
 *     entry = varint(gap) varint(sampleCount) varint(mask) values
 *     value = min [max [last mean]]        max as difference to min; last and mean only when max differs from min
 *
 * A gauge outside `mask` had the last value of the bucket before all the time. `min` is the floor and is kept exactly, as
 * are `max` and `last`; `mean` is rounded to the column's unit.
 */
import { type ByteReader, type ByteWriter, corrupt } from './bytes.ts';
import { columnCount, columnOf, decodeValue, encodeValue, shared } from './rowCodec.ts';

/** Statistics of one bucket: `min`, `mean`, `max`, `last` column after column. NaN is absent. */
export interface Bucket {
  /** Number of the bucket since the epoch, in widths of the tier. */
  index: number;
  sampleCount: number;
  values: Float64Array;
}

export const statCount = 4;
export const minAt = 0;
export const meanAt = 1;
export const maxAt = 2;
export const lastAt = 3;

const countColumns = new Set([
  columnOf('fds'),
  columnOf('sockets'),
  columnOf('threads'),
  columnOf('processes'),
  columnOf('cpuSeconds'),
  columnOf('fdLimit'),
]);

function meanScaleOf(column: number): number {
  return countColumns.has(column) ? 100 : 1;
}

/** @param buckets in ascending order of index, the first one not before `first`. */
export function encodeBuckets(writer: ByteWriter, first: number, buckets: Iterable<Bucket>): void {
  const previous = new Float64Array(columnCount).fill(Number.NaN);
  let expected = first;
  for (const { index, sampleCount, values } of buckets) {
    writer.varint(index - expected);
    writer.varint(sampleCount);
    expected = index + 1;
    let mask = 0;
    for (let column = 0; column < columnCount; column += 1) {
      const at = column * statCount;
      if (!equal(values[at + minAt], previous[column]) || !equal(values[at + maxAt], previous[column])) mask |= 1 << column;
    }
    writer.varint(mask);
    for (let column = 0; column < columnCount; column += 1) {
      if ((mask & (1 << column)) !== 0) encodeStats(writer, column, values, previous);
    }
  }
}

function encodeStats(writer: ByteWriter, column: number, values: Float64Array, previous: Float64Array): void {
  const at = column * statCount;
  const min = values[at + minAt] ?? Number.NaN;
  const max = values[at + maxAt] ?? Number.NaN;
  const last = values[at + lastAt] ?? Number.NaN;
  encodeValue(writer, column, min, previous[column] ?? 0);
  previous[column] = min;
  if (Number.isNaN(min) || min === shared) return;
  encodeValue(writer, column, max, min);
  if (max === min) return;
  encodeValue(writer, column, last, min);
  const meanScale = meanScaleOf(column);
  const mean = Math.round((values[at + meanAt] ?? min) * meanScale) / meanScale;
  encodeValue(writer, column, mean, Math.round(min), meanScale);
  previous[column] = last;
}

/** Yields the buckets of a log. The bucket is used again for the next one: copy what is kept. */
export function* decodeBuckets(reader: ByteReader, first: number): Generator<Bucket> {
  const bucket: Bucket = { index: first - 1, sampleCount: 0, values: new Float64Array(columnCount * statCount).fill(Number.NaN) };
  while (!reader.done) {
    bucket.index += 1 + reader.varint();
    bucket.sampleCount = reader.varint();
    const mask = reader.varint();
    if (mask >= 1 << columnCount || !Number.isSafeInteger(bucket.index)) throw corrupt('a bucket with unknown gauges');
    for (let column = 0; column < columnCount; column += 1) decodeStats(reader, column, bucket.values, (mask & (1 << column)) !== 0);
    yield bucket;
  }
}

function decodeStats(reader: ByteReader, column: number, values: Float64Array, isWritten: boolean): void {
  const at = column * statCount;
  const previous = values[at + lastAt] ?? Number.NaN;
  const min = isWritten ? decodeValue(reader, column, previous) : previous;
  values.fill(min, at, at + statCount);
  if (!isWritten || Number.isNaN(min) || min === shared) return;
  const max = decodeValue(reader, column, min);
  if (max === min) return;
  values[at + maxAt] = max;
  values[at + lastAt] = decodeValue(reader, column, min);
  values[at + meanAt] = decodeValue(reader, column, Math.round(min), meanScaleOf(column));
}

function equal(a: number | undefined, b: number | undefined): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}
