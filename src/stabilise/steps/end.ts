/** Ends a process: asked first, and by SIGKILL when it is there still after the grace. */
import { setTimeout as wait } from 'node:timers/promises';
import { isStillRunning } from '../../kernel/processIdentity.ts';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { formatMs } from '../../model/units.ts';
import { send } from './signal.ts';
import type { StepRunner } from './step.ts';

const pollMs = 50;
/** After SIGKILL a process can hang in the kernel, at a disk that does not answer. */
const killedWithinMs = 5000;

export const end: StepRunner<Extract<Step, { do: 'end' }>> = {
  async run({ process: target, signal, graceMs }, context) {
    // It is gone, which is what was wanted.
    if (!send(target, signal, context)) return;
    const isGone = () => !isStillRunning(target, context.procRoot);
    if (await within(graceMs, isGone)) return;
    send(target, 'SIGKILL', context);
    if (await within(killedWithinMs, isGone)) return;
    throw new StanchError('STANCH_E_NOT_POSSIBLE', {
      expected: `process ${target.pid} to end within ${formatMs(killedWithinMs)} of SIGKILL`,
      found: 'that it is there still: it waits in the kernel, mostly for a disk',
      next: `See what it waits for: cat /proc/${target.pid}/wchan`,
    });
  },
  undo: null,
};

async function within(ms: number, isGone: () => boolean): Promise<boolean> {
  for (const endMs = performance.now() + ms; performance.now() < endMs; await wait(pollMs)) if (isGone()) return true;
  return isGone();
}
