import { clamp, percent, type Rule } from './rule.ts';

/** A floor that fell by as much before may fall again. */
export const pastGiveBack: Rule = {
  name: 'never-gave-back',
  weigh: (e) => (e.pastGiveBack === null ? null : clamp(0.6 - 3.5 * e.pastGiveBack, -4, 0.6) * Math.min(1, 0.3 + e.pastSpans)),
  tell(e) {
    const share = e.pastGiveBack ?? 0;
    if (share < 0.005) return 'before this growth the floor never fell by itself';
    return `before this growth the floor fell by itself by at most ${percent(share)} of as much`;
  },
};
