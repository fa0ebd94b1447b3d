import { clamp, percent, type Rule } from './rule.ts';

/** Warm-ups and caches end; a leak grows as fast at the end of the window as before. */
export const keepsGrowing: Rule = {
  name: 'keeps-growing',
  weigh: (e) => clamp((e.lateShare - 0.55) * 5, -6, 1.2),
  tell(e, _, weight) {
    if (e.lateShare <= 0) return 'it does not grow any more: the floor does not rise in the last third';
    return `${weight > 0 ? 'it still grows' : 'it has slowed down'}: the last third runs at ${percent(e.lateShare)} of the average rate`;
  },
};
