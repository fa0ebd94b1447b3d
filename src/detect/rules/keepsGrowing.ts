import { clamp, type Rule } from './rule.ts';

/** Warm-ups and caches end; a leak grows as fast at the end of the window as before. */
export const keepsGrowing: Rule = {
  name: 'keeps-growing',
  weigh(e) {
    const weight = clamp((e.lateShare - 0.55) * 5, -6, 1.2);
    const late = Math.round(clamp(e.lateShare, -9.99, 9.99) * 100);
    return {
      weight,
      text:
        weight > 0
          ? `it still grows: the last third runs at ${late} % of the average rate`
          : `it has slowed down: the last third runs at ${late} % of the average rate`,
    };
  },
};
