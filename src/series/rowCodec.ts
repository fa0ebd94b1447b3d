/**
 * The fine tier's encoding: the rows of one subject, one a tick, each the difference to the row before.
 *
 *     log   = entry*
 *     entry = varint(same * 2 + hasGap) [varint gap] mask values
 *
 * `same` ticks repeat the row before, then the subject was missing for `gap` ticks, then comes a row in which the gauges
 * of `mask` differ. What follows the last entry repeats up to the last tick, which is kept outside. So a process that does
 * nothing costs nothing.
 */
import { type Gauge, gauges, type Sample } from '../model/gauge.ts';
import { absent, isValue } from '../model/reading.ts';
import { type ByteReader, type ByteWriter, corrupt } from './bytes.ts';

/** The gauges by how often they change, so that the mask of a usual row takes one byte. Files refer to these places: only add. */
const places: Record<Gauge, number> = {
  anonBytes: 0,
  cpuSeconds: 1,
  fileBytes: 2,
  headroomBytes: 3,
  fds: 4,
  swapBytes: 5,
  shmemBytes: 6,
  sockets: 7,
  threads: 8,
  processes: 9,
  kernelBytes: 10,
  limitBytes: 11,
  startTimeMs: 12,
  fdLimit: 13,
};
export const columns: readonly Gauge[] = [...gauges].sort((a, b) => places[a] - places[b]);
export const columnCount: number = columns.length;

export function columnOf(gauge: Gauge): number {
  return places[gauge];
}

const cpuColumn = places.cpuSeconds;
/** What all subjects share in one tick is kept once a tick; a row then says so with `shared`. */
export const sharedColumn: number = places.headroomBytes;
export const shared: number = Number.POSITIVE_INFINITY;

/** CPU time comes in hundredths of a second, everything else in whole numbers. */
export function scaleOf(column: number): number {
  return column === cpuColumn ? 100 : 1;
}

/** Larger differences are kept as a double: zigzag must stay exact. */
const maxDelta = 2 ** 51;
const codeAbsent = 0;
const codeDouble = 1;
const codeShared = 2;
const firstDeltaCode = 3;

export function zigzag(delta: number): number {
  return delta < 0 ? -2 * delta - 1 : 2 * delta;
}

export function unzigzag(code: number): number {
  return code % 2 === 1 ? -(code + 1) / 2 : code / 2;
}

/** The value in its column's whole unit; NaN when it is not a whole number of them. */
function whole(value: number, scale: number): number {
  if (scale === 1) return Number.isSafeInteger(value) ? value : Number.NaN;
  const scaled = Math.round(value * scale);
  return Number.isSafeInteger(scaled) && scaled / scale === value ? scaled : Number.NaN;
}

/** Writes one value as the difference to `previous`. NaN is absent. */
export function encodeValue(writer: ByteWriter, value: number, previous: number, scale: number): void {
  if (Number.isNaN(value)) {
    writer.varint(codeAbsent);
    return;
  }
  if (value === shared) {
    writer.varint(codeShared);
    return;
  }
  const scaled = whole(value, scale);
  const base = whole(previous, scale);
  const delta = scaled - (Number.isNaN(base) ? 0 : base);
  if (Math.abs(delta) < maxDelta) {
    writer.varint(zigzag(delta) + firstDeltaCode);
    return;
  }
  writer.varint(codeDouble);
  writer.float64(value);
}

export function decodeValue(reader: ByteReader, previous: number, scale: number): number {
  const code = reader.varint();
  if (code === codeAbsent) return Number.NaN;
  if (code === codeDouble) return reader.float64();
  if (code === codeShared) return shared;
  const base = whole(previous, scale);
  return ((Number.isNaN(base) ? 0 : base) + unzigzag(code - firstDeltaCode)) / scale;
}

/**
 * Writes the mask and the values in which `next` differs from the row at `at` of `previous`, and makes `next` the
 * previous row. Returns whether it differs.
 */
export function encodeRow(writer: ByteWriter, previous: Float64Array, at: number, next: Float64Array): boolean {
  let mask = 0;
  for (let column = 0; column < columnCount; column += 1) {
    const before = previous[at + column] ?? 0;
    const now = next[column] ?? 0;
    if (before !== now && !(Number.isNaN(before) && Number.isNaN(now))) mask |= 1 << column;
  }
  writer.varint(mask);
  if (mask === 0) return false;
  for (let column = 0; column < columnCount; column += 1) {
    if ((mask & (1 << column)) === 0) continue;
    const now = next[column] ?? 0;
    encodeValue(writer, now, previous[at + column] ?? 0, scaleOf(column));
    previous[at + column] = now;
  }
  return true;
}

export function decodeRow(reader: ByteReader, row: Float64Array, at = 0): void {
  const mask = reader.varint();
  if (mask >= 1 << columnCount) throw corrupt('a row with unknown gauges');
  for (let column = 0; column < columnCount; column += 1) {
    if ((mask & (1 << column)) !== 0) row[at + column] = decodeValue(reader, row[at + column] ?? 0, scaleOf(column));
  }
}

/** Walks over a log run by run: `row` holds for `count` ticks from `start`. */
export class RowRuns {
  readonly row: Float64Array = new Float64Array(columnCount).fill(Number.NaN);
  start = 0;
  count = 0;
  readonly #reader: ByteReader;
  readonly #last: number;
  #next: number;

  /** @param first, last offsets of the first and the last tick in which the subject was there. */
  constructor(reader: ByteReader, first: number, last: number) {
    this.#reader = reader;
    this.#next = first;
    this.#last = last;
    if (reader.varint() !== 0) throw corrupt('a log that repeats a row before the first');
  }

  /** Goes to the next run; false after the last. */
  next(): boolean {
    if (this.#next > this.#last) return false;
    decodeRow(this.#reader, this.row);
    this.start = this.#next;
    if (this.#reader.done) {
      this.count = this.#last - this.start + 1;
    } else {
      const header = this.#reader.varint();
      this.count = 1 + Math.floor(header / 2);
      this.#next += header % 2 === 1 ? this.#reader.varint() : 0;
      if (this.#next + this.count > this.#last) throw corrupt('a log that goes on after its last tick');
    }
    this.#next += this.count;
    return true;
  }
}

/** Fills `row` from a sample. Infinite and negative-zero readings do not exist; what is missing becomes NaN. */
export function rowOfSample(sample: Sample, row: Float64Array): void {
  for (let column = 0; column < columnCount; column += 1) {
    const gauge = columns[column];
    const reading = gauge === undefined ? absent : sample[gauge];
    row[column] = isValue(reading) && Number.isFinite(reading) ? reading + 0 : Number.NaN;
  }
}

export function sampleOfRow(timeMs: number, row: Float64Array, sharedValue: number): Sample {
  const sample: Sample = { ...nothingRead, timeMs };
  for (const [column, gauge] of columns.entries()) {
    const value = row[column] ?? Number.NaN;
    const resolved = value === shared ? sharedValue : value;
    if (!Number.isNaN(resolved)) sample[gauge] = resolved;
  }
  return sample;
}

const nothingRead: Sample = {
  timeMs: 0,
  anonBytes: absent,
  swapBytes: absent,
  shmemBytes: absent,
  fileBytes: absent,
  fds: absent,
  sockets: absent,
  threads: absent,
  processes: absent,
  cpuSeconds: absent,
  startTimeMs: absent,
  limitBytes: absent,
  kernelBytes: absent,
  headroomBytes: absent,
  fdLimit: absent,
};
