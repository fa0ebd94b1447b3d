import type { AlarmRule } from './baseline.ts';
import { indexFrom, lineFitter } from './line.ts';

/** Linear backward regression (Jindal et al. 2021): any of 12 windows back from now, of six hours and more, with R² over 0.8 and the wall within a week. */
export function linearBackward(): AlarmRule {
  return ({ hours, values, wall }) => {
    const now = hours.at(-1) ?? 0;
    const age = now - (hours[0] ?? 0);
    if (age <= 6) return false;
    const fit = lineFitter(hours, values);
    for (let i = 0; i < 12; i += 1) {
      const line = fit(indexFrom(hours, now - (6 + ((age - 6) * i) / 11)), hours.length);
      if (line.r2 > 0.8 && line.slope > 0 && (wall - (values.at(-1) ?? 0)) / line.slope < 168) return true;
    }
    return false;
  };
}
