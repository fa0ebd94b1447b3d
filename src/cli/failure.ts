/** Errors as the terminal shows them: code, what was expected, what was found, what to do next. */
import { StanchError } from '../model/errors.ts';
import { printable } from './printable.ts';

export function failureText(error: unknown): string {
  if (!(error instanceof StanchError)) return bugText(error);
  return [`stanch: ${error.code}`, field('expected', error.expected), field('found', error.found), field('next', error.next)].join('\n');
}

/** 70 for whatever stanch did not foresee. */
export function exitCodeOf(error: unknown): number {
  return error instanceof StanchError ? error.exitCode : 70;
}

function bugText(error: unknown): string {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    'stanch: STANCH_E_BUG',
    field('expected', 'to work'),
    field('found', detail),
    field('next', 'This is a bug in stanch: please report it with the lines above.'),
  ].join('\n');
}

function field(name: string, text: string): string {
  const lines = text.split('\n').map(printable);
  return `  ${name.padEnd(9)} ${lines.join(`\n${' '.repeat(12)}`)}`;
}
