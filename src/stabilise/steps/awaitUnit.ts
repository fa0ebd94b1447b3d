/** Until a restart is over: what holds from then on would end the old processes before they have ended by themselves. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { formatDuration } from '../../model/units.ts';
import type { StepRunner } from './step.ts';

const pollMs = 200;

export const awaitUnit: StepRunner<Extract<Step, { do: 'await-unit' }>> = {
  async run({ unit, withinMs }, { systemd }) {
    for (const endMs = performance.now() + withinMs; performance.now() < endMs; await wait(pollMs)) {
      if (await systemd.hasJob(unit)) continue;
      const state = await systemd.activeState(unit);
      if (state === 'active') return;
      if (state === 'failed' || state === 'inactive') throw notUp(unit, state);
    }
    throw notUp(unit, `that it is not up after ${formatDuration(withinMs)}`);
  },
  undo: null,
};

function notUp(unit: string, found: string): StanchError {
  return new StanchError('STANCH_E_UNIT', {
    expected: `${unit} to be up again`,
    found,
    next: `See what it says: journalctl -u ${unit}`,
  });
}
