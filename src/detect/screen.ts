/** Rise between the first and the last quarter that is worth a second look, in average heights of the values above their floor. */
const leastRise = 0.4;

/** The lowest floor of each quarter of the window at hand, and their mean. */
const lowest = new Float64Array(4);
const mean = new Float64Array(4);

/**
 * A first look that costs next to nothing: do the quarters of `floors[from, from + n)` rise? Most series stop here, many of them
 * when only the first and the last quarter have been looked at. Passes every window that the rules could call a leak, and hardly any
 * flat one.
 */
export function mayRise(floors: Float64Array, from: number, n: number, quantum: number): boolean {
  measureQuarter(floors, from, n, 0);
  measureQuarter(floors, from, n, 3);
  const rise = Math.max((lowest[3] ?? 0) - (lowest[0] ?? 0), (mean[3] ?? 0) - (mean[0] ?? 0));
  if (rise < quantum) return false;
  measureQuarter(floors, from, n, 1);
  measureQuarter(floors, from, n, 2);
  let spread = 0;
  for (let q = 0; q < 4; q += 1) spread += (mean[q] ?? 0) - (lowest[q] ?? 0);
  if (rise < (leastRise * spread) / 4) return false;
  return concordance(lowest) >= 4.5 && concordance(mean) >= 4;
}

function measureQuarter(floors: Float64Array, from: number, n: number, quarter: number): void {
  const first = from + Math.floor((quarter * n) / 4);
  const end = from + Math.floor(((quarter + 1) * n) / 4);
  let low = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let i = first; i < end; i += 1) {
    const floor = floors[i] ?? 0;
    if (floor < low) low = floor;
    sum += floor;
  }
  lowest[quarter] = low;
  mean[quarter] = sum / (end - first);
}

/** Pairs in rising order, of six; equal ones count half. */
function concordance(quarters: Float64Array): number {
  let count = 0;
  for (let i = 0; i < quarters.length; i += 1) {
    for (let j = i + 1; j < quarters.length; j += 1) {
      const rise = (quarters[j] ?? 0) - (quarters[i] ?? 0);
      count += rise > 0 ? 1 : rise === 0 ? 0.5 : 0;
    }
  }
  return count;
}
