/** Errors as the terminal shows them: code, what was expected, what was found, what to do next. */
import { StanchError } from '../model/errors.ts';
import { printable } from './printable.ts';

export function failureText(error: unknown): string {
  const known = foreseen(error);
  if (known === null) return bugText(error);
  return [`stanch: ${known.code}`, field('expected', known.expected), field('found', known.found), field('next', known.next)].join('\n');
}

/** 70 for whatever stanch did not foresee. */
export function exitCodeOf(error: unknown): number {
  return foreseen(error)?.exitCode ?? 70;
}

const outputErrors: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

/** What could not be written to where the output goes (`> /full/disk/file`) is no bug; the store catches its own. */
function foreseen(error: unknown): StanchError | null {
  if (error instanceof StanchError) return error;
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return null;
  if (error.syscall !== 'write' || !outputErrors.includes(error.code)) return null;
  return new StanchError('STANCH_E_OUTPUT', {
    expected: 'to be able to write the result',
    found: error.message,
    next: 'Make room where the output goes, or send it elsewhere.',
    cause: error,
  });
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
