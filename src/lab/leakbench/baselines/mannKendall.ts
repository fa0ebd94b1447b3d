import type { AlarmRule, Buckets } from './baseline.ts';

/** Mann-Kendall at 0.1 % over the whole life with Sen's slope: alarm when the wall is less than 30 days away. */
export function mannKendallSen(): AlarmRule {
  return ({ hours, values, wall }: Buckets) => {
    if (values.length < 72) return false;
    const every = Math.max(1, Math.ceil(values.length / 150));
    const picked = values.filter((_, index) => index % every === 0);
    const { z, slope } = trendOf(picked);
    const perHour = slope / (every * ((hours[1] ?? 1) - (hours[0] ?? 0)));
    return z > 3.09 && perHour > 0 && (wall - (values.at(-1) ?? 0)) / perHour < 720;
  };
}

function trendOf(values: readonly number[]): { z: number; slope: number } {
  const n = values.length;
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let sum = 0;
  let pair = 0;
  for (let i = 0; i < n; i += 1) {
    const earlier = values[i] ?? 0;
    for (let j = i + 1; j < n; j += 1) {
      const difference = (values[j] ?? 0) - earlier;
      sum += Math.sign(difference);
      slopes[pair] = difference / (j - i);
      pair += 1;
    }
  }
  const variance = (n * (n - 1) * (2 * n + 5)) / 18;
  slopes.sort();
  return { z: (sum - Math.sign(sum)) / Math.sqrt(variance), slope: slopes[slopes.length >> 1] ?? 0 };
}
