/** Whether limits that were written down hold: another drop-in may say otherwise, or nobody counts memory here. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { notInForce } from '../liveLimits.ts';
import type { StepRunner } from './step.ts';

const pollMs = 100;
/** systemd answers first, and writes to the cgroups a moment later. */
const withinMs = 10_000;

export const checkLimits: StepRunner<Extract<Step, { do: 'check-limits' }>> = {
  async run({ unit, cgroup, limits }, { cgroupRoot }) {
    let missing = notInForce(`${cgroupRoot}${cgroup}`, limits);
    for (const endMs = performance.now() + withinMs; missing.length > 0 && performance.now() < endMs; ) {
      await wait(pollMs);
      missing = notInForce(`${cgroupRoot}${cgroup}`, limits);
    }
    if (missing.length === 0) return;
    const wanted = Object.entries(limits).map(([name, value]) => `${name} ${value}`);
    throw new StanchError('STANCH_E_UNIT', {
      expected: `${wanted.join(', ')} to hold for ${unit}`,
      found: missing.join(', '),
      next: `A drop-in that is read later may say otherwise: systemctl cat ${unit}`,
    });
  },
  undo: null,
};
