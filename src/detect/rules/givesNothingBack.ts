import { clamp, type Rule } from './rule.ts';

/** A leak never gives back; caches, queues and heaps do. */
export const givesNothingBack: Rule = {
  name: 'gives-nothing-back',
  weigh(e) {
    const weight = clamp(1.2 - 9 * e.giveBack, -5, 1);
    const share = Math.round(clamp(e.giveBack, 0, 9.99) * 100);
    return {
      weight,
      text: share === 0 ? 'nothing of the growth was given back' : `at most ${share} % of the growth was given back at any time`,
    };
  },
};
