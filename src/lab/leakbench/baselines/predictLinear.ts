import type { AlarmRule } from './baseline.ts';
import { indexFrom, lineFitter } from './line.ts';

/** Prometheus: `predict_linear(x[6h], 4 * 86400) > limit`. */
export function predictLinear(): AlarmRule {
  return ({ hours, values, wall }) => {
    const now = hours.at(-1) ?? 0;
    const from = indexFrom(hours, now - 6);
    if (hours.length - from < 30) return false;
    const line = lineFitter(hours.slice(from), values.slice(from))(0, hours.length - from);
    return line.intercept + line.slope * (now + 96) > wall;
  };
}
