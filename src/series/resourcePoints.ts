/** One resource of one subject over time: its gauges, read from the store and summed. */
import type { Gauge } from '../model/gauge.ts';
import type { Points } from './store.ts';

/** `headroom` is of the host: MemAvailable + SwapFree over time. `cpu`: cores used. */
export const seriesResources = ['memory', 'shmem', 'fds', 'sockets', 'threads', 'processes', 'kernel', 'headroom', 'cpu'] as const;
export type SeriesResource = (typeof seriesResources)[number];

const gaugesOf: Record<SeriesResource, readonly Gauge[]> = {
  memory: ['anonBytes', 'swapBytes'],
  shmem: ['shmemBytes'],
  fds: ['fds'],
  sockets: ['sockets'],
  threads: ['threads'],
  processes: ['processes'],
  kernel: ['kernelBytes'],
  headroom: ['headroomBytes'],
  cpu: ['cpuSeconds'],
};

/** The gauges of a resource, read and summed; what is cumulative, as a rate. */
export function readResource(resource: SeriesResource, read: (gauge: Gauge) => Points): Points {
  const [first, second] = gaugesOf[resource];
  const base = first === undefined ? emptyPoints : read(first);
  if (resource === 'cpu') return ratesOf(base);
  return second === undefined ? base : addPoints(base, read(second));
}

/** Seconds in each second between one point and the next; none at a start, where the counter begins anew. */
function ratesOf({ timeMs, last, bucketMs }: Points): Points {
  const rates = last.map((seconds, index) => {
    const rate = (1000 * (seconds - (last[index - 1] ?? Number.NaN))) / ((timeMs[index] ?? 0) - (timeMs[index - 1] ?? 0));
    return rate >= 0 ? rate : Number.NaN;
  });
  return { timeMs, min: rates, mean: rates, max: rates, last: rates, bucketMs };
}

/**
 * Sum of two gauges of one subject. Both are written at the same moments, so that buckets meet; where the second was not read
 * (no swap on this host), the first stands alone. The sum of two floors is at most the floor of the sum.
 */
function addPoints(a: Points, b: Points): Points {
  const at = new Map<number, number>();
  b.timeMs.forEach((time, index) => {
    at.set(time, index);
  });
  const add = (x: Float64Array, y: Float64Array) =>
    x.map((value, index) => {
      const other = y[at.get(a.timeMs[index] ?? Number.NaN) ?? -1];
      return other === undefined || Number.isNaN(other) ? value : value + other;
    });
  return {
    timeMs: a.timeMs,
    min: add(a.min, b.min),
    mean: add(a.mean, b.mean),
    max: add(a.max, b.max),
    last: add(a.last, b.last),
    bucketMs: a.bucketMs,
  };
}

const emptyPoints: Points = {
  timeMs: new Float64Array(0),
  min: new Float64Array(0),
  mean: new Float64Array(0),
  max: new Float64Array(0),
  last: new Float64Array(0),
  bucketMs: 0,
};
