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
import { absent, type Reading } from '../model/reading.ts';
import { ByteReader, type ByteWriter, corrupt } from './bytes.ts';

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
  latencyUs: 14,
  stallPercent: 15,
  stageRank: 16,
};
const columns: readonly Gauge[] = [...gauges].sort((a, b) => places[a] - places[b]);
export const columnCount: number = columns.length;

export function columnOf(gauge: Gauge): number {
  return places[gauge];
}

const cpuColumn = places.cpuSeconds;
/** What all subjects share in one tick is kept once a tick; a row then says so with `shared`. */
export const sharedColumn: number = places.headroomBytes;
export const shared: number = Number.POSITIVE_INFINITY;

/** CPU time comes in hundredths of a second, everything else in whole numbers. */
function scaleOf(column: number): number {
  return column === cpuColumn ? 100 : 1;
}

/** Larger differences are kept as a double: the code made of them must stay exact. */
const maxDelta = 2 ** 49;
const codeAbsent = 0;
const codeDouble = 1;
const codeShared = 2;
const firstDeltaCode = 3;

/** Memory comes in pages, or in KiB from the files that say kB: a difference is written in the largest unit that divides it. */
const units = [4096, 1024, 1] as const;
const byteColumns = new Set<number>(
  (['anonBytes', 'fileBytes', 'headroomBytes', 'swapBytes', 'shmemBytes', 'kernelBytes', 'limitBytes'] as const).map(columnOf),
);
const isInPages: readonly boolean[] = columns.map((_, column) => byteColumns.has(column));

/** The value in its column's whole unit; NaN when it is not a whole number of them. */
function whole(value: number, scale: number): number {
  if (scale === 1) return Number.isSafeInteger(value) ? value : Number.NaN;
  const scaled = Math.round(value * scale);
  return Number.isSafeInteger(scaled) && scaled / scale === value ? scaled : Number.NaN;
}

function zigzag(delta: number): number {
  return delta < 0 ? -2 * delta - 1 : 2 * delta;
}

function unzigzag(code: number): number {
  return code % 2 === 1 ? -(code + 1) / 2 : code / 2;
}

function codeOfPages(delta: number): number {
  const unit = delta % 4096 === 0 ? 0 : delta % 1024 === 0 ? 1 : 2;
  return firstDeltaCode + zigzag(delta / units[unit]) * units.length + unit;
}

function deltaOfPages(code: number): number {
  const unit = (code - firstDeltaCode) % units.length;
  return unzigzag((code - firstDeltaCode - unit) / units.length) * (units[unit] ?? 1);
}

/** Writes one value of a column as the difference to `previous`. NaN is absent. */
export function encodeValue(writer: ByteWriter, column: number, value: number, previous: number, scale = scaleOf(column)): void {
  if (Number.isNaN(value)) {
    writer.varint(codeAbsent);
    return;
  }
  if (value === shared) {
    writer.varint(codeShared);
    return;
  }
  const base = whole(previous, scale);
  const delta = whole(value, scale) - (Number.isNaN(base) ? 0 : base);
  if (Math.abs(delta) < maxDelta) {
    writer.varint(isInPages[column] === true ? codeOfPages(delta) : firstDeltaCode + zigzag(delta));
    return;
  }
  writer.varint(codeDouble);
  writer.float64(value);
}

export function decodeValue(reader: ByteReader, column: number, previous: number, scale = scaleOf(column)): number {
  const code = reader.varint();
  if (code === codeAbsent) return Number.NaN;
  if (code === codeDouble) return reader.float64();
  if (code === codeShared) return shared;
  const base = whole(previous, scale);
  const delta = isInPages[column] === true ? deltaOfPages(code) : unzigzag(code - firstDeltaCode);
  return ((Number.isNaN(base) ? 0 : base) + delta) / scale;
}

/**
 * Writes the mask and the values in which `next` differs from the row at `at` of `previous`, and makes `next` the
 * previous row. Returns whether it differs.
 */
export function encodeRow(writer: ByteWriter, previous: Float64Array, at: number, next: Float64Array): boolean {
  const count = columnCount;
  let mask = 0;
  for (let column = 0; column < count; column += 1) {
    const before = previous[at + column] ?? 0;
    const now = next[column] ?? 0;
    // Only NaN differs from itself.
    // biome-ignore lint/suspicious/noSelfCompare: a call a value is what the scan can't afford
    if (before !== now && (before === before || now === now)) mask |= 1 << column;
  }
  writer.varint(mask);
  for (let left = mask; left !== 0; left &= left - 1) {
    const column = 31 - Math.clz32(left & -left);
    const now = next[column] ?? 0;
    encodeValue(writer, column, now, previous[at + column] ?? 0);
    previous[at + column] = now;
  }
  return mask !== 0;
}

