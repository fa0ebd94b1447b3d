/** `/api/v1/host/history`: what the cascade did to the host over a range, all of it at the same moments. */
import { stages } from '../model/cascade.ts';
import type { Gauge } from '../model/gauge.ts';
import { valueOrNull } from '../model/reading.ts';
import { hostSubject } from '../model/subject.ts';
import { probeSubject } from '../relate/conditionSamples.ts';
import { probeUrl } from '../relate/probes/probeTarget.ts';
import { readResource } from '../series/resourcePoints.ts';
import type { Points } from '../series/store.ts';
import type { HostHistoryDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

export interface HostHistoryQuery {
  fromMs: number;
  toMs: number;
  points: number;
  /** Whose private memory is wanted beside it. */
  subjectId: string | null;
}

type Values = (number | null)[];

export function hostHistoryDocument(source: LiveSource, { fromMs, toMs, points, subjectId }: HostHistoryQuery): HostHistoryDocument {
  const { host } = source.scan();
  const reader = (id: string) => (gauge: Gauge) => source.store.read(id, gauge, fromMs, toMs, points);
  const ofHost = reader(hostSubject.id);
  const limit = ofHost('limitBytes');
  const timeMs = [...limit.timeMs];
  const at = (series: Points, pick: 'mean' | 'max' | 'last'): Values => aligned(timeMs, series, pick);
  const [wall, headroom, swap] = [at(limit, 'mean'), at(ofHost('headroomBytes'), 'mean'), at(ofHost('swapBytes'), 'mean')];
  return {
    schema: 'stanch.host-history/1',
    time: new Date(source.nowMs()).toISOString(),
    bucketMs: limit.bucketMs,
    timeMs,
    memTotalBytes: valueOrNull(host.memTotalBytes),
    swapTotalBytes: valueOrNull(host.swapTotalBytes),
    // What is neither available, nor free swap, nor used swap is taken RAM.
    memoryBytes: combined([wall, headroom, swap], (all, left, swapped) => Math.max(0, all - left - swapped)),
    swapBytes: swap,
    stallRatio: at(ofHost('stallPercent'), 'max').map((percent) => (percent === null ? null : percent / 100)),
    diskLatencyMs: fromUs(at(ofHost('latencyUs'), 'max')),
    cpuRatio: cpuRatios(timeMs, at(ofHost('cpuSeconds'), 'last'), host.cpuCount),
    stage: at(ofHost('stageRank'), 'max').map((rank) => stages[rank ?? -1] ?? null),
    probes: source.condition().probes.map((probe) => ({
      name: probe.name,
      url: probeUrl(probe.target),
      slowAboveMs: probe.slowAboveMs,
      latencyMs: fromUs(at(reader(probeSubject(probe).id)('latencyUs'), 'max')),
    })),
    subjectBytes: subjectId === null ? null : at(readResource('memory', reader(subjectId)), 'mean'),
  };
}

/**
 * The values of a series in the buckets that begin at the given moments. What is younger is kept in narrower buckets: of several the
 * highest counts. A wider one holds for as long as it is wide.
 */
function aligned(timeMs: readonly number[], series: Points, pick: 'mean' | 'max' | 'last'): Values {
  let next = 0;
  return timeMs.map((moment, index) => {
    const endMs = timeMs[index + 1] ?? Number.POSITIVE_INFINITY;
    const first = next;
    while ((series.timeMs[next] ?? Number.POSITIVE_INFINITY) < endMs) next += 1;
    const isCovered = next === first && (series.timeMs[next - 1] ?? Number.NEGATIVE_INFINITY) + series.bucketMs > moment;
    const inside = series[pick].subarray(isCovered ? next - 1 : first, next).filter(Number.isFinite);
    return inside.length === 0 ? null : Math.max(...inside);
  });
}

function combined([first = [], second = [], third = []]: readonly Values[], sum: (a: number, b: number, c: number) => number): Values {
  return first.map((a, index) => {
    const [b, c] = [second[index] ?? null, third[index] ?? null];
    return a === null || b === null || c === null ? null : sum(a, b, c);
  });
}

function fromUs(values: Values): Values {
  return values.map((us) => (us === null ? null : us / 1000));
}

/** Between each moment and the one before. A counter that went back is another boot. */
function cpuRatios(timeMs: readonly number[], seconds: Values, cpuCount: number): Values {
  return seconds.map((now, index) => {
    const before = seconds[index - 1] ?? null;
    const spanMs = (timeMs[index] ?? 0) - (timeMs[index - 1] ?? 0);
    if (now === null || before === null || now < before || spanMs <= 0 || cpuCount === 0) return null;
    return Math.min(1, ((now - before) * 1000) / spanMs / cpuCount);
  });
}
