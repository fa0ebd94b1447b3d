/** What a chart over time shows, before anything is drawn: pure data, so that it can be put into words and tested. */
import type { Unit } from '../words/format.ts';

/** Colours by meaning; the style sheet gives each a value for light and dark. */
export type Tone = 'ink' | 'quiet' | 'accent' | 'water1' | 'water2' | 'water3' | 'other1' | 'other2' | 'other3';

export interface Layer {
  label: string;
  tone: Tone;
  line: 'solid' | 'thin' | 'dashed' | 'none';
  /** Values as drawn, one for each moment; null breaks the line. */
  drawn: (number | null)[];
  /** Values as told: of a stack the layer's own share. */
  told: (number | null)[];
  /** Fills down to the layer of this index, or to zero. */
  fillTo: number | 'zero' | null;
  /** Helper lines (edges of a band) are not in the key. */
  inKey: boolean;
}

/** A horizontal line: a wall. */
interface Level {
  label: string;
  value: number;
}

/** A vertical line: something that happened. */
interface Mark {
  timeMs: number;
  label: string;
}

export interface ChartModel {
  unit: Unit;
  timeMs: number[];
  layers: Layer[];
  levels: Level[];
  marks: Mark[];
  fromMs: number;
  toMs: number;
  nowMs: number;
}

/** Joins two rising lists of moments. */
export function joinTimes(past: readonly number[], future: readonly number[]): number[] {
  return [...new Set([...past, ...future])].sort((one, other) => one - other);
}

/** Values of a series at the given moments: the straight line between known neighbours, the outermost held for a gap's length, else null. */
export function valuesAt(
  timeMs: readonly number[],
  knownMs: readonly number[],
  known: readonly (number | null)[],
  maxGapMs: number,
): (number | null)[] {
  let next = 0;
  return timeMs.map((moment) => {
    while (next < knownMs.length && (knownMs[next] ?? 0) < moment) next += 1;
    const rightMs = knownMs[next];
    const right = known[next];
    if (rightMs === moment) return right ?? null;
    const leftMs = knownMs[next - 1];
    if (leftMs === undefined && rightMs !== undefined) return rightMs - moment <= maxGapMs ? (right ?? null) : null;
    const left = known[next - 1];
    if (leftMs === undefined || left === undefined || left === null) return null;
    if (rightMs === undefined || right === undefined || right === null) return moment - leftMs <= maxGapMs ? left : null;
    if (rightMs - leftMs > maxGapMs) return null;
    return left + ((right - left) * (moment - leftMs)) / (rightMs - leftMs);
  });
}

/** A gap longer than this is one in which nothing was recorded. */
export function gapOf(timeMs: readonly number[], bucketMs: number): number {
  const steps = timeMs.slice(1).map((moment, index) => moment - (timeMs[index] ?? moment));
  steps.sort((one, other) => one - other);
  const median = steps[Math.floor(steps.length / 2)] ?? 0;
  return 3 * Math.max(bucketMs, median, 1000);
}

/** Index of the last value that is there, or -1. */
export function lastKnown(values: readonly (number | null)[]): number {
  return values.findLastIndex((value) => value !== null);
}

/** The straight line through known points at the given moments; null before the first and after the last. */
export function lineAt(timeMs: readonly number[], knownMs: readonly number[], known: readonly number[]): (number | null)[] {
  const firstMs = knownMs[0] ?? Number.POSITIVE_INFINITY;
  const lastMs = knownMs.at(-1) ?? Number.NEGATIVE_INFINITY;
  return valuesAt(timeMs, knownMs, known, Number.POSITIVE_INFINITY).map((value, index) => {
    const moment = timeMs[index] ?? Number.NaN;
    return moment >= firstMs && moment <= lastMs ? value : null;
  });
}
