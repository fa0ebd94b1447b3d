import { emptySample, type Gauge, type Sample } from '../../../model/gauge.ts';
import { absent } from '../../../model/reading.ts';
import type { Resource } from '../../../model/verdict.ts';
import type { BenchCase, Label } from '../case.ts';

export type Point = { timeMs: number } & Partial<Record<Gauge, number>>;

/** One recorded series, before it becomes a case. */
export interface Recording {
  name: string;
  label: Label;
  resource: Resource;
  points: Point[];
  /** Known onset; the first sample when not given. Of leaks only. */
  onsetMs?: number;
  /** Where the series ran into its wall. */
  exhaustionMs?: number;
  /** Growth an hour in bytes or pieces, where it does not change after the onset. */
  slopePerHour?: number;
  /** Told apart from other series of the same set in the report. */
  kind?: string;
}

/** Whether leaks and health are confirmed, or only nothing known; `labelled` series were generated elsewhere. */
export type RecordedGroup = 'recorded' | 'observed' | 'labelled';

export const kib = 1024;
export const gib = 1024 ** 3;

/** A recording as a case, its time stretched by `speed` (for series recorded in an accelerated world). */
export function caseOf(recording: Recording, set: string, group: RecordedGroup, speed: number): BenchCase {
  const points = recording.points.toSorted((a, b) => a.timeMs - b.timeMs);
  const originMs = points[0]?.timeMs ?? 0;
  const at = (timeMs: number) => originMs + (timeMs - originMs) * speed;
  const samples = points.map((point) => sampleOf(point, at));
  const leaks = recording.label === 'leak';
  return {
    id: `${set}/${recording.name}@${speed}`,
    family: `${set}${recording.kind ? ` ${recording.kind}` : ''} ×${speed}`,
    group,
    seed: 0,
    label: recording.label,
    resource: recording.resource,
    alsoLeaks: [],
    expectedClasses: leaks ? ['leak'] : [],
    onsetMs: leaks ? at(recording.onsetMs ?? originMs) : null,
    exhaustionMs: recording.exhaustionMs === undefined ? null : at(recording.exhaustionMs),
    wallVisible: points.some((point) => point.limitBytes !== undefined),
    trueSlopePerHour: leaks ? (recording.slopePerHour ?? null) : null,
    samples,
  };
}

function sampleOf({ timeMs, ...gauges }: Point, at: (timeMs: number) => number): Sample {
  const sample: Sample = { ...emptySample(Math.round(at(timeMs))), ...gauges };
  // What was left on the host was measured in real time: it means nothing to a series played faster.
  if (at(1) - at(0) !== 1) sample.headroomBytes = absent;
  if (gauges.startTimeMs !== undefined) sample.startTimeMs = at(gauges.startTimeMs);
  return sample;
}

/** Adds up what is recorded as a momentary share of CPU, in percent of a core, to CPU seconds. */
export function withCpu(points: (Point & { cpuPercent: number })[]): Point[] {
  let cpuSeconds = 0;
  let lastMs = points[0]?.timeMs ?? 0;
  return points.map(({ cpuPercent, ...point }) => {
    if (Number.isFinite(cpuPercent)) cpuSeconds += (cpuPercent / 100) * Math.max(0, (point.timeMs - lastMs) / 1000);
    lastMs = point.timeMs;
    return { ...point, cpuSeconds };
  });
}
