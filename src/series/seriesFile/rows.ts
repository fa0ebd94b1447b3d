import { emptySample, gauges, type Sample } from '../../model/gauge.ts';
import { absent } from '../../model/reading.ts';
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

const limitSlot = slotOf('limit_bytes');

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
  /** In which a row may have a value. */
  #slots: readonly number[] = [...gaugeColumns.keys()];
  #turns = new RowTurns(this.#slots);
  readonly #sample: Sample = emptySample(0);
  /** The values that the sample has. */
  readonly #filled = new Float64Array(gaugeColumns.length).fill(Number.NaN);

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  /** Only these columns are in the file. */
  limitTo(columns: readonly GaugeColumn[]): void {
    this.#slots = columns.map(slotOf);
    this.#turns = new RowTurns(this.#slots);
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
    const slots = this.#slots;
    const sample = this.#sample;
    const rows = this.#turns.take(subject);
    for (let at = 0; at < rows.length; ) {
      sample.timeMs = rows[at] ?? Number.NaN;
      at += 1;
      for (let i = 0; i < slots.length; i += 1) {
        this.#fill(slots[i] ?? 0, rows[at] ?? Number.NaN);
        at += 1;
      }
      this.#sink.row(subject, sample);
    }
  }

  /** Most cells say the same as in the row before, if anything: only what is new is put in. */
  #fill(slot: number, value: number): void {
    const old = this.#filled[slot] ?? Number.NaN;
    const field = gauges[slot];
    if (field === undefined || value === old || (Number.isNaN(value) && Number.isNaN(old))) return;
    this.#filled[slot] = value;
    const isNone = Number.isNaN(value) || (slot === limitSlot && !(value > 0 && value < unlimitedBytes));
    this.#sample[field] = isNone ? absent : value;
  }
}

/** With milliseconds where there are any, so that two times in one message differ. */
function formatTimeMs(timeMs: number): string {
  return timeMs % 1000 === 0 ? formatTime(timeMs) : new Date(timeMs).toISOString();
}
