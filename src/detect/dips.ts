/**
 * Memory that goes and is back at once was not given back: a worker that was replaced, a model that was loaded anew. Such dips are filled, or
 * a single one would hide the growth of a week. Pure.
 */
import { quantile } from './statistics.ts';

/** Share of a window within which the level is back, and share of its buckets that dips may take: what dips more often is garbage. */
const longest = 1 / 8;
const most = 1 / 8;

/** Usual steps from bucket to bucket below the highest of those before that make a dip, and the share of it that may be missing afterwards. */
const clear = 8;
const missing = 1 / 4;

const depths = new Float64Array(256);
const steps = new Float64Array(256);

/** Fills the dips of `floor[from, from + n)`, oldest first, with the floor before them. Returns in how many buckets. */
export function fillDips(floor: Float64Array, from: number, n: number): number {
  const reach = Math.floor(n * longest);
  for (let i = 0; i < n; i += 1) {
    const before = highest(floor, from + Math.max(0, i - reach), from + i);
    const after = highest(floor, from + i + 1, from + Math.min(n, i + 1 + reach));
    const depth = before - (floor[from + i] ?? 0);
    depths[i] = depth > 0 && after >= before - missing * depth ? depth : 0;
    if (i > 0) steps[i - 1] = Math.abs((floor[from + i] ?? 0) - (floor[from + i - 1] ?? 0));
  }
  const leastDepth = n < 2 ? 0 : clear * quantile(steps, n - 1, 0.5);
  let count = 0;
  for (let i = 0; i < n; i += 1) if ((depths[i] ?? 0) > leastDepth) count += 1;
  if (count === 0 || count > most * n) return 0;
  for (let i = 1; i < n; i += 1) if ((depths[i] ?? 0) > leastDepth) floor[from + i] = floor[from + i - 1] ?? 0;
  return count;
}

function highest(floor: Float64Array, from: number, end: number): number {
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i < end; i += 1) high = Math.max(high, floor[i] ?? high);
  return high;
}
