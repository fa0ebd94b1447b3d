import { formatAmount } from '../amount.ts';
import { clamp, type Rule } from './rule.ts';

/** What was as high before came down again before. */
export const newHigh: Rule = {
  name: 'new-high',
  weigh: (e) => (e.newHigh === null ? null : clamp((e.newHigh - 0.4) * 4, -6, 1.2) * Math.min(1, 0.3 + e.pastSpans)),
  tell: (e, { unit }) =>
    (e.newHigh ?? 0) > 0
      ? `the floor stands ${formatAmount((e.newHigh ?? 0) * Math.max(e.growth, e.noise), unit)} above everything before`
      : 'the floor was as high before and came down again',
};
