import { clamp, percent, type Rule } from './rule.ts';

/** Share of a past fall that is forgiven where the floor now stands above everything before: a deployment falls once, a saw-tooth comes back. */
const outgrown = 0.8;

/** A floor that fell by as much before may fall again. */
export const pastGiveBack: Rule = {
  name: 'never-gave-back',
  weigh(e) {
    if (e.pastGiveBack === null) return null;
    const counts = e.pastGiveBack * (1 - outgrown * clamp(e.newHigh ?? 0, 0, 1));
    return clamp(0.6 - 3.5 * counts, -4, 0.6) * Math.min(1, 0.3 + e.pastSpans);
  },
  tell(e) {
    const share = e.pastGiveBack ?? 0;
    if (share < 0.005) return 'before this growth the floor never fell by itself';
    return `before this growth the floor fell by itself by at most ${percent(share)} of as much`;
  },
};
