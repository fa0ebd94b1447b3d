import { StanchError } from '../../model/errors.ts';

/** A row that cannot be used: where it is, what should stand there and what does. */
export interface BadRow {
  /** The line on which the row begins, counted from 1; the header is a line. Of a log without lines, the number of the record. */
  line: number;
  /** Name of the column; of a surplus cell its number, `cell 6`; `row` when the row as a whole has no columns, `record` in a log without lines. */
  column: string;
  expected: string;
  found: string;
}

const maxShownCharacters = 60;

/** A cell in a message: quoted, short, on one line. Whoever prints it escapes what a terminal would act on. */
export function showCell(text: string): string {
  if (text === '') return 'an empty cell';
  const short = text.length > maxShownCharacters ? `${text.slice(0, maxShownCharacters)}…` : text;
  return JSON.stringify(short.toWellFormed());
}

/** `line 3, column fds` */
export function placeOf(row: BadRow): string {
  return row.column === 'record' ? `record ${row.line}` : `line ${row.line}, column ${row.column}`;
}

export function badRowError(row: BadRow): StanchError {
  return new StanchError('STANCH_E_BAD_ROW', {
    expected: `${row.expected} in ${placeOf(row)}`,
    found: row.found,
    next: row.column === 'record' ? 'Leave bad records out with --skip-bad.' : 'Correct that line, or leave bad rows out with --skip-bad.',
  });
}
