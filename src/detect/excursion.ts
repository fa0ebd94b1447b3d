import type { SubjectWindow } from '../series/window.ts';
import { emptyView, type WindowEvidence } from './evidence.ts';
import { quantile } from './statistics.ts';

const view = emptyView();

const dayMs = 86_400_000;

/** Share of the buckets whose peaks a usual peak is above: higher ones are freaks. */
const usual = 0.85;

/**
 * How far the peaks usually stand above the line of the floors in the last day of a window, in the unit of the series; 0 when it is not
 * known. `peakChannel` holds the series with its sign turned, so that its floors are the peaks.
 */
export function excursionOf(window: SubjectWindow, peakChannel: number, e: WindowEvidence): number {
  const sinceMs = Math.max(e.fromMs, e.toMs - dayMs);
  for (let level = 0; level < window.levelsInUse; level += 1) {
    window.view(level, peakChannel, Number.POSITIVE_INFINITY, view);
    const reaches = view.length > 0 && (view.timeMs[0] ?? 0) - view.widthMs <= sinceMs;
    if (!reaches && level + 1 < window.levelsInUse) continue;
    const heights = new Float64Array(view.length);
    let n = 0;
    for (let i = 0; i < view.length; i += 1) {
      const timeMs = view.timeMs[i] ?? 0;
      if (timeMs < sinceMs) continue;
      heights[n] = -(view.floor[i] ?? 0) - (e.startFloor + e.slopePerMs * (timeMs - e.fromMs));
      n += 1;
    }
    return n === 0 ? 0 : Math.max(0, quantile(heights, n, usual));
  }
  return 0;
}
