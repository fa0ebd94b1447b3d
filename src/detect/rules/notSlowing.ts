import { clamp, percent, type Rule } from './rule.ts';

/** Growth that bends down significantly is on its way to an end. */
export const notSlowing: Rule = {
  name: 'not-slowing',
  weigh: (e) => clamp(e.curvatureT + 2, -8, 1),
  tell: (e, _, weight) =>
    weight > 0
      ? 'its rate does not fall over the window'
      : `its rate falls over the window: the last third runs at ${percent(e.lateShare)} of the average, more than chance explains`,
};
