import type { WindowEvidence } from '../evidence.ts';
import { clamp, percent, type Rule } from './rule.ts';

/**
 * A t of few degrees of freedom as that of a normal (Wallace 1959): four steps of a leak that come by chance often bend by as much as three
 * times their error.
 */
function asNormal(t: number, freedom: number): number {
  return ((Math.sign(t) * (8 * freedom + 1)) / (8 * freedom + 3)) * Math.sqrt(freedom * Math.log1p((t * t) / freedom));
}

/**
 * How much of a bend is forgiven where a line explains the growth better than all that ends, by the share of the average rate at which the
 * last third still runs: a quiet series shows a bend of any size, and what loses a fifth of its rate in all this time ends nowhere soon.
 */
const forgiven = { most: 0.8, noneBelow: 0.6, perShare: 1 / 0.3 };

function bendForgiven({ lineOdds, lateShare }: WindowEvidence): number {
  return clamp(2 * lineOdds, 0, 1) * clamp((lateShare - forgiven.noneBelow) * forgiven.perShare, 0, forgiven.most);
}

/** Growth that bends down significantly is on its way to an end. What comes in few steps says little about its bend. */
export const notSlowing: Rule = {
  name: 'not-slowing',
  weigh(e) {
    const opinion = clamp(asNormal(e.curvatureT, Math.max(1, e.effectiveSteps - 1)) + 2, -8, 1);
    return opinion < 0 ? opinion * (1 - bendForgiven(e)) : opinion;
  },
  tell(e, _, weight) {
    if (weight > 0) return 'its rate does not fall over the window';
    const late = e.lateShare > 0 ? `the last third runs at ${percent(e.lateShare)} of the average` : 'the last third does not grow';
    return `its rate falls over the window by more than chance explains: ${late}`;
  },
};
