import type { AlarmRule } from './baseline.ts';
import { indexFrom, lineFitter } from './line.ts';

/** The rule found inside applications: R² of at least 0.85 over six hours, and growth of at least 3 % of the level in them. */
export function linearR2(): AlarmRule {
  return ({ hours, values }) => {
    const from = indexFrom(hours, (hours.at(-1) ?? 0) - 6);
    if (hours.length - from < 30) return false;
    const line = lineFitter(hours.slice(from), values.slice(from))(0, hours.length - from);
    return line.r2 >= 0.85 && line.slope > 0 && line.slope * 6 >= 0.03 * (values.at(-1) ?? 0);
  };
}
