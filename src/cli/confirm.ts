/** Asks before something is done. Throws STANCH_E_USAGE where nobody can be asked. */
import { createInterface } from 'node:readline/promises';
import { StanchError } from '../model/errors.ts';
import type { CliContext } from './context.ts';

export async function confirmed({ process: { stdout } }: CliContext, { json }: { json: boolean }): Promise<boolean> {
  if (json || !process.stdin.isTTY) {
    throw new StanchError('STANCH_E_USAGE', {
      expected: '--yes, where nobody can be asked',
      found: 'no terminal',
      next: 'Look at the plan with --dry-run first.',
    });
  }
  stdout.write('\n');
  const line = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await line.question('Do it? [y/N] ')).trim());
  } finally {
    line.close();
  }
}