export function decodeRow(reader: ByteReader, row: Float64Array): void {
  const mask = reader.varint();
  if (mask >= 1 << columnCount) throw corrupt('a row with unknown gauges');
  for (let left = mask; left !== 0; left &= left - 1) {
    const column = 31 - Math.clz32(left & -left);
    row[column] = decodeValue(reader, column, row[column] ?? 0);
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

/**
 * Like `RowRuns` for one column only: `value` holds for `count` ticks from `start`. A day of samples is read for each chart,
 * so everything else is skipped over, byte by byte.
 */
export class ColumnRuns {
  value: number = Number.NaN;
  start = 0;
  count = 0;
  readonly #bytes: Uint8Array;
  readonly #column: number;
  readonly #last: number;
  readonly #reader: ByteReader;
  #next: number;

  constructor(bytes: Uint8Array, first: number, last: number, column: number) {
    this.#bytes = bytes;
    this.#column = column;
    this.#last = last;
    this.#next = first;
    this.#reader = new ByteReader(bytes);
    if (this.#reader.varint() !== 0) throw corrupt('a log that repeats a row before the first');
  }

  /** Goes to the next run; false after the last. */
  next(): boolean {
    if (this.#next > this.#last) return false;
    const reader = this.#reader;
    const mask = reader.varint();
    if (mask >= 1 << columnCount) throw corrupt('a row with unknown gauges');
    const own = 1 << this.#column;
    if ((mask & own) === 0) {
      reader.at = skipValues(this.#bytes, reader.at, mask);
    } else {
      reader.at = skipValues(this.#bytes, reader.at, mask & (own - 1));
      this.value = decodeValue(reader, this.#column, this.value);
      reader.at = skipValues(this.#bytes, reader.at, mask & ~(own | (own - 1)));
    }
    this.start = this.#next;
    if (reader.done) {
      if (reader.remaining < 0) throw corrupt('a record that ends too early');
      this.count = this.#last - this.start + 1;
    } else {
      const header = reader.varint();
      this.count = 1 + Math.floor(header / 2);
      this.#next += header % 2 === 1 ? reader.varint() : 0;
      if (this.#next + this.count > this.#last) throw corrupt('a log that goes on after its last tick');
    }
    this.#next += this.count;
    return true;
  }
}

/** Where the values that `mask` counts end. Past the end of the bytes it stops, which the caller sees. */
function skipValues(bytes: Uint8Array, from: number, mask: number): number {
  let at = from;
  for (let left = mask; left !== 0; left &= left - 1) {
    let byte = bytes[at++] ?? 0;
    if (byte === codeDouble) at += 8;
    while (byte >= 128) byte = bytes[at++] ?? 0;
  }
  return at;
}

/** Fills `row` from a sample. Written out, since the scan does this for every process. What is missing becomes NaN. */
export function rowOfSample(sample: Sample, row: Float64Array): void {
  row[places.anonBytes] = numberOf(sample.anonBytes);
  row[places.cpuSeconds] = numberOf(sample.cpuSeconds);
  row[places.fileBytes] = numberOf(sample.fileBytes);
  row[places.headroomBytes] = numberOf(sample.headroomBytes);
  row[places.fds] = numberOf(sample.fds);
  row[places.swapBytes] = numberOf(sample.swapBytes);
  row[places.shmemBytes] = numberOf(sample.shmemBytes);
  row[places.sockets] = numberOf(sample.sockets);
  row[places.threads] = numberOf(sample.threads);
  row[places.processes] = numberOf(sample.processes);
  row[places.kernelBytes] = numberOf(sample.kernelBytes);
  row[places.limitBytes] = numberOf(sample.limitBytes);
  row[places.startTimeMs] = numberOf(sample.startTimeMs);
  row[places.fdLimit] = numberOf(sample.fdLimit);
  row[places.latencyUs] = numberOf(sample.latencyUs);
  row[places.stallPercent] = numberOf(sample.stallPercent);
  row[places.stageRank] = numberOf(sample.stageRank);
}

export function sampleOfRow(timeMs: number, row: Float64Array, sharedValue: number): Sample {
  const headroomBytes = row[places.headroomBytes];
  return {
    timeMs,
    anonBytes: readingOf(row[places.anonBytes]),
    swapBytes: readingOf(row[places.swapBytes]),
    shmemBytes: readingOf(row[places.shmemBytes]),
    fileBytes: readingOf(row[places.fileBytes]),
    fds: readingOf(row[places.fds]),
    sockets: readingOf(row[places.sockets]),
    threads: readingOf(row[places.threads]),
    processes: readingOf(row[places.processes]),
    cpuSeconds: readingOf(row[places.cpuSeconds]),
    startTimeMs: readingOf(row[places.startTimeMs]),
    limitBytes: readingOf(row[places.limitBytes]),
    kernelBytes: readingOf(row[places.kernelBytes]),
    headroomBytes: readingOf(headroomBytes === shared ? sharedValue : headroomBytes),
    fdLimit: readingOf(row[places.fdLimit]),
    latencyUs: readingOf(row[places.latencyUs]),
    stallPercent: readingOf(row[places.stallPercent]),
    stageRank: readingOf(row[places.stageRank]),
  };
}

/** NaN for what is missing, and for infinity, which no kernel file holds; -0 becomes 0. */
function numberOf(reading: Reading<number>): number {
  return typeof reading === 'number' && reading - reading === 0 ? reading + 0 : Number.NaN;
}

function readingOf(value: number | undefined): Reading<number> {
  return value === undefined || Number.isNaN(value) ? absent : value;
}
