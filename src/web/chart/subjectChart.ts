/** One resource of one workload: what it holds, its floor, the line of its growth, where that leads, its limit, its restarts. */
import type { SeriesDocument } from '../talk/documents.ts';
import { formatAmount } from '../words/format.ts';
import { type ChartModel, joinTimes, type Layer, lastKnown, lineAt } from './chartModel.ts';
import { forecastLayers, forecastShown } from './forecast.ts';

export function subjectChart(series: SeriesDocument, label: string, fromMs: number, nowMs: number): ChartModel {
  const shownFromMs = Math.max(fromMs, series.timeMs[0] ?? fromMs);
  const future = forecastShown(series.forecast, shownFromMs, nowMs);
  const trend = trendShown(series, shownFromMs);
  const timeMs = joinTimes(joinTimes(series.timeMs, future?.timeMs ?? []), trend?.timeMs ?? []);
  const at = (values: readonly (number | null)[]) => onOwnMoments(timeMs, series.timeMs, values);

  const mean = at(series.mean);
  const floor = at(series.floor);
  const layers: Layer[] = [
    { label, tone: 'water1', line: 'thin', drawn: mean, told: mean, fillTo: 'zero', inKey: true },
    { label: 'Floor', tone: 'ink', line: 'solid', drawn: floor, told: floor, fillTo: null, inKey: true },
  ];
  if (trend) {
    const drawn = lineAt(timeMs, trend.timeMs, trend.values);
    layers.push({ label: 'Trend', tone: 'accent', line: 'thin', drawn, told: drawn, fillTo: null, inKey: true });
  }
  if (future) layers.push(...forecastLayers(timeMs, future, layers.length));

  return {
    unit: series.unit,
    timeMs,
    layers,
    levels: series.limit === null ? [] : [{ label: `Limit ${formatAmount(series.limit, series.unit)}`, value: series.limit }],
    marks: series.restartsMs.filter((moment) => moment >= fromMs).map((moment) => ({ timeMs: moment, label: 'restart' })),
    fromMs: shownFromMs,
    toMs: Math.max(nowMs, future?.timeMs.at(-1) ?? 0),
    nowMs,
  };
}

/** Gaps in what was read stay gaps; moments that only a forecast or trend brings in don't make any. */
function onOwnMoments(timeMs: readonly number[], ownMs: readonly number[], values: readonly (number | null)[]): (number | null)[] {
  const byMoment = new Map(ownMs.map((moment, index) => [moment, values[index] ?? null]));
  const lastMs = ownMs[lastKnown(values)] ?? Number.NEGATIVE_INFINITY;
  let before: number | null = null;
  return timeMs.map((moment) => {
    if (moment > lastMs) return null;
    const own = byMoment.get(moment);
    if (own !== undefined) before = own;
    return before;
  });
}

/** The trend from the left edge of the chart on, when it began before. */
function trendShown(series: SeriesDocument, shownFromMs: number): { timeMs: number[]; values: number[] } | null {
  const { trend } = series;
  if (!trend || trend.toMs <= shownFromMs || trend.toMs <= trend.fromMs) return null;
  const perMs = (trend.toValue - trend.fromValue) / (trend.toMs - trend.fromMs);
  const startMs = Math.max(trend.fromMs, shownFromMs);
  return { timeMs: [startMs, trend.toMs], values: [trend.fromValue + perMs * (startMs - trend.fromMs), trend.toValue] };
}
