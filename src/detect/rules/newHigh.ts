import { formatAmount } from '../amount.ts';
import { clamp, type Rule } from './rule.ts';

/** What was as high before came down again before. */
export const newHigh: Rule = {
  name: 'new-high',
  weigh(e, { unit }) {
    if (e.newHigh === null) return null;
    const weight = clamp((e.newHigh - 0.4) * 4, -6, 1.2) * Math.min(1, 0.3 + e.pastSpans);
    return {
      weight,
      text:
        e.newHigh > 0
          ? `the floor stands ${formatAmount(e.newHigh * e.growth, unit)} above everything before`
          : 'the floor was as high before and came down again',
    };
  },
};
