/**
 * What sysstat recorded of a host, as `sadf -j` prints it: `{"sysstat":{"hosts":[{…,"statistics":[{…},…],"restarts":[…]}]}}`.
 * https://github.com/sysstat/sysstat/blob/master/xml/ and the manual of sadf(1). Sizes are in KiB.
 */
import { StanchError } from '../../../model/errors.ts';
import { emptySample, type Sample } from '../../../model/gauge.ts';
import { absent, isValue, type Reading } from '../../../model/reading.ts';
import { hostSubject } from '../../../model/subject.ts';
import { showCell } from '../../seriesFile/badRow.ts';
import { parseMoment } from '../../seriesFile/moment.ts';
import type { RowSink } from '../../seriesFile/rows.ts';
import { countRecord, emptySource, type LogSource } from '../logSource.ts';
import { ObjectSlices } from './objectSlices.ts';

/** The name of the host stands in the first lines. */
const maxHeadLength = 4096;

/** Around each statistic: document, `sysstat`, `hosts`, one host, `statistics`. */
const statisticDepth = 5;
/** With `-A` and hundreds of CPUs an interval takes some hundred kilobytes. */
const maxIntervalBytes = 16 * 1024 * 1024;

const hostOnlyNote =
  'sysstat records the host as a whole: whether memory is lost can be told from it, but not to which process, nor which part of the kernel’s memory can be given back';

/** `{"sysstat":…}` with any blanks between. */
export function isSadfOutput(head: Uint8Array): boolean {
  return /^\s*\{\s*"sysstat"\s*:/.test(Buffer.from(head).toString('latin1'));
}

/** `sysstat_magic` in `struct file_magic` of sa.h, in either byte order. */
export function isSysstatData(head: Uint8Array): boolean {
  return (head[0] === 0x96 && head[1] === 0xd5) || (head[0] === 0xd5 && head[1] === 0x96);
}

type JsonObject = Record<string, unknown>;

export class SysstatParser {
  readonly source: LogSource = {
    ...emptySource('sysstat'),
    notes: [hostOnlyNote],
  };
  readonly subjectNames = [hostSubject.name];
  readonly #sink: RowSink;
  readonly #slices: ObjectSlices;
  /** The first bytes, in which the name of the host stands. */
  #head = '';
  rowCount = 0;

  constructor(sink: RowSink) {
    this.#sink = sink;
    this.#slices = new ObjectSlices(
      statisticDepth,
      maxIntervalBytes,
      (json, line) => this.#take(json, line),
      (line) => this.#bad(line, `at most ${maxIntervalBytes} bytes`, 'more'),
    );
  }

  push(chunk: Uint8Array): void {
    if (this.source.host === '' && this.#head.length < maxHeadLength) this.#lookForHost(chunk);
    this.#slices.push(chunk);
  }

  end(): void {
    if (!this.#slices.isWhole) this.source.notes.push(`the output of sadf ends too early, in line ${this.#slices.line}`);
    if (this.rowCount > 0) return;
    throw new StanchError('STANCH_E_BAD_LOG', {
      expected: 'intervals with all figures of memory in the output of sadf',
      found: 'none',
      next: 'Print memory, swap and the tables of the kernel: sadf -j FILE -- -r ALL -S -v',
    });
  }

  #lookForHost(chunk: Uint8Array): void {
    this.#head += Buffer.from(chunk.subarray(0, maxHeadLength)).toString('latin1');
    const host = /"nodename"\s*:\s*"([^"\\]{1,255})"/.exec(this.#head)?.[1];
    if (host !== undefined) this.source.host = host;
  }

  #take(json: string, line: number): void {
    const interval = parsedObject(json);
    if (interval === null) {
      this.#bad(line, 'a JSON object', showCell(json));
      return;
    }
    const timestamp = objectAt(interval, 'timestamp');
    const memory = objectAt(interval, 'memory');
    // Restarts and comments lie as deep; an interval without `anonpg` was printed without `-r ALL`.
    if (timestamp === null || memory === null || memory.anonpg === undefined) return;
    const timeMs = timeOf(timestamp);
    if (timeMs === null) {
      this.#bad(line, 'a date and a time in UTC, as sadf -j prints it without -T and -t', showCell(JSON.stringify(timestamp)));
    } else if (timeMs < this.source.toMs) {
      this.#bad(line, 'a time not before the one ahead of it', showCell(JSON.stringify(timestamp)));
    } else {
      countRecord(this.source, timeMs);
      this.rowCount += 1;
      this.#sink.row(0, sampleOf(timeMs, memory, objectAt(interval, 'kernel')));
    }
  }

  #bad(line: number, expected: string, found: string): void {
    this.#sink.badRow({ line, column: 'timestamp', expected, found });
  }
}

function sampleOf(timeMs: number, memory: JsonObject, kernel: JsonObject | null): Sample {
  const bytesAt = (name: string): Reading<number> => {
    const kib = countAt(memory, name);
    return isValue(kib) ? kib * 1024 : absent;
  };
  const sample = emptySample(timeMs);
  sample.anonBytes = bytesAt('anonpg');
  sample.swapBytes = bytesAt('swpused');
  const cachedBytes = bytesAt('cached');
  const bufferBytes = bytesAt('buffers');
  if (isValue(cachedBytes) && isValue(bufferBytes)) sample.fileBytes = cachedBytes + bufferBytes;
  const availableBytes = bytesAt('avail');
  const swapFreeBytes = bytesAt('swpfree');
  if (isValue(availableBytes)) sample.headroomBytes = availableBytes + (isValue(swapFreeBytes) ? swapFreeBytes : 0);
  if (kernel !== null) sample.fds = countAt(kernel, 'file-nr');
  return sample;
}

function parsedObject(json: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(parent: JsonObject, name: string): JsonObject | null {
  const value = parent[name];
  return isObject(value) ? value : null;
}

function countAt(parent: JsonObject, name: string): Reading<number> {
  const value = parent[name];
  return typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER ? value : absent;
}

/** Null unless it is in UTC: `"utc":1`, or `"tz":"UTC"` since 12.7. */
function timeOf({ date, time, utc, tz }: JsonObject): number | null {
  if ((utc !== 1 && tz !== 'UTC') || typeof date !== 'string' || typeof time !== 'string') return null;
  const bytes = Buffer.from(`${date}T${time}Z`);
  const timeMs = parseMoment(bytes, 0, bytes.length);
  return Number.isNaN(timeMs) ? null : timeMs;
}
