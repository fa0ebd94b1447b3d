/** The forecast as layers of a chart: a band between the earliest and the latest course, and the most likely one in it. */
import type { SeriesDocument } from '../talk/documents.ts';
import { type Layer, lineAt } from './chartModel.ts';

export type Forecast = NonNullable<SeriesDocument['forecast']>;

/** The whole forecast when it ends within four times what is shown of the past; else a part as long as the past. */
export function forecastShown(forecast: Forecast | null, shownFromMs: number, nowMs: number): Forecast | null {
  const firstMs = forecast?.timeMs[0];
  const lastMs = forecast?.timeMs.at(-1);
  if (!forecast || firstMs === undefined || lastMs === undefined) return null;
  const pastMs = Math.max(nowMs - shownFromMs, 60_000);
  const endMs = lastMs <= nowMs + 4 * pastMs ? lastMs : nowMs + pastMs;
  if (endMs <= firstMs) return null;
  const timeMs = [...forecast.timeMs.filter((moment) => moment < endMs), endMs];
  const along = (values: readonly number[]) => lineAt(timeMs, forecast.timeMs, values).map((value) => value ?? 0);
  return { timeMs, low: along(forecast.low), mid: along(forecast.mid), high: along(forecast.high) };
}

/** `firstIndex` is where these layers will be in the chart. */
export function forecastLayers(timeMs: readonly number[], future: Forecast, firstIndex: number): Layer[] {
  const edge = { tone: 'accent', line: 'none', inKey: false } as const;
  const low = lineAt(timeMs, future.timeMs, future.low);
  const high = lineAt(timeMs, future.timeMs, future.high);
  const mid = lineAt(timeMs, future.timeMs, future.mid);
  return [
    { ...edge, label: 'Forecast, at least', drawn: low, told: low, fillTo: null },
    { ...edge, label: 'Forecast, at most', drawn: high, told: high, fillTo: firstIndex },
    { label: 'Forecast', tone: 'accent', line: 'dashed', drawn: mid, told: mid, fillTo: null, inKey: true },
  ];
}
