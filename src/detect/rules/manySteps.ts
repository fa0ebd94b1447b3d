import { clamp, percent, type Rule } from './rule.ts';

/** Growth in one or two steps is a deployment, a tenant or a loaded file; a leak takes many. */
export const manySteps: Rule = {
  name: 'many-steps',
  weigh: (e) => clamp(2.2 * Math.log(Math.max(e.effectiveSteps, 0.5) / 5), -5, 3),
  tell(e, _, weight) {
    if (e.growth <= 0) return 'it does not grow, in many steps or in few';
    return weight > 0
      ? `the growth is spread over the whole time: its largest step holds ${percent(e.largestStep)} of it`
      : `the growth came in few steps: the largest holds ${percent(e.largestStep)} of it`;
  },
};
