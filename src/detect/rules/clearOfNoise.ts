import { formatAmount } from '../amount.ts';
import { clamp, type Rule } from './rule.ts';

/** Is the growth large against the scatter of the floors? Replaces fixed thresholds in MiB: a quiet process leaks visibly at once. */
export const clearOfNoise: Rule = {
  name: 'clear-of-noise',
  weigh: (e) => clamp(1.5 * Math.log(Math.max(e.signalToNoise, 1e-3) / 6), -5, 6),
  tell(e, { unit }) {
    if (e.growth <= 0) return `it does not grow: its usual scatter is ${formatAmount(e.noise, unit)}`;
    if (e.signalToNoise < 1)
      return `the growth of ${formatAmount(e.growth, unit)} is less than the usual scatter of ${formatAmount(e.noise, unit)}`;
    const times = e.signalToNoise < 10 ? e.signalToNoise.toFixed(1) : Math.round(e.signalToNoise);
    return `the growth of ${formatAmount(e.growth, unit)} is ${times} × the usual scatter of ${formatAmount(e.noise, unit)}`;
  },
};
