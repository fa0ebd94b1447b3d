import type { AlarmRule, Buckets } from './baseline.ts';
import { indexFrom, lineFitter } from './line.ts';

interface Trend {
  slope: number;
  lengthH: number;
}

/** Defaults of the authors' code: R² 0.88, trends of six hours and more, the wall within a week, at least 40 % of it used. */
const leastR2 = 0.88;
const leastTrendH = 6;
const criticalH = 168;
const leastShareOfWall = 0.4;

/** Precog (Jindal et al. 2021): trends that are no worse than those of the training part, here the first third, are let pass. */
export function precog(): AlarmRule {
  return trained(false);
}

/** PrecogMF: the same, and the value must be above everything seen in training. */
export function precogMaximumFilter(): AlarmRule {
  return trained(true);
}

function trained(maximumFilter: boolean): AlarmRule {
  let known: (Trend & { highest: number }) | null = null;
  return ({ hours, values, wall }, endOfTrainingH) => {
    const now = hours.at(-1) ?? 0;
    if (now <= endOfTrainingH) return false;
    known ??= train({ hours, values, wall }, endOfTrainingH);
    const last = values.at(-1) ?? 0;
    if (last < leastShareOfWall * wall) return false;
    const trend = longestTrend(hours, values, hours.length);
    if (!trend || trend.slope <= 0 || (wall - last) / trend.slope > criticalH) return false;
    if (maximumFilter && last <= known.highest) return false;
    return trend.slope > known.slope || trend.lengthH > known.lengthH;
  };
}

function train({ hours, values, wall }: Buckets, endH: number): Trend & { highest: number } {
  const known = { slope: 0, lengthH: leastTrendH, highest: 0 };
  const end = indexFrom(hours, endH);
  for (let i = 0; i < end; i += 1) known.highest = Math.max(known.highest, values[i] ?? 0);
  for (let k = 1; k <= 20; k += 1) {
    const to = Math.floor((end * k) / 20);
    if (to < 30) continue;
    const trend = longestTrend(hours, values, to);
    if (!trend || trend.slope <= 0 || (wall - (values[to - 1] ?? 0)) / trend.slope >= criticalH) continue;
    known.lengthH = Math.max(known.lengthH, trend.lengthH);
    known.slope = Math.max(known.slope, trend.slope);
  }
  return known;
}

/** The longest of at most 100 windows that end at index `to` and follow a line. */
function longestTrend(hours: readonly number[], values: readonly number[], to: number): Trend | null {
  const now = hours[to - 1] ?? 0;
  const age = now - (hours[0] ?? 0);
  if (age < leastTrendH) return null;
  const windows = Math.min(100, Math.max(1, Math.floor((age - leastTrendH) / 0.25)));
  const fit = lineFitter(hours, values);
  for (let i = 0; i < windows; i += 1) {
    const lengthH = age - ((age - leastTrendH) * i) / Math.max(1, windows - 1);
    const line = fit(indexFrom(hours, now - lengthH), to);
    if (line.r2 > leastR2) return { slope: line.slope, lengthH };
  }
  return null;
}
