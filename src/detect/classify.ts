import type { VerdictClass } from '../model/verdict.ts';
import type { WindowEvidence } from './evidence.ts';

/** Scatter below this is no collection of garbage worth the name. */
const leastSwingBytes = 1_048_576;

/** t of the bend, against the scatter around the curve, below which growth is seen to slow down. */
const slows = -2;

/** The name of what does not leak, from the window that covers most of the life. */
export function classifyHealthy(e: WindowEvidence, unit: 'bytes' | 'count'): VerdictClass {
  const slowsDown = e.bend < slows * e.bendError;
  const grew = e.growth > 3 * e.noise && e.relativeGrowth > 0.02;
  if (e.loadShare !== null && e.loadShare > 0.5 && grew) return 'load';
  if (e.largestStep > 0.6 && e.effectiveSteps < 3 && grew) return 'step';
  if (grew && e.lateShare < 0.25) return slowsDown && e.lateShare > 0.05 ? 'warm-up' : 'bounded-cache';
  if (grew && slowsDown) return 'slowing';
  const swings = e.noise > 0.08 * Math.abs(e.startFloor) && e.noise > leastSwingBytes;
  if (unit === 'bytes' && swings) return 'gc-sawtooth';
  return 'flat';
}
