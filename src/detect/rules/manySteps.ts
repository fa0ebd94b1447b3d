import { clamp, type Rule } from './rule.ts';

/** Growth in one or two steps is a deployment, a tenant or a loaded file; a leak takes many. */
export const manySteps: Rule = {
  name: 'many-steps',
  weigh(e) {
    const weight = clamp(2.2 * Math.log(Math.max(e.effectiveSteps, 0.5) / 5), -5, 1.5);
    const largest = Math.round(e.largestStep * 100);
    return {
      weight,
      text:
        weight > 0
          ? `the growth is spread over the whole time: its largest step holds ${largest} % of it`
          : `the growth came in few steps: the largest holds ${largest} % of it`,
    };
  },
};
