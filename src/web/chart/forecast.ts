/** The forecast as layers of a chart: a band between the earliest and the latest course, and the most likely one in it. */
import type { SeriesDocument } from '../talk/documents.ts';
import { type Layer, valuesAt } from './chartModel.ts';

type Forecast = NonNullable<SeriesDocument['forecast']>;

/** The part of a forecast that is worth the width: no further ahead than twice what is shown of the past. */
export function forecastShown(series: SeriesDocument, fromMs: number, nowMs: number): Forecast | null {
  const { forecast } = series;
  const firstMs = forecast?.timeMs[0];
  const lastMs = forecast?.timeMs.at(-1);
  if (!forecast || firstMs === undefined || lastMs === undefined) return null;
  const pastMs = nowMs - Math.max(fromMs, series.timeMs[0] ?? fromMs);
  const endMs = Math.min(lastMs, nowMs + 2 * Math.max(pastMs, 60_000));
  if (endMs <= firstMs) return null;
  const timeMs = [...forecast.timeMs.filter((moment) => moment < endMs), endMs];
  const along = (values: readonly number[]) =>
    valuesAt(timeMs, forecast.timeMs, values, Number.POSITIVE_INFINITY).map((value) => value ?? 0);
  return { timeMs, low: along(forecast.low), mid: along(forecast.mid), high: along(forecast.high) };
}

/** `offset` is what the forecast stands on; `firstIndex` is where these layers will be in the chart. */
export function forecastLayers(timeMs: readonly number[], future: Forecast, offset: number, firstIndex: number): Layer[] {
  const endMs = future.timeMs.at(-1) ?? 0;
  const at = (values: readonly number[]) =>
    valuesAt(timeMs, future.timeMs, values, Number.POSITIVE_INFINITY).map((value, index) =>
      value === null || (timeMs[index] ?? 0) > endMs ? null : value + offset,
    );
  const edge = { tone: 'accent', line: 'none', inKey: false } as const;
  const low = at(future.low);
  const high = at(future.high);
  const mid = at(future.mid);
  return [
    { ...edge, label: 'Forecast, at least', drawn: low, told: low, fillTo: null },
    { ...edge, label: 'Forecast, at most', drawn: high, told: high, fillTo: firstIndex },
    { label: 'Forecast', tone: 'accent', line: 'dashed', drawn: mid, told: mid, fillTo: null, inKey: true },
  ];
}
