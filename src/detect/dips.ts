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

const steps = new Float64Array(128);
const dips = new Int32Array(256);

/** Fills the dips of `floor[from, from + n)`, oldest first, with the floor before them. Returns in how many buckets. */
export function fillDips(floor: Float64Array, from: number, n: number): number {
  if (hasNone(floor, from, n)) return 0;
  const leastDepth = clear * usualStep(floor, from, n);
  const reach = Math.floor(n * longest);
  let count = 0;
  let highestYet = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i += 1) {
    const value = floor[from + i] ?? 0;
    if (value > highestYet) highestYet = value;
    if (highestYet - value <= leastDepth) continue;
    const before = highest(floor, from + Math.max(0, i - reach), from + i);
    const depth = before - value;
    if (depth <= leastDepth || highest(floor, from + i + 1, from + Math.min(n, i + 1 + reach)) < before - missing * depth) continue;
    dips[count] = from + i;
    count += 1;
    if (count > most * n) return 0;
  }
  for (let k = 0; k < count; k += 1) floor[dips[k] ?? 0] = floor[(dips[k] ?? 0) - 1] ?? 0;
  return count;
}

/** A look that costs little: most steps are so large that nothing in the window is deep enough. */
function hasNone(floor: Float64Array, from: number, n: number): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + n; i += 1) {
    const value = floor[i] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const large = (high - low) / clear;
  let count = 0;
  for (let i = from + 1; i < from + n; i += 2) if (Math.abs((floor[i] ?? 0) - (floor[i - 1] ?? 0)) >= large) count += 1;
  return count > (n >> 1) / 2;
}

/** Median step from bucket to bucket, by every second one. */
function usualStep(floor: Float64Array, from: number, n: number): number {
  let count = 0;
  for (let i = 1; i < n; i += 2) {
    steps[count] = Math.abs((floor[from + i] ?? 0) - (floor[from + i - 1] ?? 0));
    count += 1;
  }
  return count === 0 ? 0 : quantile(steps, count, 0.5);
}

function highest(floor: Float64Array, from: number, end: number): number {
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i < end; i += 1) {
    const value = floor[i] ?? high;
    if (value > high) high = value;
  }
  return high;
}
