/**
 * Did the new build end the leak? The growth after it against the growth before, by time and by CPU seconds, with the probability. Pure.
 *
 * Both slopes are of the floor in buckets, by Huber regression, with errors widened for autocorrelation, averaged over models of a
 * warm-up that still fades. What the build before grew by faster at the same age than over its life is taken for warm-up here too: of a few hours
 * alone a warm-up and a leak look alike. With a ~ N(before), b ~ N(after),
 * `b < k·a` has the probability Φ((k·â - b̂) / √(se_b² + k²·se_a²)); k is 0.1 for gone and 0.75 for slower. A workload with less to do leaks
 * less by the clock, so the answer that is worse for the fix counts.
 */
import { formatBytes } from '../model/units.ts';
import { regress } from './statistics.ts';

type FixWord = 'gone' | 'slower' | 'same' | 'unknown';

/** Private memory of one life, oldest first; CPU seconds are cumulative, NaN where they were not read. */
export interface Life {
  timeMs: Float64Array;
  bytes: Float64Array;
  cpuSeconds: Float64Array;
}

export interface FixVerdict {
  word: FixWord;
  /** Of the word; null: nothing can be said yet. */
  probability: number | null;
  /** Growth an hour. */
  beforePerHour: number | null;
  afterPerHour: number | null;
  /** `the leak is gone, 97 % sure`. */
  sentence: string;
}

const gonePart = 0.1;
const slowerPart = 0.75;
/** Below this nothing is claimed. */
const sureEnough = 0.8;
const buckets = 40;
const leastPoints = 12;
const leastMs = 120 * 60_000;
/** At its start every program grows: this much of the life is left out, and at least half an hour. */
const warmUpPart = 0.25;
const warmUpMs = 30 * 60_000;
/** How fast a warm-up that goes on may fade, as parts of the time looked at. */
const warmUps = [0.1, 0.3, 0.6];
const mostYouth = 0.7;
const hourMs = 3_600_000;
/** Errors from a model are never as small as the model says. */
const mostSure = 0.99;

export function judgeFix(before: Life, after: Life): FixVerdict {
  const old = slopeBy(before, hoursOf(before));
  const young = youthOf(before, after);
  const next = lessWarmUp(slopeBy(after, hoursOf(after)), old, young, hoursOf);
  if (old === null || next === null) return undecided(old, next, 'too little was seen of one of the two builds');
  if (old.slope <= 2 * old.error) return undecided(old, next, 'the build before did not grow surely enough to compare with');
  const byTime = probabilities(old, next);
  const oldWork = slopeBy(before, before.cpuSeconds);
  const nextWork = lessWarmUp(slopeBy(after, after.cpuSeconds), oldWork, young, ({ cpuSeconds }) => cpuSeconds);
  const byWork = oldWork === null || nextWork === null || oldWork.slope <= 2 * oldWork.error ? byTime : probabilities(oldWork, nextWork);
  const worse = byWork.gone < byTime.gone ? byWork : byTime;
  const word = words.find((candidate) => worse[candidate] >= sureEnough);
  if (word === undefined) return undecided(old, next, 'the two are not far enough apart yet');
  const probability = Math.min(mostSure, worse[word]);
  return {
    word,
    probability,
    beforePerHour: old.slope,
    afterPerHour: next.slope,
    sentence: sentenceOf(word, probability, old, next, worse.ratio),
  };
}

/** Surely enough to be compared with. */
export function grows(life: Life): boolean {
  const slope = slopeBy(life, hoursOf(life));
  return slope !== null && slope.slope > 2 * slope.error;
}

const words = ['gone', 'slower', 'same'] as const;

interface Slope {
  slope: number;
  error: number;
}

interface Probabilities {
  gone: number;
  slower: number;
  same: number;
  ratio: number;
}

function probabilities(before: Slope, after: Slope): Probabilities {
  const below = (part: number) =>
    normal((part * before.slope - after.slope) / Math.max(1e-9, Math.hypot(after.error, part * before.error)));
  const gone = below(gonePart);
  const atMostSlower = below(slowerPart);
  return { gone, slower: Math.max(0, atMostSlower - gone), same: 1 - atMostSlower, ratio: after.slope / before.slope };
}

function spanOf({ timeMs }: Life): number {
  return (timeMs.at(-1) ?? 0) - (timeMs[0] ?? 0);
}

function hoursOf({ timeMs }: Life): Float64Array {
  const startMs = timeMs[0] ?? 0;
  return timeMs.map((ms) => (ms - startMs) / hourMs);
}

/** The life before as far as it was as old as the one after is now; null where that is most of it, so that nothing is left to compare with. */
function youthOf(before: Life, after: Life): Life | null {
  const ageMs = spanOf(after);
  if (ageMs > mostYouth * spanOf(before)) return null;
  const untilMs = (before.timeMs[0] ?? 0) + ageMs;
  const end = before.timeMs.findIndex((ms) => ms > untilMs);
  return { timeMs: before.timeMs.slice(0, end), bytes: before.bytes.slice(0, end), cpuSeconds: before.cpuSeconds.slice(0, end) };
}

