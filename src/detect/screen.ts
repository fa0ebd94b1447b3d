/** Rise between the first and the last quarter that is worth a second look, in average heights of the values above their floor. */
const leastRise = 0.4;

/**
 * A first look that costs next to nothing: do the floors of the window's quarters rise? Most series stop here.
 * Passes every window that the rules could call a leak, and hardly any flat one.
 */
export function mayRise(floors: Float64Array, n: number, quantum: number): boolean {
  const lowest = [0, 0, 0, 0];
  const mean = [0, 0, 0, 0];
  for (let q = 0; q < 4; q += 1) {
    const from = Math.floor((q * n) / 4);
    const to = Math.floor(((q + 1) * n) / 4);
    let low = Number.POSITIVE_INFINITY;
    let sum = 0;
    for (let i = from; i < to; i += 1) {
      const floor = floors[i] ?? 0;
      if (floor < low) low = floor;
      sum += floor;
    }
    lowest[q] = low;
    mean[q] = sum / (to - from);
  }
  let spread = 0;
  for (let q = 0; q < 4; q += 1) spread += (mean[q] ?? 0) - (lowest[q] ?? 0);
  const rise = Math.max((lowest[3] ?? 0) - (lowest[0] ?? 0), (mean[3] ?? 0) - (mean[0] ?? 0));
  if (rise < quantum || rise < (leastRise * spread) / 4) return false;
  return concordance(lowest) >= 4.5 && concordance(mean) >= 4;
}

/** Pairs in rising order, of six; equal ones count half. */
function concordance(quarters: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < quarters.length; i += 1) {
    for (let j = i + 1; j < quarters.length; j += 1) {
      const rise = (quarters[j] ?? 0) - (quarters[i] ?? 0);
      count += rise > 0 ? 1 : rise === 0 ? 0.5 : 0;
    }
  }
  return count;
}
