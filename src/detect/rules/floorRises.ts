import { formatDuration } from '../../model/units.ts';
import { formatAmount, formatRate } from '../amount.ts';
import { clamp, type Rule } from './rule.ts';

/** Does the floor rise, block after block, by more than chance and autocorrelated noise would make it? */
export const floorRises: Rule = {
  name: 'floor-rises',
  weigh(e, { unit }) {
    const consistent = clamp((e.tau - 0.65) * 12, -6, 2);
    const significant = clamp((Math.min(e.steadiness, e.trendT) - 3) * 0.8, -5, 3);
    const weight = Math.min(consistent, significant) + Math.max(0, Math.min(consistent, significant) * 0.5);
    const span = formatDuration(e.toMs - e.fromMs);
    const text =
      weight > 0
        ? `the floor rose by ${formatAmount(e.growth, unit)} in ${span}, ${formatRate(e.slopePerMs, unit)}, in ${percent((e.tau + 1) / 2)} of all comparisons`
        : `the floor does not rise steadily: ${formatAmount(e.growth, unit)} in ${span}, up in ${percent((e.tau + 1) / 2)} of all comparisons`;
    return { weight, text };
  },
};

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