function lessWarmUp(next: Slope | null, old: Slope | null, young: Life | null, over: (life: Life) => Float64Array): Slope | null {
  const early = young === null ? null : slopeBy(young, over(young));
  if (next === null || old === null || early === null) return next;
  const excess = Math.max(0, early.slope - old.slope);
  return { slope: next.slope - excess, error: Math.hypot(next.error, early.error, excess) };
}

/** Of the floor over `x`, without the beginning of the life; null: too little of it. */
function slopeBy(life: Life, x: Float64Array): Slope | null {
  const points = floorOf(life, x);
  const first = points[0];
  const last = points.at(-1);
  if (points.length < leastPoints || first === undefined || last === undefined || last.x <= first.x) return null;
  const fits = warmUps.map((part) => lineWith(points, part)).filter((fit) => fit !== null);
  const best = Math.max(...fits.map(({ evidence }) => evidence));
  const weights = fits.map(({ evidence }) => Math.exp(evidence - best));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: (fit: Line) => number) => fits.reduce((sum, fit, index) => sum + (of(fit) * (weights[index] ?? 0)) / total, 0);
  const slope = mean((fit) => fit.slope);
  // Of each model its own error, and that they differ.
  const error = Math.sqrt(mean((fit) => fit.error ** 2 + (fit.slope - slope) ** 2));
  const span = last.x - first.x;
  // A few pages more or less are noise of the measurement itself.
  return { slope: slope / span, error: Math.max(error, 16_384) / span };
}

interface Line {
  slope: number;
  error: number;
  /** Logarithm of how well it explains the points, less its parameters (BIC). */
  evidence: number;
}

/** A straight line, and beside it a warm-up that fades within this part of the time. */
function lineWith(points: readonly Point[], warmUp: number): Line | null {
  const n = points.length;
  const [from, to] = [points[0], points[n - 1]];
  if (from === undefined || to === undefined) return null;
  const xs = Float64Array.from(points, (point) => (point.x - from.x) / (to.x - from.x));
  const fading = Float64Array.from(points, (point) => Math.exp(-(point.ms - from.ms) / (warmUp * (to.ms - from.ms))));
  const columns = [new Float64Array(n).fill(1), xs, fading];
  const ys = Float64Array.from(points, (point) => point.bytes);
  const fit = regress(columns, ys, n, 5);
  if (fit === null) return null;
  const independent = (n * (1 - fit.autocorrelation)) / (1 + fit.autocorrelation);
  const evidence = (-independent * Math.log(fit.squaredError + 1)) / 2 - (columns.length * Math.log(Math.max(2, independent))) / 2;
  return { slope: fit.coefficients[1] ?? 0, error: fit.errors[1] ?? 0, evidence };
}

interface Point {
  ms: number;
  x: number;
  bytes: number;
}

/** The lowest of each of some dozens of equal times. */
function floorOf({ timeMs, bytes }: Life, x: Float64Array): Point[] {
  const startMs = timeMs[0] ?? 0;
  const spanMs = (timeMs.at(-1) ?? 0) - startMs;
  const fromMs = startMs + Math.max(warmUpMs, spanMs * warmUpPart);
  const width = (startMs + spanMs - fromMs) / buckets;
  if (width * buckets < leastMs) return [];
  const lowest = new Map<number, Point>();
  for (const [index, ms] of timeMs.entries()) {
    const [at, value] = [x[index] ?? Number.NaN, bytes[index] ?? Number.NaN];
    if (ms < fromMs || Number.isNaN(at) || Number.isNaN(value)) continue;
    const bucket = Math.min(buckets - 1, Math.floor((ms - fromMs) / width));
    const known = lowest.get(bucket);
    if (known === undefined || value < known.bytes) lowest.set(bucket, { ms, x: at, bytes: value });
  }
  return [...lowest].sort(([a], [b]) => a - b).map(([, point]) => point);
}

/** Φ by Abramowitz and Stegun 7.1.26, to 1e-7. */
function normal(z: number): number {
  const t = 1 / (1 + 0.3275911 * (Math.abs(z) / Math.SQRT2));
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp((-z * z) / 2);
  return z >= 0 ? 1 - tail / 2 : tail / 2;
}

function undecided(before: Slope | null, after: Slope | null, why: string): FixVerdict {
  return {
    word: 'unknown',
    probability: null,
    beforePerHour: before?.slope ?? null,
    afterPerHour: after?.slope ?? null,
    sentence: `whether the leak is gone cannot be said yet: ${why}`,
  };
}

function sentenceOf(word: Exclude<FixWord, 'unknown'>, probability: number, before: Slope, after: Slope, ratio: number): string {
  const sure = `${Math.floor(probability * 100)} % sure`;
  const rates = `${formatBytes(Math.max(0, after.slope))}/h after ${formatBytes(before.slope)}/h`;
  if (word === 'gone') return `the leak is gone, ${sure}: ${rates}`;
  if (word === 'same') return `the leak is still there, ${sure}: ${rates}`;
  return `the leak is still there, ${Math.round((1 - Math.max(0, ratio)) * 100)} % slower, ${sure}: ${rates}`;
}
