import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { formatBytes } from '../../model/units.ts';
import { readHeldBytes } from '../unitMemory.ts';
import type { StepRunner } from './step.ts';

/** Where memory is not counted, nothing is limited either: that is seen afterwards. */
export const checkRoom: StepRunner<Extract<Step, { do: 'check-room' }>> = {
  async run({ unit, cgroup, mostBytes }, { cgroupRoot }) {
    const heldBytes = readHeldBytes(`${cgroupRoot}${cgroup}`);
    if (heldBytes === null || heldBytes <= mostBytes) return;
    throw new StanchError('STANCH_E_CHANGED_SINCE', {
      expected: `${unit} to hold less than its limit of ${formatBytes(mostBytes)}, as when this was planned`,
      found: `${formatBytes(heldBytes)}: it would stand still or be ended at once`,
      next: 'Plan again, or restart it first.',
    });
  },
  undo: null,
};
