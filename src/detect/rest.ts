/**
 * How long the lasting floor rests, and in how many steps it rises. The lasting floor of a moment is the lowest value from then on: what is given back later, however long
 * it takes, was never part of it. A leak pushes it up again and again; where it rests longer than ever before, growth has ended. Pure.
 */
import { bucketsPerLevel } from '../series/window.ts';
import { lowestFromHereOn } from './statistics.ts';

/** The newest buckets have too little after them: this share of the window is no lasting floor yet. */
const unsettledShare = 1 / 16;

/** Steps in which the growth of the lasting floor is followed. */
const steps = 10;

const lastingRoom = new Float64Array(bucketsPerLevel);

export interface Rest {
  /** Longest time a tenth of the growth took, before the last tenth, as a share of the window. */
  longest: number;
  /** Time since nine tenths of the growth were reached, as a share of the window. */
  last: number;
}

/** Of the first `n` buckets of a window, oldest first. It holds until the next is asked for. */
export function lastingFloorOf(floor: Float64Array, n: number): Float64Array {
  return lowestFromHereOn(floor, n, lastingRoom).subarray(0, n - Math.max(1, Math.floor(n * unsettledShare)));
}

/** Growth below `quantum` is none: it rests all the time. */
export function restOf(lasting: Float64Array, quantum: number): Rest {
  const settled = lasting.length;
  const start = lasting[0] ?? 0;
  const growth = (lasting[settled - 1] ?? 0) - start;
  if (growth < quantum) return { longest: 1, last: 1 };
  let longest = 0;
  let passedAt = 0;
  let step = 1;
  for (let i = 0; i < settled && step < steps; i += 1) {
    if ((lasting[i] ?? 0) - start < (growth * step) / steps) continue;
    while (step < steps && (lasting[i] ?? 0) - start >= (growth * step) / steps) step += 1;
    longest = Math.max(longest, i - passedAt);
    passedAt = i;
  }
  return { longest: longest / settled, last: (settled - passedAt) / settled };
}

/**
 * Of how many equal steps the lasting floor would rise as unevenly as it does within `lag` buckets, wherever they lie: of blocks with fixed
 * edges, a step on an edge would count as two and two in one block as one. What is below `start`, where the growth begins, is a start-up.
 */
export function effectiveStepsOf(lasting: Float64Array, lag: number, start: number): number {
  let sum = 0;
  let squares = 0;
  for (let i = lag; i < lasting.length; i += 1) {
    const high = lasting[i] ?? start;
    if (high <= start) continue;
    const rise = high - Math.max(start, lasting[i - lag] ?? start);
    sum += rise;
    squares += rise * rise;
  }
  return squares > 0 ? (sum * sum) / squares / lag : 0;
}
