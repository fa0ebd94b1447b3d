/** What the history in the store says of a workload, in numbers that advice stands on. */
import type { AdviceBasis, Leak } from '../model/advice.ts';
import type { Gauge } from '../model/gauge.ts';
import { valueOrNull } from '../model/reading.ts';
import type { Resource, SubjectVerdict } from '../model/verdict.ts';
import type { Scan } from '../sample/scan.ts';
import type { SeriesStore } from '../series/store.ts';

const lookBackMs = 30 * 86_400_000;
const points = 600;
/** Of what was seen to start it is known what it needed at first. */
const startSeenMs = 600_000;
const hourMs = 3_600_000;

export interface BasisFrom {
  scan: Pick<Scan, 'workloads' | 'processes'>;
  verdict: SubjectVerdict | null;
  store: Pick<SeriesStore, 'read'>;
  nowMs: number;
  requestsPerHour: number | null;
}

export function readBasis(workloadId: string, { scan, verdict, store, nowMs, requestsPerHour }: BasisFrom): AdviceBasis {
  const sample = scan.workloads.find(({ subject }) => subject.id === workloadId)?.sample;
  const members = scan.processes.filter(({ subject }) => subject.workloadId === workloadId);
  const read = (gauge: Gauge, fromMs = nowMs - lookBackMs, toMs = nowMs) => store.read(workloadId, gauge, fromMs, toMs, points);
  const sizeBetween = (fromMs?: number, toMs?: number) => {
    const [anon, swap] = [read('anonBytes', fromMs, toMs), read('swapBytes', fromMs, toMs)];
    return { timeMs: anon.timeMs, bytes: anon.max.map((bytes, index) => bytes + (swap.max[index] || 0)) };
  };
  const size = sizeBetween();
  const firstMs = size.timeMs[0] ?? nowMs;
  const memory = leakOf(verdict, 'memory');
  const onset = verdict?.resources.find(({ resource }) => resource === 'memory')?.onset ?? null;
  const startMs = sample === undefined ? null : valueOrNull(sample.startTimeMs);
  const sawStart = startMs !== null && firstMs - startMs < startSeenMs;
  const peakBytes = highest(size.bytes);
  const healthyBytes = () => {
    const onsetMs = onset === null ? null : Date.parse(onset);
    // What ran before it was started anew may have leaked just the same, and ended by that.
    const sinceMs = onsetMs !== null && startMs !== null && startMs <= onsetMs ? startMs : undefined;
    const before = onsetMs === null ? null : highest(sizeBetween(sinceMs, onsetMs).bytes);
    return before ?? (sawStart ? lowest(sizeBetween(startMs).bytes) : null);
  };
  const cpu = read('cpuSeconds');
  const hours = ((cpu.timeMs.at(-1) ?? 0) - (cpu.timeMs[0] ?? 0)) / hourMs;
  const used = (cpu.last.at(-1) ?? Number.NaN) - (cpu.min[0] ?? Number.NaN);
  const fdsNow = members.map(({ sample: { fds } }) => valueOrNull(fds) ?? 0);
  const fds = Math.max(members.length === 1 ? (highest(read('fds').max) ?? 0) : 0, ...fdsNow);
  return {
    historyMs: nowMs - firstMs,
    peakBytes,
    healthyBytes: memory === null ? peakBytes : healthyBytes(),
    peakTasks: highest(read('threads').max),
    peakFds: fds > 0 ? fds : null,
    cpuSecondsPerHour: hours > 0 && used >= 0 ? used / hours : null,
    requestsPerHour,
    verdict: verdict?.verdict ?? null,
    class: verdict?.class ?? null,
    leaks: { memory, fds: leakOf(verdict, 'fds'), threads: leakOf(verdict, 'threads') },
  };
}

function leakOf(verdict: SubjectVerdict | null, wanted: Resource): Leak | null {
  const found = verdict?.resources.find(({ resource }) => resource === wanted);
  if (found?.slope == null || (found.verdict !== 'leak' && found.verdict !== 'suspect') || found.slope.perHour <= 0) return null;
  const { perHour, low, high } = found.slope;
  return { perHour, low, high };
}

function highest(values: Float64Array): number | null {
  const found = values.reduce((most, value) => (value > most ? value : most), Number.NEGATIVE_INFINITY);
  return Number.isFinite(found) ? found : null;
}

function lowest(values: Float64Array): number | null {
  const found = values.reduce((least, value) => (value < least ? value : least), Number.POSITIVE_INFINITY);
  return Number.isFinite(found) ? found : null;
}
