import type { SubjectWindow, WindowView } from '../series/window.ts';
import { bucketsPerBlock } from './blocks.ts';
import { fillDips } from './dips.ts';
import { emptyView, isBelowPast, type Past } from './evidence.ts';
import type { PastLives } from './lives.ts';

const view = emptyView();

/** A past shorter than this share of the window is no past. */
const shortestPast = 0.2;

/**
 * What the floor did before a window: from the older buckets of its own level, in blocks as wide as the window's, and from all
 * coarser levels; and what earlier runs held at this age. Null when there is neither.
 */
export function pastBefore(
  window: SubjectWindow,
  level: number,
  channel: number,
  of: WindowView,
  lives: PastLives,
  bornMs: number,
  quantum: number,
): Past | null {
  const fromMs = (of.timeMs[0] ?? 0) - of.widthMs / 2;
  const spanMs = (of.timeMs[of.length - 1] ?? 0) - fromMs;
  const past: Past = { highestFloor: Number.NEGATIVE_INFINITY, usualFloor: null, largestDrop: 0, spanMs: 0 };
  const blockSize = bucketsPerBlock(of.length);
  for (let l = level; l < window.levelsInUse; l += 1) {
    // Nothing of it is older, as of the level whose whole ring is the window: what nobody looks at need not be taken out.
    if (window.fromMs(l) + window.widthMs(l) > fromMs) continue;
    const older = window.view(l, channel, Number.POSITIVE_INFINITY, view);
    const size = l === level ? blockSize : 1;
    if (older.length < size || (older.timeMs[size - 1] ?? 0) + older.widthMs / 2 > fromMs) continue;
    past.spanMs = Math.max(past.spanMs, fromMs - (older.timeMs[0] ?? 0));
    const raw = courseBefore(fromMs, older, size);
    past.highestFloor = Math.max(past.highestFloor, raw.highest);
    // Filled dips and coarser levels can only raise it: that changes nothing any more.
    if (isBelowPast(of, past)) break;
    const { highest, largestDrop } = fillDips(older.floor, 0, older.length) === 0 ? raw : courseBefore(fromMs, older, size);
    past.highestFloor = Math.max(past.highestFloor, highest);
    past.largestDrop = Math.max(past.largestDrop, largestDrop);
  }
  past.usualFloor = lives.usualFloorAt(fromMs + spanMs - bornMs);
  past.largestDrop = past.largestDrop > quantum ? past.largestDrop : 0;
  if (past.spanMs >= shortestPast * spanMs) return past;
  return past.usualFloor === null ? null : { ...past, spanMs: 0 };
}

/** Of the floors of blocks of `size` buckets that end before a moment. */
function courseBefore(endMs: number, { timeMs, floor, widthMs, length }: WindowView, size: number) {
  let highest = Number.NEGATIVE_INFINITY;
  let largestDrop = 0;
  for (let i = 0; i + size <= length && (timeMs[i + size - 1] ?? 0) + widthMs / 2 <= endMs; i += size) {
    let lowest = Number.POSITIVE_INFINITY;
    for (let j = i; j < i + size; j += 1) {
      const value = floor[j] ?? lowest;
      if (value < lowest) lowest = value;
    }
    if (lowest > highest) highest = lowest;
    if (highest - lowest > largestDrop) largestDrop = highest - lowest;
  }
  return { highest, largestDrop };
}
