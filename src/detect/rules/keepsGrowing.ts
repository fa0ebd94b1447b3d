import { clamp, percent, type Rule } from './rule.ts';

/** Healthy programs settle within this much growth, as a share of where they started: what slows down sooner has most likely settled. */
const settledWithin = 0.3;

/** How much the word counts beyond that: leaks pause as well. */
const beyond = 0.18;

/** Warm-ups and caches end; a leak grows as fast at the end of the window as before. */
export const keepsGrowing: Rule = {
  name: 'keeps-growing',
  weigh(e) {
    const opinion = clamp((e.lateShare - 0.55) * 5, -6, 1.2);
    const little = opinion < 0 ? 1 - clamp(e.relativeGrowth / settledWithin, 0, 1) : 0;
    return opinion * (beyond + (1 - beyond) * little);
  },
  tell(e, _, weight) {
    if (e.lateShare <= 0) return 'it does not grow any more: the floor does not rise in the last third';
    return `${weight > 0 ? 'it still grows' : 'it has slowed down'}: the last third runs at ${percent(e.lateShare)} of the average rate`;
  },
};
