/**
 * The CSV form of a series file: RFC 4180 (https://www.rfc-editor.org/rfc/rfc4180) with a header, lines ending in LF or CRLF.
 * A plain row is read in one pass without making a string. A row with quotes, or with anything wrong in it, is read again
 * by a careful second reader that knows all of the format and what to say.
 */
import { StanchError } from '../../model/errors.ts';
import { showCell } from './badRow.ts';
import { byteAt, carriageReturn, comma, dot, lineFeed, quote, zero } from './bytes.ts';
import { type Column, columnList, columnNamed, isGauge, slotOf } from './columns.ts';
import { exactDigits, parseDecimal, powersOfTen } from './decimal.ts';
import { parseMoment } from './moment.ts';
import type { SeriesRows } from './rows.ts';

/** Longest row in bytes, its line end included. */
export const maxRowBytes = 64 * 1024;
export const longestRow = `a row of at most ${maxRowBytes} bytes`;

/** What a column's cells are: a slot of `SeriesRows.values`, or one of these. */
const timeKind = -1;
const subjectKind = -2;
const startTimeSlot = slotOf('start_time');
/** So many digits fit a 32-bit integer. */
const smallDigits = 9;
/** Unix seconds of this many digits are before the year 9999. */
const maxSecondDigits = 11;

const lossyText = new TextDecoder('utf-8', { ignoreBOM: true });

/** How splitting a row into cells ended. */
type Split = 'row' | 'needs more' | 'too long' | 'open quote' | 'text after quote';

export class CsvRows {
  readonly #rows: SeriesRows;
  #columns: Column[] = [];
  #kinds = new Int8Array(0);
  /** The cells of a carefully read row, unquoted, one after the other; cell `i` is `#cells[#cellEnds[i], #cellEnds[i + 1])`. */
  readonly #cells = new Uint8Array(maxRowBytes);
  readonly #cellEnds: number[] = [0];
  /** Where the row that `#split` read ends, after its line feed. */
  #rowEnd = 0;

  constructor(rows: SeriesRows) {
    this.#rows = rows;
  }

  /**
   * Reads the rows that begin in `bytes[from, lineEnd)`, which ends with a line feed; bytes are there up to `to`.
   * Returns where the first row begins that is not complete yet; with `isLast` nothing comes after `to`, so there is none.
   */
  parse(bytes: Uint8Array, from: number, lineEnd: number, to: number, isLast: boolean): number {
    let at = from;
    while (at < lineEnd) {
      let end = this.#kinds.length === 0 ? -1 : this.#plainRow(bytes, at, lineEnd);
      if (end < 0) {
        end = this.#carefulRow(bytes, at, to, isLast);
        if (end < 0) return at;
        this.#rows.line += countLineFeeds(bytes, at, end);
      } else {
        this.#rows.line += 1;
      }
      at = end;
    }
    return at;
  }

  /** A line without an end in `maxRowBytes`. */
  longLine(): void {
    this.#badRow('row', longestRow, 'more');
  }

