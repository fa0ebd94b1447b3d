import type { Sample } from '../../model/gauge.ts';
import type { BadRow } from '../seriesFile/badRow.ts';
import type { RowSink } from '../seriesFile/rows.ts';

const mostWaiting = 32;
const mostWaitingInAll = 32_768;

/** Samples that wait for the turn of their subject, as `RowTurns` has the rows of a series file wait. */
export class SampleTurns implements RowSink {
  readonly #sink: RowSink;
  readonly #waiting = new Map<number, Sample[]>();
  #waitingCount = 0;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  row(subject: number, sample: Sample): void {
    let waiting = this.#waiting.get(subject);
    if (waiting === undefined) {
      waiting = [];
      this.#waiting.set(subject, waiting);
    }
    waiting.push({ ...sample });
    this.#waitingCount += 1;
    if (waiting.length >= mostWaiting) this.#give(subject, waiting);
    else if (this.#waitingCount >= mostWaitingInAll) this.giveAll();
  }

  badRow(row: BadRow): void {
    this.#sink.badRow(row);
  }

  /** No more come. */
  giveAll(): void {
    for (const [subject, waiting] of this.#waiting) this.#give(subject, waiting);
  }

  #give(subject: number, waiting: Sample[]): void {
    for (const sample of waiting) this.#sink.row(subject, sample);
    this.#waitingCount -= waiting.length;
    waiting.length = 0;
  }
}
