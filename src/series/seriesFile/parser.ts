import { StanchError } from '../../model/errors.ts';
import { byteAt, carriageReturn, lineFeed } from './bytes.ts';
import { columnList } from './columns.ts';
import { CsvRows, maxRowBytes } from './csv.ts';
import { JsonRows } from './jsonLines.ts';
import { type RowSink, SeriesRows } from './rows.ts';

/** Bytes taken at once. */
const sliceBytes = 256 * 1024;
const openingBrace = 0x7b;
const blank = 0x20;
const tab = 0x09;
const byteOrderMark = [0xef, 0xbb, 0xbf];

export type SeriesFileFormat = 'csv' | 'json-lines';

/**
 * Parser of series files: bytes in, in pieces of any size, samples out. It does no I/O and holds at most one row and
 * one piece, besides the names of the subjects and some rows of each.
 *
 * ```ts
 * const parser = new SeriesFileParser({ row: (subject, sample) => …, badRow: (row) => { throw badRowError(row) } });
 * for (const chunk of chunks) parser.push(chunk);
 * parser.end();
 * ```
 * Throws `StanchError` for an empty file, a wrong header and too many subjects, and whatever the sink throws.
 */
export class SeriesFileParser {
  readonly #series: SeriesRows;
  readonly #format: SeriesFileFormat | undefined;
  /** Known from the first line that is not blank. */
  #rows: CsvRows | JsonRows | undefined;
  #isAtStart = true;
  /** The bytes not parsed yet: less than `maxRowBytes` between two pieces, and room for a piece behind. */
  readonly #pending = new Uint8Array(maxRowBytes + sliceBytes);
  #pendingBytes = 0;
  /** Up to here `#pending` is whole lines. */
  #lineEnd = 0;
  /** A quoted row that was not complete is read again once this much is there: pieces of one byte must not cost its square. */
  #retryBytes = 0;
  /** In the rest of a line that is too long. */
  #isSkippingLine = false;

  /** Without `format` a file that begins with `{` is JSON Lines and any other is CSV. */
  constructor(sink: RowSink, format?: SeriesFileFormat) {
    this.#series = new SeriesRows(sink);
    this.#format = format;
  }

  /** Names of the subjects that have a good row, by their number. */
  get subjectNames(): readonly string[] {
    return this.#series.subjects.names;
  }

  /** Good rows so far. */
  get rowCount(): number {
    return this.#series.rowCount;
  }

  push(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += sliceBytes) {
      const slice = chunk.subarray(from, from + sliceBytes);
      this.#pushSlice(this.#isSkippingLine ? this.#skipLine(slice) : slice);
    }
  }

  /** No more bytes come. The last line may lack its line feed. */
  end(): void {
    if (this.#pendingBytes > this.#lineEnd) this.#take(Uint8Array.of(lineFeed));
    this.#parse(true);
    this.#series.giveAll();
    if (this.#rows !== undefined) return;
    throw new StanchError('STANCH_E_BAD_HEADER', {
      expected: 'a first line that names the columns: time,subject and what was measured',
      found: 'an empty file',
      next: `The columns are ${columnList}.`,
    });
  }

  #pushSlice(slice: Uint8Array): void {
    this.#take(slice);
    if (this.#pendingBytes >= this.#retryBytes) this.#parse(false);
    if (this.#pendingBytes < maxRowBytes) return;
    if (this.#rows === undefined) this.#begin(this.#pendingBytes);
    this.#rows?.longLine();
    this.#pendingBytes = 0;
    this.#isSkippingLine = true;
  }

  #take(slice: Uint8Array): void {
    const lastLineFeed = slice.lastIndexOf(lineFeed);
    if (lastLineFeed >= 0) this.#lineEnd = this.#pendingBytes + lastLineFeed + 1;
    this.#pending.set(slice, this.#pendingBytes);
    this.#pendingBytes += slice.length;
  }

  /** After it, `maxRowBytes` or more are pending only when they hold no line feed. */
  #parse(isLast: boolean): void {
    if (this.#lineEnd === 0) return;
    const from = this.#rows === undefined ? this.#begin(this.#lineEnd) : 0;
    const to = this.#rows?.parse(this.#pending, from, this.#lineEnd, this.#pendingBytes, isLast) ?? from;
    this.#pending.copyWithin(0, to, this.#pendingBytes);
    this.#pendingBytes -= to;
    this.#lineEnd -= Math.min(to, this.#lineEnd);
    this.#retryBytes = this.#lineEnd > 0 ? Math.min(2 * this.#pendingBytes, maxRowBytes) : 0;
  }

  /** Leaves out a byte order mark and blank lines, and chooses the format by what follows. Returns where that is. */
  #begin(to: number): number {
    let at = 0;
    if (this.#isAtStart && byteOrderMark.every((byte, index) => this.#pending[index] === byte)) at = byteOrderMark.length;
    this.#isAtStart = false;
    for (; at < to; at += 1) {
      const byte = byteAt(this.#pending, at);
      if (byte === lineFeed) this.#series.line += 1;
      else if (byte !== carriageReturn) break;
    }
    if (at === to) return at;
    let first = at;
    while (first < to && (byteAt(this.#pending, first) === blank || byteAt(this.#pending, first) === tab)) first += 1;
    const isJson = this.#format === undefined ? byteAt(this.#pending, first) === openingBrace : this.#format === 'json-lines';
    this.#rows = isJson ? new JsonRows(this.#series) : new CsvRows(this.#series);
    return at;
  }

  #skipLine(slice: Uint8Array): Uint8Array {
    const lineEnd = slice.indexOf(lineFeed) + 1;
    if (lineEnd === 0) return slice.subarray(slice.length);
    this.#series.line += 1;
    this.#isSkippingLine = false;
    return slice.subarray(lineEnd);
  }
}
