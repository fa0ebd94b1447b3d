import { formatTime } from '../model/units.ts';
import type { Exhaustion } from '../model/verdict.ts';
import type { WindowEvidence } from './evidence.ts';

/** A wall and how much is left before it, in the unit of the resource. */
export interface Wall {
  name: string;
  left: number;
}

/** One-sided 95 % quantile of the normal: both sides together leave 10 %. */
export const normal95 = 1.645;

/** Nothing is forecast beyond this: a date in ten years says only "not soon". */
const farthestMs = 3_650 * 86_400_000;

/** When the wall is reached if the growth goes on, with a 90 % interval from slope and scatter. Null without growth. */
export function forecastExhaustion(e: WindowEvidence, wall: Wall, nowMs: number): Exhaustion | null {
  if (e.slopePerMs <= 0) return null;
  const left = Math.max(0, wall.left);
  const at = left / e.slopePerMs;
  const fastest = e.slopePerMs + normal95 * e.slopeErrorPerMs;
  const slowest = e.slopePerMs - normal95 * e.slopeErrorPerMs;
  const earliest = Math.max(0, left - normal95 * e.noise) / fastest;
  const latest = slowest > 0 ? (left + normal95 * e.noise) / slowest : Number.POSITIVE_INFINITY;
  if (at > farthestMs) return null;
  return {
    at: formatTime(nowMs + at),
    low: formatTime(nowMs + earliest),
    high: latest > farthestMs ? null : formatTime(nowMs + latest),
    wall: wall.name,
  };
}
