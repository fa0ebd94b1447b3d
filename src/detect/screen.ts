import type { WindowView } from '../series/window.ts';

/**
 * A first look that costs next to nothing: do the floors of the window's quarters rise? Most series stop here.
 * Passes every window that the rules could call a leak, and about one flat noisy window in twelve.
 */
export function mayRise(view: WindowView, quantum: number): boolean {
  const n = view.length;
  const lowest = [0, 0, 0, 0];
  const mean = [0, 0, 0, 0];
  for (let q = 0; q < 4; q += 1) {
    const from = Math.floor((q * n) / 4);
    const to = Math.floor(((q + 1) * n) / 4);
    let low = Number.POSITIVE_INFINITY;
    let sum = 0;
    for (let i = from; i < to; i += 1) {
      const floor = view.floor[i] ?? 0;
      if (floor < low) low = floor;
      sum += floor;
    }
    lowest[q] = low;
    mean[q] = sum / (to - from);
  }
  if ((lowest[3] ?? 0) - (lowest[0] ?? 0) < quantum && (mean[3] ?? 0) - (mean[0] ?? 0) < quantum) return false;
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