  /** Reads one row without quotes or faults and returns where it ends; -1 for any other row, which then has no effect. */
  #plainRow(bytes: Uint8Array, from: number, lineEnd: number): number {
    const kinds = this.#kinds;
    const lastCell = kinds.length - 1;
    let subjectFrom = 0;
    let subjectTo = 0;
    let at = from;
    for (let cell = 0; cell <= lastCell; cell += 1) {
      const kind = kinds[cell] ?? 0;
      if (kind === subjectKind) {
        subjectFrom = at;
        at = plainCellEnd(bytes, at, lineEnd);
        subjectTo = at;
        if (subjectTo === subjectFrom || byteAt(bytes, subjectFrom) === quote) return -1;
      } else {
        at = this.#plainNumber(bytes, at, lineEnd, kind);
        if (at < 0) return -1;
      }
      if (cell < lastCell) {
        if (byteAt(bytes, at) !== comma) return -1;
        at += 1;
      }
    }
    if (byteAt(bytes, at) === carriageReturn) at += 1;
    if (byteAt(bytes, at) !== lineFeed || at - from >= maxRowBytes) return -1;
    this.#rows.finish(bytes, subjectFrom, subjectTo);
    return at + 1;
  }

  /** Reads the cell at `from` into its place and returns where it ends; -1 when it is not fit. Plain numbers are read right here. */
  #plainNumber(bytes: Uint8Array, from: number, lineEnd: number, kind: number): number {
    let at = from;
    let digit = byteAt(bytes, at) - zero;
    // As long as they fit, digits are added up as 32-bit integers: that is twice as fast.
    let few = 0;
    for (const fewEnd = from + smallDigits; digit >= 0 && digit <= 9 && at < fewEnd; digit = byteAt(bytes, at) - zero) {
      few = Math.imul(few, 10) + digit;
      at += 1;
    }
    let value = few;
    for (; digit >= 0 && digit <= 9; digit = byteAt(bytes, at) - zero) {
      value = value * 10 + digit;
      at += 1;
    }
    const isMoment = kind === timeKind || kind === startTimeSlot;
    let digits = at - from;
    if (digit === dot - zero && digits > 0 && !isMoment) {
      at += 1;
      for (digit = byteAt(bytes, at) - zero; digit >= 0 && digit <= 9; digit = byteAt(bytes, at) - zero) {
        value = value * 10 + digit;
        at += 1;
      }
      const wholeDigits = digits;
      digits = at - from - 1;
      value /= powersOfTen[digits - wholeDigits] ?? 1;
    }
    const byte = digit + zero;
    const endsHere = byte === comma || byte === lineFeed || byte === carriageReturn;
    if (endsHere && at === from) {
      if (kind === timeKind) return -1;
      value = Number.NaN;
    } else if (endsHere && isMoment && digits <= maxSecondDigits) {
      value *= 1000;
    } else if (!endsHere || digits > exactDigits || isMoment) {
      at = plainCellEnd(bytes, from, lineEnd);
      value = isMoment ? parseMoment(bytes, from, at) : parseDecimal(bytes, from, at);
      if (Number.isNaN(value)) return -1;
    }
    if (kind === timeKind) this.#rows.timeMs = value;
    else this.#rows.values[kind] = value;
    return at;
  }

  /** Reads one row of any form and returns where it ends; -1 when it may go on beyond `to`. */
  #carefulRow(bytes: Uint8Array, from: number, to: number, isLast: boolean): number {
    const split = this.#split(bytes, from, to);
    if (split === 'row') {
      if (this.#isBlankRow(from)) return this.#rowEnd;
      if (this.#kinds.length === 0) this.#header();
      else this.#row();
      return this.#rowEnd;
    }
    if (split === 'needs more' && !isLast) return -1;
    // The rest of a row that cannot be split is left out up to the end of its first line.
    const lineEnd = bytes.indexOf(lineFeed, from) + 1;
    const column = this.#columns[this.#cellEnds.length - 1] ?? `cell ${this.#cellEnds.length}`;
    if (split === 'too long' || lineEnd - from > maxRowBytes) {
      this.#badRow('row', longestRow, 'more');
    } else if (split === 'open quote') {
      this.#badRow(column, 'a closing quote', `none in ${maxRowBytes} bytes`);
    } else if (split === 'needs more') {
      this.#badRow(column, 'a closing quote', 'the end of the file');
    } else {
      const cell = this.#cellEnds.length - 1;
      this.#badRow(this.#columns[cell - 1] ?? `cell ${cell}`, 'a comma or the end of the line after a closing quote', 'more text');
    }
    return lineEnd;
  }

  #badRow(column: string, expected: string, found: string): void {
    if (this.#kinds.length > 0) {
      this.#rows.bad(column, expected, found);
      return;
    }
    throw new StanchError('STANCH_E_BAD_HEADER', {
      expected: `${expected} in the header line`,
      found,
      next: `The columns are ${columnList}.`,
    });
  }

  /** Splits the row at `from` into `#cells`, removing quotes. */
  #split(bytes: Uint8Array, from: number, to: number): Split {
    const limit = Math.min(to, from + maxRowBytes);
    let used = 0;
    let at = from;
    this.#cellEnds.length = 1;
    for (;;) {
      if (at < limit && byteAt(bytes, at) === quote) {
        at += 1;
        for (; at < limit; at += 1) {
          const byte = byteAt(bytes, at);
          if (byte === quote) {
            // A quote as the last byte before the limit is a closing one or half of a pair: either way the row is not complete.
            at += 1;
            if (at >= limit || byteAt(bytes, at) !== quote) break;
          }
          this.#cells[used] = byte;
          used += 1;
        }
        if (at >= limit) return limit < from + maxRowBytes ? 'needs more' : 'open quote';
      } else {
        const cellFrom = at;
        at = plainCellEnd(bytes, at, limit);
        // A carriage return that does not end the line belongs to the cell.
        while (at + 1 < limit && byteAt(bytes, at) === carriageReturn && byteAt(bytes, at + 1) !== lineFeed) {
          at = plainCellEnd(bytes, at + 1, limit);
        }
        this.#cells.set(bytes.subarray(cellFrom, at), used);
        used += at - cellFrom;
      }
      if (at >= limit) return limit < from + maxRowBytes ? 'needs more' : 'too long';
      this.#cellEnds.push(used);
      const byte = byteAt(bytes, at);
      if (byte === comma) {
        at += 1;
        continue;
      }
      if (byte === carriageReturn) at += 1;
      if (at >= limit) return limit < from + maxRowBytes ? 'needs more' : 'too long';
      if (byteAt(bytes, at) !== lineFeed) return 'text after quote';
      this.#rowEnd = at + 1;
      return 'row';
    }
  }

  /** Nothing, not even quotes, before the end of the line. */
  #isBlankRow(from: number): boolean {
    return this.#cellEnds.length === 2 && this.#cellEnds[1] === 0 && this.#rowEnd - from <= 2;
  }

  #cellText(cell: number): string {
    return lossyText.decode(this.#cells.subarray(this.#cellEnds[cell], this.#cellEnds[cell + 1]));
  }

  #header(): void {
    const columns: Column[] = [];
    for (let cell = 0; cell + 1 < this.#cellEnds.length; cell += 1) {
      const name = this.#cellText(cell);
      const column = columnNamed(name);
      if (column === undefined) throw headerError(`a known column name in cell ${cell + 1} of the header`, showCell(name));
      if (columns.includes(column)) throw headerError('each column once in the header', `${column} twice`);
      columns.push(column);
    }
    for (const needed of ['time', 'subject'] as const) {
      if (!columns.includes(needed)) throw headerError(`a column ${needed} in the header`, showCell(columns.join(',')));
    }
    this.#columns = columns;
    this.#rows.limitTo(columns.filter(isGauge));
    this.#kinds = Int8Array.from(columns, (column) => (column === 'time' ? timeKind : column === 'subject' ? subjectKind : slotOf(column)));
  }

  #row(): void {
    const rows = this.#rows;
    const found = this.#cellEnds.length - 1;
    const expected = this.#columns.length;
    if (found !== expected) {
      const column = this.#columns[found] ?? `cell ${expected + 1}`;
      rows.bad(column, `as many cells as the header has (${expected} cells)`, found === 1 ? '1 cell' : `${found} cells`);
      return;
    }
    let subjectFrom = 0;
    let subjectTo = 0;
    for (let cell = 0; cell < expected; cell += 1) {
      const column = this.#columns[cell] ?? 'time';
      const from = this.#cellEnds[cell] ?? 0;
      const to = this.#cellEnds[cell + 1] ?? 0;
      if (column === 'subject') {
        if (to === from) {
          rows.badCell(column, '');
          return;
        }
        subjectFrom = from;
        subjectTo = to;
        continue;
      }
      const isMoment = column === 'time' || column === 'start_time';
      const value = isMoment ? parseMoment(this.#cells, from, to) : parseDecimal(this.#cells, from, to);
      if (Number.isNaN(value) && (column === 'time' || to > from)) {
        rows.badCell(column, this.#cellText(cell));
        return;
      }
      if (column === 'time') rows.timeMs = value;
      else rows.values[slotOf(column)] = value;
    }
    rows.finish(this.#cells, subjectFrom, subjectTo);
  }
}

/** Where an unquoted cell ends: at a comma, a carriage return, a line feed, or `to`. */
function plainCellEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  for (; at < to; at += 1) {
    const byte = byteAt(bytes, at);
    if (byte === comma || byte === lineFeed || byte === carriageReturn) break;
  }
  return at;
}

function countLineFeeds(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = bytes.indexOf(lineFeed, from); at >= 0 && at < to; at = bytes.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}

function headerError(expected: string, found: string): StanchError {
  return new StanchError('STANCH_E_BAD_HEADER', {
    expected,
    found,
    next: `The columns are ${columnList}, separated by commas, in any order; time and subject are needed.`,
  });
}
