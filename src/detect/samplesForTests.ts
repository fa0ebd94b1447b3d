/** Small labelled series for the detector's tests: seeded noise, samples with only what a test says, and a watch fed with them. */
import { emptySample, type Sample } from '../model/gauge.ts';
import type { ResourceVerdict, SubjectVerdict, VerdictWord } from '../model/verdict.ts';
import type { WindowView } from '../series/window.ts';
import { emptyView, type WindowEvidence, weighWindow } from './evidence.ts';
import { createSubjectWatch, type SubjectWatch } from './subjectWatch.ts';

export const second = 1000;
export const minute: number = 60 * second;
export const hour: number = 60 * minute;
export const day: number = 24 * hour;
export const mib: number = 1024 * 1024;
export const startMs: number = Date.parse('2026-03-02T00:00:00Z');

/** Uniform in [0, 1), the same on every machine (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Standard normal. */
export function normalNoise(seed: number): () => number {
  const unit = seeded(seed);
  return () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
}

export function sampleAt(timeMs: number, readings: Partial<Sample>): Sample {
  return { ...emptySample(timeMs), ...readings };
}

export interface Series {
  everyMs: number;
  lengthMs: number;
  /** What is read at a time since the start of the series. */
  at(sinceMs: number, index: number): Partial<Sample>;
}

export function* samplesOf({ everyMs, lengthMs, at }: Series): Generator<Sample> {
  for (let index = 0; index * everyMs < lengthMs; index += 1) yield sampleAt(startMs + index * everyMs, at(index * everyMs, index));
}

export interface Watched {
  watch: SubjectWatch;
  verdict: SubjectVerdict;
  /** Words over time, one entry each time the word of the subject changed. */
  words: { word: VerdictWord; sinceMs: number }[];
}

/** Lets a watch see a whole series. `onVerdict` sees every verdict on the way. */
export function watchSeries(series: Series, onVerdict: (verdict: SubjectVerdict, sample: Sample) => void = () => undefined): Watched {
  const watch = createSubjectWatch('web');
  const words: Watched['words'] = [];
  let revision = -1;
  for (const sample of samplesOf(series)) {
    watch.push(sample);
    if (watch.revision === revision) continue;
    revision = watch.revision;
    const verdict = watch.verdict();
    onVerdict(verdict, sample);
    const word = verdict.verdict;
    if (word !== words.at(-1)?.word) words.push({ word, sinceMs: sample.timeMs - startMs });
  }
  return { watch, verdict: watch.verdict(), words };
}

export function verdictOn(resource: ResourceVerdict['resource'], verdict: SubjectVerdict): ResourceVerdict {
  const found = verdict.resources.find((judged) => judged.resource === resource);
  if (found === undefined) throw new Error(`no verdict on ${resource}`);
  return found;
}

/** A window of 64 buckets with one value each. */
export function viewOf(
  everyMs: number,
  valueAt: (index: number) => number,
  loadAt: (index: number) => number = () => Number.NaN,
): WindowView {
  const view = emptyView();
  view.widthMs = everyMs;
  view.length = 64;
  for (let i = 0; i < view.length; i += 1) {
    view.timeMs[i] = startMs + (i + 0.5) * everyMs;
    view.floor[i] = valueAt(i);
    view.load[i] = loadAt(i);
  }
  return view;
}

/** What the detector sees in a window, with a page as the smallest change. */
export function evidenceOf(view: WindowView): WindowEvidence {
  const evidence = weighWindow(view, null, null, startMs, 4096);
  if (evidence === null) throw new Error('too few buckets');
  return evidence;
}
