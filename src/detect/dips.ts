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
  const reach = Math.floor(n * longest);
  if (reach === 0 || hasNone(floor, from, n)) return 0;
  const leastDepth = clear * usualStep(floor, from, n);
  const end = from + n;
  let count = 0;
  /** Of the highest within reach before the bucket at hand, the latest: most of the time it stays or is the one that came last. */
  let highestAt = from;
  for (let i = from + 1; i < end; i += 1) {
    if (highestAt < i - reach) highestAt = latestHighest(floor, i - reach, i);
    const value = floor[i] ?? 0;
    const before = floor[highestAt] ?? 0;
    if (value >= before) highestAt = i;
    const depth = before - value;
    if (depth <= leastDepth || !comesBack(floor, i + 1, Math.min(end, i + 1 + reach), before - missing * depth)) continue;
    dips[count] = i;
    count += 1;
    if (count > most * n) return 0;
  }
  for (let k = 0; k < count; k += 1) floor[dips[k] ?? 0] = floor[(dips[k] ?? 0) - 1] ?? 0;
  return count;
}

/** A look that costs little: most steps are so large that nothing is deep enough below what was before. */
function hasNone(floor: Float64Array, from: number, n: number): boolean {
  let highestYet = Number.NEGATIVE_INFINITY;
  let deepest = 0;
  for (let i = from; i < from + n; i += 1) {
    const value = floor[i] ?? 0;
    if (value > highestYet) highestYet = value;
    else if (highestYet - value > deepest) deepest = highestYet - value;
  }
  if (deepest === 0) return true;
  const large = deepest / clear;
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

function latestHighest(floor: Float64Array, from: number, end: number): number {
  let at = from;
  for (let i = from + 1; i < end; i += 1) if ((floor[i] ?? 0) >= (floor[at] ?? 0)) at = i;
  return at;
}

function comesBack(floor: Float64Array, from: number, end: number, level: number): boolean {
  for (let i = from; i < end; i += 1) if ((floor[i] ?? 0) >= level) return true;
  return false;
}
