/** `/api/v1/subjects/{id}/series`: points of one resource over a range, the verdict's trend line, and the forecast band. */
import type { Gauge } from '../model/gauge.ts';
import { hostSubject } from '../model/subject.ts';
import type { ResourceVerdict } from '../model/verdict.ts';
import { readResource, type SeriesResource } from '../series/resourcePoints.ts';
import type { Points } from '../series/store.ts';
import type { SeriesDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

export interface SeriesQuery {
  subjectId: string;
  resource: SeriesResource;
  fromMs: number;
  toMs: number;
  points: number;
}

const byteResources: readonly SeriesResource[] = ['memory', 'shmem', 'kernel', 'headroom'];
const forecastPoints = 24;
const msPerHour = 3_600_000;

export function seriesDocument(source: LiveSource, query: SeriesQuery): SeriesDocument {
  const read = (gauge: Gauge) => source.store.read(query.subjectId, gauge, query.fromMs, query.toMs, query.points);
  const points = readResource(query.resource, read);
  const verdict = source.judged(query.subjectId)?.verdict?.resources.find(({ resource }) => resource === query.resource) ?? null;
  return {
    schema: 'stanch.series/1',
    subjectId: query.subjectId,
    resource: query.resource,
    unit: query.resource === 'cpu' ? 'cores' : byteResources.includes(query.resource) ? 'bytes' : 'count',
    bucketMs: points.bucketMs,
    timeMs: [...points.timeMs],
    floor: nullable(points.min),
    mean: nullable(points.mean),
    max: nullable(points.max),
    limit: limitOf(query, read, points),
    restartsMs: query.subjectId === hostSubject.id ? [] : restarts(read('startTimeMs')),
    trend: trendOf(points, verdict),
    forecast: forecastOf(points, verdict),
  };
}

function nullable(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
}

function lastValue(values: Float64Array): number | null {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index];
    if (value !== undefined && !Number.isNaN(value)) return value;
  }
  return null;
}

function limitOf(query: SeriesQuery, read: (gauge: Gauge) => Points, points: Points): number | null {
  if (query.resource === 'fds') return lastValue(read('fdLimit').last);
  if (query.resource !== 'memory') return null;
  if (query.subjectId !== hostSubject.id) return lastValue(read('limitBytes').last);
  const held = lastValue(points.last);
  const headroom = lastValue(read('headroomBytes').last);
  return held === null || headroom === null ? null : held + headroom;
}

/** Moments at which the start time of a subject went up. */
function restarts(startTimes: Points): number[] {
  const found: number[] = [];
  let known = Number.NaN;
  startTimes.last.forEach((start, index) => {
    if (Number.isNaN(start)) return;
    // The start is computed from ticks since boot: a second of difference is rounding.
    if (start - known > 1000) found.push(startTimes.timeMs[index] ?? start);
    known = start;
  });
  return found;
}

/** The verdict's slope through the middle of the floors since onset. */
function trendOf(points: Points, verdict: ResourceVerdict | null): SeriesDocument['trend'] {
  if (verdict?.slope == null || verdict.onset === null) return null;
  const perMs = verdict.slope.perHour / msPerHour;
  const onsetMs = Date.parse(verdict.onset);
  const residuals: number[] = [];
  let fromMs = Number.NaN;
  let toMs = Number.NaN;
  points.timeMs.forEach((time, index) => {
    const floor = points.min[index];
    if (time < onsetMs || floor === undefined || Number.isNaN(floor)) return;
    if (Number.isNaN(fromMs)) fromMs = time;
    toMs = time;
    residuals.push(floor - perMs * (time - onsetMs));
  });
  if (residuals.length < 2) return null;
  residuals.sort((a, b) => a - b);
  const base = residuals[Math.floor(residuals.length / 2)] ?? 0;
  const valueAt = (time: number) => Math.max(0, base + perMs * (time - onsetMs));
  return { fromMs, fromValue: valueAt(fromMs), toMs, toValue: valueAt(toMs) };
}

/** From the last floor on, to the latest moment of exhaustion or as far again as the trend is long; only for what grows. */
function forecastOf(points: Points, verdict: ResourceVerdict | null): SeriesDocument['forecast'] {
  const growing = verdict !== null && (verdict.verdict === 'leak' || verdict.verdict === 'suspect');
  const trend = growing ? trendOf(points, verdict) : null;
  if (verdict?.slope == null || trend === null) return null;
  const slope = verdict.slope;
  const startMs = trend.toMs;
  const exhaustionMs = verdict.exhaustion === null ? Number.NaN : Date.parse(verdict.exhaustion.high ?? verdict.exhaustion.at);
  const spanMs = Math.max(startMs - trend.fromMs, 60_000);
  const endMs = Number.isNaN(exhaustionMs) ? startMs + spanMs : Math.max(startMs + 60_000, exhaustionMs);
  const timeMs = Array.from({ length: forecastPoints }, (_, index) => startMs + ((endMs - startMs) * index) / (forecastPoints - 1));
  const line = (perHour: number) => timeMs.map((time) => Math.max(0, trend.toValue + (perHour * (time - startMs)) / msPerHour));
  return { timeMs, low: line(slope.low), mid: line(slope.perHour), high: line(slope.high) };
}
