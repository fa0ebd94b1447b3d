import { formatTime } from '../model/units.ts';
import type { Exhaustion } from '../model/verdict.ts';
import type { WindowEvidence } from './evidence.ts';

/** What the growth runs into: a level in the unit of the resource. */
export interface Wall {
  name: string;
  level: number;
  /** What the subject holds now; NaN when it was not read. */
  held: number;
}

/** One-sided 95 % quantile of the normal: both sides together leave 10 %. */
export const normal95 = 1.645;

/**
 * How much wider than the formulas the intervals of slope and exhaustion must be to hold the truth in 90 % of cases, by LeakBench's tuning
 * seeds: a slope is not as constant as a regression takes it to be, and what is still to come less so.
 */
export const slopeDoubt = 1.25;
const exhaustionDoubt = 1.5;

/** Nothing is forecast beyond this: a date in ten years says only "not soon". */
const farthestMs = 3_650 * 86_400_000;

/** Nothing is foreseen more exactly than this, as a share of what is left: walls move and loads change. */
const leastDoubt = 0.01;

/** t of the curvature above which growth is taken as accelerating. */
const accelerates = 4;

/**
 * When the wall is reached if the growth goes on, with a 90 % interval from the slope, the scatter of the floors and their uneven steps.
 * `excursion` is how far the series usually rises above its floor: a wall is hit by peaks. Null without growth or within ten years.
 */
export function forecastExhaustion(e: WindowEvidence, wall: Wall, excursion: number, nowMs: number): Exhaustion | null {
  if (e.slopePerMs <= 0) return null;
  const floorNow = e.endFloor + e.slopePerMs * (nowMs - e.toMs);
  const left = Math.max(0, wall.level - floorNow - excursion);
  const scatter = exhaustionDoubt * normal95 * Math.max(e.noise, 0.5 * excursion, leastDoubt * left) + 0.5 * e.unevenStep;
  const slopeError = exhaustionDoubt * normal95 * e.slopeErrorPerMs;
  const nearest = Math.max(0, left - scatter);
  const farthest = left + scatter;
  const times = e.bend > accelerates * e.bendError ? accelerating(e, nearest, left, farthest) : null;
  const { earliest, at, latest } = times ?? {
    earliest: nearest / (e.slopePerMs + slopeError),
    at: left / e.slopePerMs,
    latest: e.slopePerMs > slopeError ? farthest / (e.slopePerMs - slopeError) : Number.POSITIVE_INFINITY,
  };
  if (at > farthestMs) return null;
  return {
    at: formatTime(nowMs + at),
    low: formatTime(nowMs + earliest),
    high: latest > farthestMs ? null : formatTime(nowMs + latest),
    wall: wall.name,
  };
}

/** Times to the wall of a parabola that goes on: the earliest bends more, the latest keeps the rate of the window's end. */
function accelerating(e: WindowEvidence, nearest: number, left: number, farthest: number) {
  const spanMs = e.toMs - e.fromMs;
  const rate = e.growth + e.bend;
  // The root in the form that does not subtract: with hardly a bend the other is all rounding.
  const timeTo = (distance: number, bend: number) =>
    (2 * spanMs * distance) / (e.growth + bend + Math.sqrt((e.growth + bend) ** 2 + 4 * bend * distance));
  return {
    earliest: timeTo(nearest, e.bend + exhaustionDoubt * normal95 * e.bendError),
    at: timeTo(left, e.bend),
    latest: (spanMs * farthest) / rate,
  };
}
