/** What the cascade did to the server, as pictures that share one axis of time: pure data, so that it can be told in words and tested. */
import type { HostHistoryDocument, IncidentDocument, Stage } from '../talk/documents.ts';
import { formatBytes, formatLatency, formatShare } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { lastKnown } from './chartModel.ts';

type Values = readonly (number | null)[];

export interface CascadeLine {
  label: string;
  /** `held`: what the culprit has. The others tell lines of one panel apart. */
  tone: 'water' | 'quiet' | 'held' | 'first' | 'second' | 'third' | 'fourth';
  isArea: boolean;
  values: Values;
}

export interface Panel {
  title: string;
  /** Times of answers go from a millisecond to ten seconds: each step of the axis is ten times the one below. */
  scale: 'linear' | 'times-ten';
  /** Of the axis; its foot is 0, or `foot` where it is in steps of ten. */
  top: number;
  foot: number;
  /** Where lines across it help to read it. */
  ticks: { value: number; label: string }[];
  lines: CascadeLine[];
  format: (value: number) => string;
}

interface StageSpan {
  stage: Stage;
  fromMs: number;
  toMs: number;
}

export type MarkKind = IncidentDocument['timeline'][number]['kind'];

export interface CascadeMark {
  timeMs: number;
  kind: MarkKind;
  severity: IncidentDocument['timeline'][number]['severity'];
  text: string;
}

export interface Cascade {
  fromMs: number;
  toMs: number;
  timeMs: readonly number[];
  stages: StageSpan[];
  panels: Panel[];
  marks: CascadeMark[];
  /** What could be shown and is not there, in words. */
  without: string[];
}

interface Wanted {
  fromMs: number;
  toMs: number;
  /** Of the culprit; null: nobody is known. */
  culprit: string | null;
  timeline: IncidentDocument['timeline'];
}

const mostProbes = 4;
const probeTones = ['first', 'second', 'third', 'fourth'] as const;

export function cascadeOf(history: HostHistoryDocument, { fromMs, toMs, culprit, timeline }: Wanted): Cascade {
  const without: string[] = [];
  const panels = [memoryPanel(history, culprit), swapPanel(history, without), stallPanel(history), diskPanel(history), cpuPanel(history)];
  panels.push(probesPanel(history));
  if (lastKnown(probeValues(history)) < 0) without.push('No service was asked how fast it answers in this time.');
  return {
    fromMs,
    toMs,
    timeMs: history.timeMs,
    stages: stageSpans(history, toMs),
    panels: panels.filter((panel) => panel !== null).filter(({ lines }) => lines.some(({ values }) => lastKnown(values) >= 0)),
    marks: timeline
      .map(({ time, kind, severity, text }) => ({ timeMs: Date.parse(time), kind, severity, text: inert(text) }))
      .filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs),
    without,
  };
}

function memoryPanel({ memoryBytes, subjectBytes, memTotalBytes }: HostHistoryDocument, culprit: string | null): Panel {
  const top = memTotalBytes ?? highest([memoryBytes]);
  const lines: CascadeLine[] = [{ label: 'Taken', tone: 'water', isArea: true, values: memoryBytes }];
  if (subjectBytes !== null && culprit !== null) lines.push({ label: inert(culprit), tone: 'held', isArea: true, values: subjectBytes });
  return {
    title: 'Memory',
    scale: 'linear',
    top: top * 1.15,
    foot: 0,
    ticks: [{ value: top, label: `${formatBytes(top)} RAM` }],
    lines,
    format: formatBytes,
  };
}

function swapPanel({ swapBytes, swapTotalBytes }: HostHistoryDocument, without: string[]): Panel | null {
  if (swapTotalBytes === 0) {
    without.push('There is no swap.');
    return null;
  }
  const top = swapTotalBytes ?? highest([swapBytes]);
  return {
    title: 'Swap',
    scale: 'linear',
    top: top * 1.15,
    foot: 0,
    ticks: [{ value: top, label: `${formatBytes(top)} swap` }],
    lines: [{ label: 'Used', tone: 'water', isArea: true, values: swapBytes }],
    format: formatBytes,
  };
}

function stallPanel({ stallRatio }: HostHistoryDocument): Panel {
  return {
    title: 'Waiting for memory',
    scale: 'linear',
    top: 1,
    foot: 0,
    ticks: [{ value: 0.5, label: '50 %' }],
    lines: [{ label: 'All stood still', tone: 'quiet', isArea: true, values: stallRatio }],
    format: formatShare,
  };
}

