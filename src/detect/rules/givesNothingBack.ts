import { clamp, percent, type Rule } from './rule.ts';

/** A leak never gives back; caches, queues and heaps do. */
export const givesNothingBack: Rule = {
  name: 'gives-nothing-back',
  weigh: (e) => clamp(1.2 - 9 * e.giveBack, -5, 1),
  tell(e) {
    if (e.giveBack < 0.005) return 'nothing of the growth was given back';
    if (e.giveBack >= 1) return 'as much as it grew was given back at some time';
    return `at most ${percent(e.giveBack)} of the growth was given back at any time`;
  },
};
