/** The program's entry: runs the command, turns every error into code, sentence and exit code. */
import { run } from '@stricli/core';
import { loadApplication } from './application.ts';
import type { CliContext } from './context.ts';
import { exitCodeOf, failureText } from './failure.ts';

async function main(args: readonly string[]): Promise<void> {
  const { stdout, stderr, env } = process;
  const context: CliContext = { process: { stdout, stderr, env } };
  await run(await loadApplication(args[0]), args, context);
  process.exitCode = sysexit(context.process.exitCode);
}

/** stricli's own codes are negative: -5 and -4 are usage, the rest are bugs. */
function sysexit(code: number | string | null | undefined): number {
  const number = Number(code ?? 0);
  if (number >= 0) return number;
  return number === -4 || number === -5 ? 64 : 70;
}

function onBrokenPipe(error: NodeJS.ErrnoException): void {
  // `stanch … | head`: the reader has had enough, which is no error.
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
}

function failed(error: unknown): never {
  process.stderr.write(`${failureText(error)}\n`);
  process.exit(exitCodeOf(error));
}

process.stdout.on('error', onBrokenPipe);
process.stderr.on('error', onBrokenPipe);
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);
main(process.argv.slice(2)).catch(failed);
