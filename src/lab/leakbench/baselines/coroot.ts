import type { AlarmRule } from './baseline.ts';
import { indexFrom, lineFitter } from './line.ts';

/**
 * Coroot's rule of 2026 on a window of three hours: rising, the last quarter at least 0.3 times as steep as the whole,
 * growth in the last hour of at least 5 % of the wall and more than 10 % of the level.
 */
export function coroot(): AlarmRule {
  return ({ hours, values, wall }) => {
    const from = indexFrom(hours, (hours.at(-1) ?? 0) - 3);
    const count = hours.length - from;
    if (count < 15) return false;
    const fit = lineFitter(hours.slice(from), values.slice(from));
    const line = fit(0, count);
    const tail = fit(Math.floor((count * 3) / 4), count);
    const level = line.intercept + line.slope * ((hours.at(-1) ?? 0) - 1);
    return line.slope > 0 && tail.slope >= 0.3 * line.slope && line.slope >= 0.05 * wall && level > 0 && line.slope / level > 0.1;
  };
}
