import { formatAmount } from '../amount.ts';
import { clamp, type Rule } from './rule.ts';

const minuteMs = 60_000;

/** Does the growth matter for this process? Short windows need more, because everything moves in minutes. */
export const material: Rule = {
  name: 'material',
  weigh(e, { unit }) {
    const spanMinutes = (e.toMs - e.fromMs) / minuteMs;
    const needed = clamp(0.3 * Math.sqrt(10 / Math.max(spanMinutes, 1)), 0.02, 0.5);
    const relative = 1.4 * Math.log(Math.max(e.relativeGrowth, 1e-6) / needed);
    const absolute = 1.4 * Math.log(Math.max(e.growth, 1e-6) / (unit === 'bytes' ? 1_048_576 : 8));
    return clamp(Math.min(relative, absolute), -5, 3);
  },
  tell(e, { unit }) {
    const share = Math.abs(clamp(e.relativeGrowth, -999, 999)) * 100;
    const change = e.growth < 0 ? 'shrank' : 'grew';
    return `it ${change} by ${formatAmount(Math.abs(e.growth), unit)}, ${share.toFixed(share < 10 ? 1 : 0)} % of where it started`;
  },
};
