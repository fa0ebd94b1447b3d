/** A signal to the very process that was meant: looked at right before, since a pid may be another one's by now. */
import { isStillRunning } from '../../kernel/processIdentity.ts';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import type { ProcessId } from '../../model/subject.ts';
import type { StepContext, StepRunner } from './step.ts';

export const signal: StepRunner<Extract<Step, { do: 'signal' }>> = {
  async run(step, context) {
    if (!send(step.process, step.signal, context)) {
      throw new StanchError('STANCH_E_GONE', {
        expected: `process ${step.process.pid} to run still`,
        found: 'that it has ended',
        next: 'Plan again.',
      });
    }
  },
  undo: null,
};

/** False: it has ended. Throws STANCH_E_NOT_PERMITTED. */
export function send(target: ProcessId, name: NodeJS.Signals, { procRoot }: Pick<StepContext, 'procRoot'>): boolean {
  if (!isStillRunning(target, procRoot)) return false;
  try {
    process.kill(target.pid, name);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw new StanchError('STANCH_E_NOT_PERMITTED', {
      expected: `to send ${name} to process ${target.pid}`,
      found: error instanceof Error ? error.message : String(error),
      next: 'Run stanch as root, or as the user of that process.',
      cause: error,
    });
  }
}
