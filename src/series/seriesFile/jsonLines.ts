/** The JSON Lines form of a series file: an object a line, whose keys are the names of the columns (https://jsonlines.org). */
import { showCell } from './badRow.ts';
import { lineFeed } from './bytes.ts';
import { type Column, columnList, columnNamed, slotOf } from './columns.ts';
import { longestRow, maxRowBytes } from './csv.ts';
import { maxTimeMs, parseMoment } from './moment.ts';
import type { SeriesRows } from './rows.ts';

export class JsonRows {
  readonly #rows: SeriesRows;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(rows: SeriesRows) {
    this.#rows = rows;
  }

  /** Reads the lines in `bytes[from, lineEnd)`, which ends with a line feed. Returns `lineEnd`. */
  parse(bytes: Uint8Array, from: number, lineEnd: number): number {
    let at = from;
    while (at < lineEnd) {
      const end = bytes.indexOf(lineFeed, at) + 1;
      if (end - at > maxRowBytes) this.longLine();
      else this.#line(bytes.subarray(at, end));
      this.#rows.line += 1;
      at = end;
    }
    return at;
  }

  /** A line without an end in `maxRowBytes`. */
  longLine(): void {
    this.#rows.bad('row', longestRow, 'more');
  }

  #line(line: Uint8Array): void {
    const rows = this.#rows;
    const row = this.#parsed(line);
    if (row === undefined) return;
    rows.timeMs = Number.NaN;
    rows.values.fill(Number.NaN);
    let subject: unknown;
    for (const [name, value] of Object.entries(row)) {
      const column = columnNamed(name);
      if (column === undefined) {
        rows.bad(showCell(name), `one of ${columnList}`, 'an unknown name');
        return;
      }
      if (column === 'subject') subject = value;
      else if (value !== null && !this.#take(column, value)) {
        rows.badCell(column, shownValue(value));
        return;
      }
    }
    if (Number.isNaN(rows.timeMs)) {
      rows.badCell('time', '');
      return;
    }
    if (typeof subject !== 'string' || subject === '' || !subject.isWellFormed()) {
      rows.badCell('subject', shownValue(subject));
      return;
    }
    const name = Buffer.from(subject);
    rows.finish(name, 0, name.length);
  }

  /** The line's object; undefined when it is blank or bad. */
  #parsed(line: Uint8Array): object | undefined {
    let text: string;
    try {
      text = this.#utf8.decode(line).trim();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#rows.bad('row', 'text in UTF-8', 'other bytes');
      return undefined;
    }
    if (text === '') return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#rows.bad('row', 'a JSON object', showCell(text));
      return undefined;
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    this.#rows.bad('row', 'a JSON object', showCell(text));
    return undefined;
  }

  /** Takes the value of a column; false when it is not one. */
  #take(column: Exclude<Column, 'subject'>, value: unknown): boolean {
    const isMoment = column === 'time' || column === 'start_time';
    const number = isMoment ? momentMs(value) : typeof value === 'number' ? value : Number.NaN;
    if (!(number >= 0 && number < Number.POSITIVE_INFINITY)) return false;
    if (column === 'time') this.#rows.timeMs = number;
    else this.#rows.values[slotOf(column)] = number;
    return true;
  }
}

/** Unix seconds as a number, or either form of moment as a string; NaN for anything else. */
function momentMs(value: unknown): number {
  if (typeof value === 'number') {
    const timeMs = Math.round(value * 1000);
    return timeMs <= maxTimeMs ? timeMs : Number.NaN;
  }
  if (typeof value !== 'string') return Number.NaN;
  const bytes = Buffer.from(value);
  return parseMoment(bytes, 0, bytes.length);
}

function shownValue(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
