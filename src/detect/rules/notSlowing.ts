import { clamp, percent, type Rule } from './rule.ts';

/** Growth that bends down significantly is on its way to an end. */
export const notSlowing: Rule = {
  name: 'not-slowing',
  weigh: (e) => clamp(e.curvatureT + 2, -8, 1),
  tell(e, _, weight) {
    if (weight > 0) return 'its rate does not fall over the window';
    const late = e.lateShare > 0 ? `the last third runs at ${percent(e.lateShare)} of the average` : 'the last third does not grow';
    return `its rate falls over the window by more than chance explains: ${late}`;
  },
};
