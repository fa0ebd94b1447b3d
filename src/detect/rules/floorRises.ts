import { formatDuration } from '../../model/units.ts';
import { formatAmount, formatRate } from '../amount.ts';
import { clamp, percent, type Rule } from './rule.ts';

/** Does the floor rise, block after block, by more than chance and autocorrelated noise would make it? */
export const floorRises: Rule = {
  name: 'floor-rises',
  weigh(e) {
    const consistent = clamp((e.tau - 0.65) * 12, -6, 2);
    const significant = clamp((Math.min(e.steadiness, e.trendT) - 3) * 0.8, -5, 3);
    const weaker = Math.min(consistent, significant);
    return weaker + Math.max(0, weaker * 0.5);
  },
  tell(e, { unit }, weight) {
    const span = formatDuration(e.toMs - e.fromMs);
    const ups = percent((e.tau + 1) / 2);
    if (e.growth < 0) return `the floor does not rise: it fell by ${formatAmount(-e.growth, unit)} in ${span}`;
    return weight > 0
      ? `the floor rose by ${formatAmount(e.growth, unit)} in ${span}, ${formatRate(e.slopePerMs, unit)}, up in ${ups} of all comparisons`
      : `the floor does not rise steadily: ${formatAmount(e.growth, unit)} in ${span}, up in ${ups} of all comparisons`;
  },
};
