import { fillDips } from './dips.ts';

/** Rise between the first and the last quarter that is worth a second look, in average heights of the values above their floor. */
const leastRise = 0.4;

/** The lowest floor of each quarter of the window at hand, and their mean. */
const lowest = new Float64Array(4);
const mean = new Float64Array(4);

/** Pairs of quarters in rising order that a growth shows at least, in their lowest floors and in their means, in halves. */
const leastRising = { lowest: 9, mean: 8 };

/**
 * A first look that costs next to nothing: do the quarters of `floors[from, from + n)` rise? Most series stop here, many of them
 * when only the first and the last quarter have been looked at. Passes every window that the rules could call a leak, and hardly any
 * flat one. Where the means rise and the lowest floors do not, dips are filled, for it may be those alone that hide the growth.
 */
export function mayRise(floors: Float64Array, from: number, n: number, quantum: number): boolean {
  measureQuarter(floors, from, n, 0);
  measureQuarter(floors, from, n, 3);
  if (riseOfQuarters() < quantum) return false;
  measureQuarter(floors, from, n, 1);
  measureQuarter(floors, from, n, 2);
  if (concordance(mean) < leastRising.mean) return false;
  if (quartersRise()) return true;
  if (fillDips(floors, from, n) === 0) return false;
  for (let quarter = 0; quarter < 4; quarter += 1) measureQuarter(floors, from, n, quarter);
  return concordance(mean) >= leastRising.mean && quartersRise();
}

function riseOfQuarters(): number {
  return Math.max((lowest[3] ?? 0) - (lowest[0] ?? 0), (mean[3] ?? 0) - (mean[0] ?? 0));
}

function quartersRise(): boolean {
  let spread = 0;
  for (let q = 0; q < 4; q += 1) spread += (mean[q] ?? 0) - (lowest[q] ?? 0);
  return riseOfQuarters() >= (leastRise * spread) / 4 && concordance(lowest) >= leastRising.lowest;
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

/** Pairs in rising order, of six, in halves; equal ones count one. */
function concordance(quarters: Float64Array): number {
  let count = 0;
  for (let i = 0; i < quarters.length; i += 1) {
    for (let j = i + 1; j < quarters.length; j += 1) {
      const rise = (quarters[j] ?? 0) - (quarters[i] ?? 0);
      count += rise > 0 ? 2 : rise === 0 ? 1 : 0;
    }
  }
  return count;
}
