import { clamp, type Rule } from './rule.ts';

/** A floor that fell by as much before may fall again. */
export const pastGiveBack: Rule = {
  name: 'never-gave-back',
  weigh(e) {
    if (e.pastGiveBack === null) return null;
    const weight = clamp(0.6 - 3.5 * e.pastGiveBack, -4, 0.6) * Math.min(1, 0.3 + e.pastSpans);
    const share = Math.round(clamp(e.pastGiveBack, 0, 9.99) * 100);
    return { weight, text: `before this growth the floor gave back at most ${share} % as much by itself` };
  },
};
