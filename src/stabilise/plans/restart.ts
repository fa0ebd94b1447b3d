/** Its memory is given back, by whoever keeps it running, as gently as that one can. */
import { formatBytes } from '../../model/units.ts';
import { restartSteps } from '../managers/index.ts';
import { type Planner, planOf } from './plan.ts';

export const restart: Planner = (target, options) => {
  const { steps, risk } = restartSteps(target, options);
  return planOf(target, {
    kind: 'restart',
    reason: `That gives back about ${formatBytes(target.privateBytes)}. The leak stays until the program is mended.`,
    steps,
    risk,
    undoable: false,
    expectedBytes: target.privateBytes,
  });
};
