import { StanchError } from '../../model/errors.ts';

/** A row that cannot be used: where it is, what should stand there and what does. */
export interface BadRow {
  /** The line on which the row begins, counted from 1; the header is a line. */
  line: number;
  /** Name of the column; of a surplus cell its number, `cell 6`; `row` when the row as a whole has no columns. */
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

export function badRowError(row: BadRow): StanchError {
  return new StanchError('STANCH_E_BAD_ROW', {
    expected: `${row.expected} in line ${row.line}, column ${row.column}`,
    found: row.found,
    next: 'Correct that line, or leave bad rows out with --skip-bad.',
  });
}