function cpuPanel({ cpuRatio }: HostHistoryDocument): Panel {
  return {
    title: 'CPU',
    scale: 'linear',
    top: 1,
    foot: 0,
    ticks: [{ value: 0.5, label: '50 %' }],
    lines: [{ label: 'Busy', tone: 'quiet', isArea: true, values: cpuRatio }],
    format: formatShare,
  };
}

function diskPanel({ diskLatencyMs }: HostHistoryDocument): Panel {
  return {
    title: 'Disk',
    ...timesTen([diskLatencyMs]),
    lines: [{ label: 'A request', tone: 'first', isArea: false, values: diskLatencyMs }],
    format: formatLatency,
  };
}

/** The slowest ones: more lines than four nobody tells apart. */
function probesPanel({ probes }: HostHistoryDocument): Panel {
  const shown = [...probes].sort((one, other) => highest([other.latencyMs]) - highest([one.latencyMs])).slice(0, mostProbes);
  return {
    title: 'Services answer in',
    ...timesTen(shown.map(({ latencyMs }) => latencyMs)),
    lines: shown.map(({ name, latencyMs }, index) => ({
      label: inert(name),
      tone: probeTones[index] ?? 'fourth',
      isArea: false,
      values: latencyMs,
    })),
    format: formatLatency,
  };
}

function probeValues({ timeMs, probes }: HostHistoryDocument): (number | null)[] {
  return timeMs.map((_, index) => probes.map(({ latencyMs }) => latencyMs[index] ?? null).find((value) => value !== null) ?? null);
}

/** An axis in ms from the tenth of one up to what covers all, with a line at each step. */
function timesTen(lines: readonly Values[]): Pick<Panel, 'scale' | 'top' | 'foot' | 'ticks'> {
  const foot = 0.1;
  const steps = Math.max(3, Math.ceil(Math.log10(Math.max(foot, highest(lines)) / foot)));
  const all = Array.from({ length: steps }, (_, step) => foot * 10 ** (step + 1));
  // Every second one, and the highest that is meant to be seen.
  const ticks = all.filter((_, step) => (steps - 1 - step) % 2 === 1).map((value) => ({ value, label: formatLatency(value) }));
  return { scale: 'times-ten', top: foot * 10 ** steps, foot, ticks };
}

function highest(lines: readonly Values[]): number {
  let most = 1;
  for (const values of lines) for (const value of values) if (value !== null && value > most) most = value;
  return most;
}

/** Where a value lies between foot (0) and top (1) of its panel. */
export function heightOf({ scale, top, foot }: Pick<Panel, 'scale' | 'top' | 'foot'>, value: number): number {
  const share = scale === 'linear' ? value / top : Math.log(Math.max(foot, value) / foot) / Math.log(top / foot);
  return Math.min(1, Math.max(0, share));
}

function stageSpans({ timeMs, stage, bucketMs }: HostHistoryDocument, toMs: number): StageSpan[] {
  const spans: StageSpan[] = [];
  timeMs.forEach((fromMs, index) => {
    const now = stage[index];
    const endMs = Math.min(toMs, timeMs[index + 1] ?? fromMs + Math.max(bucketMs, 1000));
    const last = spans.at(-1);
    if (now === null || now === undefined) return;
    if (last?.stage === now && last.toMs === fromMs) last.toMs = endMs;
    else spans.push({ stage: now, fromMs, toMs: endMs });
  });
  return spans;
}

/** The index of the moment nearest to a time; -1: there is none. */
export function nearestIndex(timeMs: readonly number[], wantedMs: number): number {
  let best = -1;
  let bestMs = Number.POSITIVE_INFINITY;
  timeMs.forEach((moment, index) => {
    const awayMs = Math.abs(moment - wantedMs);
    if (awayMs < bestMs) [best, bestMs] = [index, awayMs];
  });
  return best;
}

/** One moment in words: what a screen reader hears where others see the line across all pictures. */
export function momentInWords({ panels, stages, timeMs }: Cascade, index: number): string {
  const moment = timeMs[index] ?? Number.NaN;
  const stage = stages.find(({ fromMs, toMs }) => moment >= fromMs && moment < toMs)?.stage;
  const parts = panels.flatMap(({ title, lines, format }) =>
    lines.map(({ label, values }) => {
      const value = values[index];
      return `${title}, ${label}: ${value === null || value === undefined ? 'not known' : format(value)}`;
    }),
  );
  return [...(stage === undefined ? [] : [`stage ${stage}`]), ...parts].join('; ');
}
