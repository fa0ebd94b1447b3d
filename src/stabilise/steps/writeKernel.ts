/** One value in a file of the kernel. Of a process that has ended, or a cgroup that is gone, there is nothing to put back. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { isStillRunning } from '../../kernel/processIdentity.ts';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import type { StepContext, StepRunner } from './step.ts';

type WriteKernel = Extract<Step, { do: 'write-kernel' }>;

export const writeKernel: StepRunner<WriteKernel> = {
  async run(step, context) {
    if (!isThere(step, context)) throw gone(step);
    write(step.path, step.after);
  },
  async undo(step, context) {
    if (!isThere(step, context)) return;
    const found = read(step.path);
    // Somebody else set it to something else since, which stays.
    if (found !== null && found === step.after) write(step.path, step.before);
  },
};

function isThere({ process: owner, path }: WriteKernel, { procRoot }: StepContext): boolean {
  return owner === null ? read(path) !== null : isStillRunning(owner, procRoot);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'ENODEV'].includes(String(error.code))) return null;
    throw refused(path, error);
  }
}

function write(path: string, value: string): void {
  try {
    const fd = openSync(path, 'w');
    try {
      writeSync(fd, value);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw refused(path, error);
  }
}

function gone({ path }: WriteKernel): StanchError {
  return new StanchError('STANCH_E_GONE', { expected: `${path} to be there`, found: 'that it has ended since', next: 'Plan again.' });
}

function refused(path: string, error: unknown): StanchError {
  return new StanchError('STANCH_E_NOT_PERMITTED', {
    expected: `to set ${path}`,
    found: error instanceof Error ? error.message : String(error),
    next: 'Run stanch as root to act; in a container the host has to allow it.',
    cause: error,
  });
}
