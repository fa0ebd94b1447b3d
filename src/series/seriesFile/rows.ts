import { emptySample, type Sample } from '../../model/gauge.ts';
import { absent, type Reading } from '../../model/reading.ts';
import { formatTime } from '../../model/units.ts';
import { type BadRow, showCell } from './badRow.ts';
import { cellExpected, type GaugeColumn, gaugeColumns, slotOf } from './columns.ts';
import { RowTurns } from './rowTurns.ts';
import { SubjectTable } from './subjectTable.ts';

/** What becomes of the rows of a series file. */
export interface RowSink {
  /**
   * One row. `subject` is its number in order of first appearance. The rows of a subject come in their order, many at a time: not in order
   * with those of others.
   * `sample` is one object, filled anew for each row: copy what is kept.
   */
  row(subject: number, sample: Sample): void;
  /** A row that cannot be used: throw to stop, return to leave it out. */
  badRow(row: BadRow): void;
}

/** The kernel's "no limit" of cgroup v1 is a number close to 2^63, and it ends up in files as it is. */
const unlimitedBytes = 2 ** 60;

const slots = {
  anon: slotOf('anon_bytes'),
  swap: slotOf('swap_bytes'),
  shmem: slotOf('shmem_bytes'),
  file: slotOf('file_bytes'),
  fds: slotOf('fds'),
  sockets: slotOf('sockets'),
  threads: slotOf('threads'),
  processes: slotOf('processes'),
  cpu: slotOf('cpu_seconds'),
  start: slotOf('start_time'),
  limit: slotOf('limit_bytes'),
};

/** The way from cells to samples that every format of series file shares. A format fills the fields, then calls `finish`; at the end `giveAll`. */
export class SeriesRows {
  /** Line of the row at hand, counted from 1. */
  line = 1;
  rowCount = 0;
  timeMs = Number.NaN;
  /** One value for each gauge column at its slot, NaN for an empty cell; `start_time` in ms since the epoch. */
  readonly values = new Float64Array(gaugeColumns.length).fill(Number.NaN);
  readonly subjects = new SubjectTable();
  readonly #sink: RowSink;
  #turns = new RowTurns([...gaugeColumns.keys()]);
  readonly #sample: Sample = emptySample(0);
  /** The values of the row whose turn it is, and those that the sample has. */
  readonly #given = new Float64Array(gaugeColumns.length).fill(Number.NaN);
  readonly #filled = new Float64Array(gaugeColumns.length).fill(Number.NaN);

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  /** Only these columns are in the file. */
  limitTo(columns: readonly GaugeColumn[]): void {
    this.#turns = new RowTurns(columns.map(slotOf));
  }

  /** The row is complete and its subject's name, not empty, is `bytes[from, to)`. */
  finish(bytes: Uint8Array, from: number, to: number): void {
    const subject = this.subjects.find(bytes, from, to);
    if (subject < 0) {
      const found = showCell(new TextDecoder().decode(bytes.subarray(from, to)));
      this.bad('subject', 'a name in UTF-8', found);
      return;
    }
    const { timeMs } = this;
    const lastTimeMs = this.subjects.lastTimeMs[subject] ?? Number.NEGATIVE_INFINITY;
    if (timeMs < lastTimeMs) {
      const expected = `a time not before ${formatTimeMs(lastTimeMs)}, the last one of the same subject,`;
      this.bad('time', expected, formatTimeMs(timeMs));
      return;
    }
    this.subjects.lastTimeMs[subject] = timeMs;
    this.rowCount += 1;
    if (this.#turns.add(subject, timeMs, this.values)) this.#give(subject);
  }

  /** No more rows come. */
  giveAll(): void {
    for (const subject of this.subjects.names.keys()) this.#give(subject);
  }

  bad(column: string, expected: string, found: string): void {
    this.#sink.badRow({ line: this.line, column, expected, found });
  }

  badCell(column: 'time' | 'subject' | GaugeColumn, cell: string): void {
    const isUnixMs = column === 'time' && /^\d{12,}/.test(cell);
    const hint = isUnixMs ? ', before the year 10000 (milliseconds are not Unix seconds)' : '';
    this.bad(column, cellExpected(column) + hint, showCell(cell));
  }

  #give(subject: number): void {
    this.#turns.give(subject, this.#given, (timeMs) => this.#sink.row(subject, this.#fill(timeMs)));
  }

  /** Most cells say the same as in the row before, if anything: only what is new is put in. */
  #fill(timeMs: number): Sample {
    const sample = this.#sample;
    sample.timeMs = timeMs;
    if (this.#isNew(slots.anon)) sample.anonBytes = this.#reading(slots.anon);
    if (this.#isNew(slots.swap)) sample.swapBytes = this.#reading(slots.swap);
    if (this.#isNew(slots.shmem)) sample.shmemBytes = this.#reading(slots.shmem);
    if (this.#isNew(slots.file)) sample.fileBytes = this.#reading(slots.file);
    if (this.#isNew(slots.fds)) sample.fds = this.#reading(slots.fds);
    if (this.#isNew(slots.sockets)) sample.sockets = this.#reading(slots.sockets);
    if (this.#isNew(slots.threads)) sample.threads = this.#reading(slots.threads);
    if (this.#isNew(slots.processes)) sample.processes = this.#reading(slots.processes);
    if (this.#isNew(slots.cpu)) sample.cpuSeconds = this.#reading(slots.cpu);
    if (this.#isNew(slots.start)) sample.startTimeMs = this.#reading(slots.start);
    if (this.#isNew(slots.limit)) {
      const limitBytes = this.#given[slots.limit] ?? Number.NaN;
      sample.limitBytes = limitBytes > 0 && limitBytes < unlimitedBytes ? limitBytes : absent;
    }
    return sample;
  }

  #isNew(slot: number): boolean {
    const value = this.#given[slot] ?? Number.NaN;
    const old = this.#filled[slot] ?? Number.NaN;
    if (value === old || (Number.isNaN(value) && Number.isNaN(old))) return false;
    this.#filled[slot] = value;
    return true;
  }

  #reading(slot: number): Reading<number> {
    const value = this.#given[slot] ?? Number.NaN;
    return Number.isNaN(value) ? absent : value;
  }
}

/** With milliseconds where there are any, so that two times in one message differ. */
function formatTimeMs(timeMs: number): string {
  return timeMs % 1000 === 0 ? formatTime(timeMs) : new Date(timeMs).toISOString();
}
