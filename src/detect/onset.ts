import type { SubjectWindow } from '../series/window.ts';
import { emptyView, type WindowEvidence } from './evidence.ts';
import { centred, LineFit, Places } from './statistics.ts';

const view = emptyView();

/** A bend must explain this much of the scatter around a straight line to count. */
const clearBend = 0.4;

/**
 * When the growth of a window began, ms since the epoch: later than the window's start where the window begins flat, earlier where
 * older floors lie on the same line.
 */
export function onsetOf(window: SubjectWindow, channel: number, e: WindowEvidence): number {
  const bend = bendWithin(window, channel, e);
  return bend ?? followBack(window, channel, e);
}

/** Least squares of a flat stretch followed by a line, over every place for the bend in the first two thirds. */
function bendWithin(window: SubjectWindow, channel: number, e: WindowEvidence): number | null {
  for (let level = 0; level < window.levelsInUse; level += 1) {
    window.view(level, channel, Number.POSITIVE_INFINITY, view);
    if (view.length === 0 || (view.timeMs[0] ?? 0) - view.widthMs > e.fromMs) continue;
    const first = view.timeMs.findIndex((timeMs) => timeMs >= e.fromMs);
    const n = view.length - first;
    if (first < 0 || n < 12) return null;
    const y = view.floor.slice(first, view.length);
    const x = view.timeMs.slice(first, view.length).map((timeMs) => timeMs - e.fromMs);
    const line = new LineFit(new Places(x, n), y);
    let best = line.squaredError * (1 - clearBend);
    let bend: number | null = null;
    for (let k = 2; k < (2 * n) / 3; k += 1) {
      const from = x[k] ?? 0;
      const hinge = line.insteadBy(
        centred(
          x.map((t) => Math.max(0, t - from)),
          n,
        ),
      );
      if (hinge.coefficient <= 0 || hinge.squaredError >= best) continue;
      best = hinge.squaredError;
      bend = e.fromMs + from;
    }
    return bend;
  }
  return null;
}

/** Walks back over older floors as long as they lie on the line. */
function followBack(window: SubjectWindow, channel: number, e: WindowEvidence): number {
  let onsetMs = e.fromMs;
  const tolerance = Math.max(4 * e.noise, 0.1 * e.growth);
  for (let level = 0; level < window.levelsInUse; level += 1) {
    window.view(level, channel, Number.POSITIVE_INFINITY, view);
    let off = 0;
    for (let i = view.length - 1; i >= 0; i -= 1) {
      const timeMs = view.timeMs[i] ?? 0;
      if (timeMs >= onsetMs) continue;
      const expected = e.startFloor + e.slopePerMs * (timeMs - e.fromMs);
      const distance = Math.abs((view.floor[i] ?? 0) - expected);
      off = distance > tolerance + 0.1 * (e.startFloor - expected) ? off + 1 : 0;
      if (off === 2) return onsetMs;
      if (off === 0) onsetMs = timeMs;
    }
  }
  return onsetMs;
}
