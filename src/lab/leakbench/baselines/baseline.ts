import type { Sample } from '../../../model/gauge.ts';
import type { SubjectVerdict } from '../../../model/verdict.ts';
import type { BenchDetector, DetectorEntry, SeriesSetting } from '../detector.ts';
import { signalOf, wallOf } from './signal.ts';

/** A series as the published methods take it: one value each ten minutes, with its time in hours. */
export interface Buckets {
  hours: number[];
  values: number[];
  /** Where the series must end. Three times its first value when nothing is known: no method works without. */
  wall: number;
}

/** A published method: whether it would raise its alarm now. It may keep state between calls. */
export type AlarmRule = (buckets: Buckets, endOfTrainingH: number) => boolean;

const bucketH = 1 / 6;
/** Runs shorter than this are stretched towards a fortnight, so that rules written for hours and days have hours and days: as far as leaves two samples to a bucket. */
const shortRunMs = 48 * 3_600_000;
const fortnightMs = 336 * 3_600_000;
const judgeEveryBuckets = 36;

/** Wraps a rule as a detector: ten-minute floors of its signal, judged every six hours, as online as the others. */
export function baseline(name: string, createRule: () => AlarmRule): DetectorEntry {
  return { name, create: (setting) => createBaseline(setting, createRule()) };
}

function createBaseline(setting: SeriesSetting, rule: AlarmRule): BenchDetector {
  const stretch = stretchOf(setting);
  const trainingH = ((setting.spanMs / 3_600_000) * stretch) / 3;
  const buckets: Buckets = { hours: [], values: [], wall: Number.NaN };
  let startMs: number | null = null;
  let bucket = 0;
  let floor = Number.POSITIVE_INFINITY;
  let leak = false;
  let revision = 0;

  function close(): void {
    if (!Number.isFinite(floor)) return;
    buckets.hours.push((bucket + 0.5) * bucketH);
    buckets.values.push(floor);
    floor = Number.POSITIVE_INFINITY;
    if (buckets.values.length % judgeEveryBuckets === 0) judge();
  }

  function judge(): void {
    const wall = Number.isFinite(buckets.wall) ? buckets.wall : 3 * (buckets.values[0] ?? 1);
    leak = rule({ ...buckets, wall }, trainingH);
    revision += 1;
  }

  return {
    push(sample: Sample): void {
      startMs ??= sample.timeMs;
      const hours = ((sample.timeMs - startMs) / 3_600_000) * stretch;
      const index = Math.floor(hours / bucketH);
      if (index > bucket) {
        close();
        bucket = index;
      }
      const value = signalOf(sample, setting.resource);
      if (Number.isNaN(value)) return;
      floor = Math.min(floor, value);
      buckets.wall = wallOf(sample, setting.resource, value);
    },
    verdict: () => verdictOf(setting, leak),
    get revision() {
      return revision;
    },
  };
}

function stretchOf({ spanMs, intervalMs }: SeriesSetting): number {
  if (spanMs >= shortRunMs) return 1;
  const bucketMs = bucketH * 3_600_000;
  return Math.max(1, Math.min(fortnightMs / Math.max(1, spanMs), bucketMs / Math.max(1, 2 * intervalMs)));
}

function verdictOf(setting: SeriesSetting, leak: boolean): SubjectVerdict {
  const own = {
    resource: setting.resource,
    verdict: leak ? ('leak' as const) : ('no-leak' as const),
    class: leak ? ('leak' as const) : ('unknown' as const),
    probability: leak ? 1 : 0,
    onset: null,
    detectedAt: null,
    slope: null,
    exhaustion: null,
    urgency: { level: 'none' as const, text: '' },
    reasons: [],
  };
  return { ...own, subject: 'baseline', resources: [own] };
}
