/** A drop-in for a unit that is masked, or that systemd does not know, changes nothing: then it is not written in the first place. */
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import type { StepRunner } from './step.ts';

export const checkUnit: StepRunner<Extract<Step, { do: 'check-unit' }>> = {
  async run({ unit }, { systemd }) {
    const state = await systemd.loadState(unit);
    if (state === 'loaded') return;
    throw new StanchError('STANCH_E_UNIT', {
      expected: `systemd to have loaded ${unit}`,
      found: state,
      next: state === 'masked' ? `If it is wanted again: systemctl unmask ${unit}` : `See what it is: systemctl status ${unit}`,
    });
  },
  undo: null,
};
