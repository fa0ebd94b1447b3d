/**
 * The host's memory as water rising to a wall: what leaks on top, in its own colour, over what all others hold,
 * shared memory and what the kernel can't give back. What is left up to the waterline (RAM) is free or page cache.
 */
import type { SeriesDocument, StatusDocument } from '../talk/documents.ts';
import { inert } from '../words/inert.ts';
import { type ChartModel, gapOf, joinTimes, type Layer, lastKnown, valuesAt } from './chartModel.ts';
import { forecastLayers, forecastShown } from './forecast.ts';

export interface HostSeries {
  memory: SeriesDocument;
  shmem: SeriesDocument | null;
  kernel: SeriesDocument | null;
  leakers: { name: string; series: SeriesDocument }[];
}

export function hostChart(host: StatusDocument['host'], series: HostSeries, fromMs: number, nowMs: number): ChartModel {
  const { memory } = series;
  const gapMs = gapOf(memory.timeMs, memory.bucketMs);
  const future = forecastShown(memory, fromMs, nowMs);
  const timeMs = joinTimes(memory.timeMs, future?.timeMs ?? []);
  const at = (one: SeriesDocument | null) => (one ? valuesAt(timeMs, one.timeMs, one.mean, gapMs) : timeMs.map(() => null));

  const privateBytes = at(memory);
  const leaking = series.leakers.map((leaker) => ({ label: inert(leaker.name), told: at(leaker.series) }));
  const others = privateBytes.map((all, index) => {
    if (all === null) return null;
    return Math.max(0, all - leaking.reduce((sum, leaker) => sum + (leaker.told[index] ?? 0), 0));
  });
  const layers = stack([
    { label: 'Kernel', tone: 'water3', told: at(series.kernel) },
    { label: 'Shared memory and tmpfs', tone: 'water2', told: at(series.shmem) },
    { label: leaking.length > 0 ? 'All other processes' : 'Processes', tone: 'water1', told: others },
    ...leaking.map(({ label, told }) => ({ label, tone: 'accent' as const, told })),
  ]);
  if (future) layers.push(...forecastLayers(timeMs, future, topBelowForecast(layers, privateBytes), layers.length));

  return {
    unit: 'bytes',
    timeMs,
    layers,
    levels: walls(host),
    marks: [],
    fromMs: Math.max(fromMs, memory.timeMs[0] ?? fromMs),
    toMs: Math.max(nowMs, future?.timeMs.at(-1) ?? 0),
    nowMs,
  };
}

function walls(host: StatusDocument['host']): ChartModel['levels'] {
  const { memTotalBytes, swapTotalBytes } = host;
  if (memTotalBytes === null) return [];
  const ram = { label: 'RAM', value: memTotalBytes };
  return swapTotalBytes === null || swapTotalBytes === 0 ? [ram] : [ram, { label: 'RAM and swap', value: memTotalBytes + swapTotalBytes }];
}

function stack(shares: Pick<Layer, 'label' | 'tone' | 'told'>[]): Layer[] {
  const present = shares.filter((share) => lastKnown(share.told) >= 0);
  let below: (number | null)[] | null = null;
  return present.map((share, index) => {
    const base = below;
    const drawn = share.told.map((value, moment) => (value === null ? (base?.[moment] ?? null) : value + (base?.[moment] ?? 0)));
    below = drawn;
    return { ...share, line: 'thin', drawn, fillTo: index === 0 ? 'zero' : index - 1, inKey: true };
  });
}

/** The forecast is of private memory; on the stack it stands on what else is used now. */
function topBelowForecast(layers: readonly Layer[], privateBytes: readonly (number | null)[]): number {
  const last = lastKnown(privateBytes);
  return Math.max(0, (layers.at(-1)?.drawn[last] ?? 0) - (privateBytes[last] ?? 0));
}
