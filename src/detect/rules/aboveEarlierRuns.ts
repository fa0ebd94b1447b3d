import { formatAmount } from '../amount.ts';
import { clamp, type Rule } from './rule.ts';

/** A new run that is no higher than earlier ones were at its age shows nothing new. */
export const aboveEarlierRuns: Rule = {
  name: 'above-earlier-runs',
  weigh: (e) => (e.aboveEarlierRuns === null ? null : clamp((e.aboveEarlierRuns - 0.5) * 6, -6, 1.5)),
  tell: (e, { unit }) =>
    (e.aboveEarlierRuns ?? 0) > 0
      ? `it stands ${formatAmount((e.aboveEarlierRuns ?? 0) * Math.max(e.growth, e.noise), unit)} above earlier runs at this age`
      : 'earlier runs were as high at this age',
};
