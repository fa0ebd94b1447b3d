import { clamp, percent, type Rule } from './rule.ts';

/**
 * Three steps are deployments or tenants, however large each, and count as three at most: fewer equal steps than these; what each of them
 * that is missing counts, and all at most.
 */
const few = { steps: 3.5, each: 8, most: 7.5 };

/** Growth in one or two steps is a deployment, a tenant or a loaded file; a leak takes many. */
export const manySteps: Rule = {
  name: 'many-steps',
  weigh: ({ effectiveSteps }) =>
    clamp(1.1 * Math.log(Math.max(effectiveSteps, 0.5) / 5), -2.5, 1.5) - clamp(few.each * (few.steps - effectiveSteps), 0, few.most),
  tell(e, _, weight) {
    if (e.growth <= 0) return 'it does not grow, in many steps or in few';
    return weight > 0
      ? `the growth is spread over the whole time: its largest step holds ${percent(e.largestStep)} of it`
      : `the growth came in few steps: the largest holds ${percent(e.largestStep)} of it`;
  },
};
