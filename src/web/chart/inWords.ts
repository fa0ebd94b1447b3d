/** A chart as sentences: for whoever does not see it, and for whoever is too tired to read one. */
import type { SeriesDocument } from '../talk/documents.ts';
import { formatAmount, formatMoment } from '../words/format.ts';
import { lastKnown } from './chartModel.ts';

export function seriesInWords(series: SeriesDocument, name: string, nowMs: number): string {
  const first = series.floor.findIndex((value) => value !== null);
  const last = lastKnown(series.floor);
  const from = series.floor[first];
  const to = series.floor[last];
  if (from === undefined || from === null || to === undefined || to === null) return `Nothing was recorded of ${name} in this range.`;
  const said = (value: number) => formatAmount(value, series.unit);
  const since = formatMoment(series.timeMs[first] ?? nowMs, nowMs);
  const parts = [
    said(from) === said(to)
      ? `The floor of ${name} is ${said(to)}, as it was at ${since}.`
      : `The floor of ${name} ${to > from ? 'rose' : 'fell'} from ${said(from)} at ${since} to ${said(to)}.`,
  ];
  if (series.limit !== null) parts.push(`Its limit is ${said(series.limit)}.`);
  const restarts = series.restartsMs.filter((moment) => moment >= (series.timeMs[0] ?? 0)).length;
  if (restarts > 0) parts.push(restarts === 1 ? 'It restarted once.' : `It restarted ${restarts} times.`);
  return parts.join(' ');
}
