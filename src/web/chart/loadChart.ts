/** What a workload did while its memory was what it was: on the same time axis, to be put under the chart of the memory. */
import type { SeriesDocument } from '../talk/documents.ts';
import { formatAmount } from '../words/format.ts';
import { type ChartModel, lastKnown } from './chartModel.ts';

/** `above` has the axis. */
export function loadChart(load: SeriesDocument, label: string, above: Pick<ChartModel, 'fromMs' | 'toMs' | 'nowMs'>): ChartModel {
  const { fromMs, toMs, nowMs } = above;
  return {
    unit: load.unit,
    timeMs: load.timeMs,
    layers: [{ label, tone: 'water2', line: 'thin', drawn: load.mean, told: load.mean, fillTo: 'zero', inKey: true }],
    levels: [],
    marks: load.restartsMs.filter((moment) => moment >= fromMs).map((moment) => ({ timeMs: moment, label: '' })),
    fromMs,
    toMs,
    nowMs,
  };
}

const quarter = 0.25;
/** Less than this is the same. */
const noticeable = 1.25;
/** Cores: so little is none. */
const nothing = 0.005;

/**
 * Whether what it holds grew with the work: the means of the first and the last quarter of what is shown.
 * null: too little was recorded to say.
 */
export function loadInWords(load: SeriesDocument, name: string, holding: SeriesDocument, what: string): string | null {
  const [before, after] = ends(load.mean);
  const [held, holds] = ends(holding.floor);
  if (before === null || after === null || held === null || holds === null) return null;
  const said = (value: number) => formatAmount(value, load.unit);
  const isSteady = after <= Math.max(before * noticeable, before + nothing) && before <= Math.max(after * noticeable, after + nothing);
  const work = isSteady ? `${name} stayed at about ${said(after)}` : `${name} went from about ${said(before)} to ${said(after)}`;
  if (holds < held * noticeable) return `${work}.`;
  if (isSteady || after < before) return `${work}, while ${what} rose: it does not hold more because it does more.`;
  return `${work}, while ${what} rose: it does more as well.`;
}

function ends(values: readonly (number | null)[]): [number | null, number | null] {
  const first = values.findIndex((value) => value !== null);
  const last = lastKnown(values);
  const length = Math.ceil((last - first + 1) * quarter);
  if (first < 0 || last - first < 7) return [null, null];
  return [mean(values.slice(first, first + length)), mean(values.slice(last + 1 - length, last + 1))];
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
