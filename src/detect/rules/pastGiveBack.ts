import { clamp, percent, type Rule } from './rule.ts';

/** A floor that fell by as much before may fall again. */
export const pastGiveBack: Rule = {
  name: 'never-gave-back',
  weigh: (e) => (e.pastGiveBack === null ? null : clamp(0.6 - 3.5 * e.pastGiveBack, -4, 0.6) * Math.min(1, 0.3 + e.pastSpans)),
  tell: (e) => `before this growth the floor gave back at most ${percent(e.pastGiveBack ?? 0)} as much by itself`,
};
