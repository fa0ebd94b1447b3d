/**
 * The host's memory as water rising to a wall: what leaks on top, in its own colour, over the largest of the others and the rest of them,
 * shared memory and what the kernel can't give back. What is left up to the waterline (RAM) is free or page cache.
 */
import type { SeriesDocument, StatusDocument } from '../talk/documents.ts';
import { formatBytes } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { type ChartModel, gapOf, joinTimes, type Layer, lastKnown, valuesAt } from './chartModel.ts';
import { type Forecast, forecastLayers, forecastShown } from './forecast.ts';

interface NamedSeries {
  name: string;
  series: SeriesDocument;
}

const tones = ['other1', 'other2', 'other3'] as const;

export interface HostSeries {
  memory: SeriesDocument;
  shmem: SeriesDocument | null;
  kernel: SeriesDocument | null;
  leakers: NamedSeries[];
  /** Those that do not leak and hold most, largest first; at most three. */
  largest: NamedSeries[];
}

export function hostChart(host: StatusDocument['host'], series: HostSeries, fromMs: number, nowMs: number): ChartModel {
  const { memory } = series;
  const gapMs = gapOf(memory.timeMs, memory.bucketMs);
  const at = (one: SeriesDocument | null) => (one ? valuesAt(memory.timeMs, one.timeMs, one.mean, gapMs) : memory.timeMs.map(() => null));

  const privateBytes = at(memory);
  const leaking = series.leakers.map((leaker) => ({ label: inert(leaker.name), told: at(leaker.series) }));
  const largest = series.largest.map((one, index) => ({ label: inert(one.name), told: at(one.series), tone: tones[index] ?? 'other3' }));
  const named = [...leaking, ...largest];
  const others = privateBytes.map((all, index) => {
    if (all === null) return null;
    return Math.max(0, all - named.reduce((sum, one) => sum + (one.told[index] ?? 0), 0));
  });
  const past = stack([
    { label: 'Kernel', tone: 'water3', told: at(series.kernel) },
    { label: 'Shared memory and tmpfs', tone: 'water2', told: at(series.shmem) },
    { label: named.length > 0 ? 'All other processes' : 'Processes', tone: 'water1', told: others },
    ...largest.toReversed(),
    ...leaking.map(({ label, told }) => ({ label, tone: 'accent' as const, told })),
  ]);
  const shownFromMs = Math.max(fromMs, memory.timeMs[0] ?? fromMs);
  const future = forecastShown(forecastToWall(host, memory, past), shownFromMs, nowMs);
  const timeMs = joinTimes(memory.timeMs, future?.timeMs ?? []);
  const padded = (values: (number | null)[]) => timeMs.map((_, index) => values[index] ?? null);
  const layers = past.map((layer) => ({ ...layer, drawn: padded(layer.drawn), told: padded(layer.told) }));
  if (future) layers.push(...forecastLayers(timeMs, future, layers.length));

  return {
    unit: 'bytes',
    timeMs,
    layers,
    levels: walls(host),
    marks: [],
    fromMs: shownFromMs,
    toMs: Math.max(nowMs, future?.timeMs.at(-1) ?? 0),
    nowMs,
  };
}

function walls(host: StatusDocument['host']): ChartModel['levels'] {
  const { memTotalBytes, swapTotalBytes } = host;
  if (memTotalBytes === null) return [];
  const ram = { label: `RAM ${formatBytes(memTotalBytes)}`, value: memTotalBytes };
  return swapTotalBytes === null || swapTotalBytes === 0
    ? [ram]
    : [ram, { label: `RAM and swap ${formatBytes(memTotalBytes + swapTotalBytes)}`, value: memTotalBytes + swapTotalBytes }];
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

/** From the top of the stack to the wall, at the earliest, the likeliest and the latest moment of exhaustion. */
function forecastToWall(host: StatusDocument['host'], memory: SeriesDocument, past: readonly Layer[]): Forecast | null {
  const { exhaustion } = host;
  const last = memory.timeMs.length - 1;
  const startMs = memory.timeMs[last];
  const held = memory.mean[last] ?? null;
  const top = past.at(-1)?.drawn[last] ?? null;
  if (!exhaustion || startMs === undefined || memory.limit === null || held === null || top === null) return null;
  const wall = Math.max(top, top + memory.limit - held);
  const lowMs = Date.parse(exhaustion.low);
  const midMs = Date.parse(exhaustion.at);
  const highMs = exhaustion.high === null ? midMs + 2 * (midMs - startMs) : Date.parse(exhaustion.high);
  if (!(startMs < lowMs && lowMs <= midMs && midMs <= highMs)) return null;
  const course = (endMs: number) => (moment: number) => Math.min(wall, top + ((wall - top) * (moment - startMs)) / (endMs - startMs));
  const timeMs = [...new Set([startMs, lowMs, midMs, highMs])];
  return { timeMs, low: timeMs.map(course(highMs)), mid: timeMs.map(course(midMs)), high: timeMs.map(course(lowMs)) };
}
