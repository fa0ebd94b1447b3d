/** Takes out of a window of floors what the workload of the moment and the hour of the day or of the week explain. Pure. */
import { bucketsPerLevel, type WindowView } from '../series/window.ts';
import { fillDips } from './dips.ts';
import { quantile, type Regression, regress } from './statistics.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;

/** t of the load above which it is taken out. */
const loadCounts = 3;

const seasonsMs = [dayMs, weekMs] as const;

/** Periods a window must hold before they can be told from growth: two alone would make a straight line of any step or two. */
const fewestPeriods = 2.9;

/** How alike periods must be: correlation one period apart. */
const alike = 0.4;

const ones = new Float64Array(bucketsPerLevel).fill(1);
const u = new Float64Array(bucketsPerLevel);
const floorRoom = new Float64Array(bucketsPerLevel);
const load = new Float64Array(bucketsPerLevel);

export interface Cleared {
  /** Until the next window is cleared. */
  floor: Float64Array;
  slopePerMs: number;
  /** Standard error, widened for autocorrelated noise. */
  slopeErrorPerMs: number;
  /** Share of the raw growth that follows the load; null when the load is not known. */
  loadShare: number | null;
}

export function clearOfLoadAndSeason(view: WindowView, n: number, fromMs: number, spanMs: number, quantum: number): Cleared {
  const floor = floorRoom.subarray(0, n);
  for (let i = 0; i < n; i += 1) {
    u[i] = ((view.timeMs[i] ?? 0) - fromMs) / spanMs;
    floor[i] = view.floor[i] ?? 0;
  }
  fillDips(floor, 0, n);
  const loadShare = centreLoad(view, n) ? takeOutLoad(floor, n) : null;
  for (const periodMs of seasonsMs) {
    if (spanMs >= fewestPeriods * periodMs) takeOutPeriod(floor, view.timeMs, n, periodMs, Math.max(hourMs, view.widthMs));
  }
  const fit = regress([ones, u], floor, n, 2);
  if (fit === null) return { floor, slopePerMs: 0, slopeErrorPerMs: Math.max(quantum, 1) / spanMs, loadShare };
  const error = Math.max(fit.errors[1] ?? 0, quantum / 4);
  return { floor, slopePerMs: (fit.coefficients[1] ?? 0) / spanMs, slopeErrorPerMs: error / spanMs, loadShare };
}

/** Returns the share of the growth that the load explains. */
function takeOutLoad(floor: Float64Array, n: number): number {
  const withLoad = regress([ones, u, load], floor, n, 2);
  if (withLoad === null) return 0;
  const coefficient = withLoad.coefficients[2] ?? 0;
  if (coefficient / Math.max(withLoad.errors[2] ?? 0, 1e-300) <= loadCounts) return 0;
  const plain = regress([ones, u], floor, n, 2);
  for (let i = 0; i < n; i += 1) floor[i] = (floor[i] ?? 0) - coefficient * (load[i] ?? 0);
  return shareOf(plain, withLoad);
}

function shareOf(plain: Regression | null, withLoad: Regression): number {
  const raw = plain?.coefficients[1] ?? 0;
  return raw <= 0 ? 0 : Math.min(1, Math.max(0, 1 - (withLoad.coefficients[1] ?? 0) / raw));
}

/** Puts the load minus its mean into `load`; false when it is unknown or hardly moves. */
function centreLoad(view: WindowView, n: number): boolean {
  let known = 0;
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    const rate = view.load[i] ?? Number.NaN;
    if (Number.isNaN(rate)) continue;
    known += 1;
    sum += rate;
  }
  if (known < 0.8 * n || sum <= 0) return false;
  const mean = sum / known;
  let squares = 0;
  for (let i = 0; i < n; i += 1) {
    const rate = view.load[i] ?? Number.NaN;
    load[i] = Number.isNaN(rate) ? 0 : rate - mean;
    squares += (load[i] ?? 0) ** 2;
  }
  return Math.sqrt(squares / known) > 0.02 * mean;
}

/**
 * Takes out what comes back after every `periodMs`. The growth is first told from it by comparing each bucket only with those a whole
 * number of periods later; what is left is the profile, the median of each phase. No shape is assumed. Nothing is taken out where one
 * period is not like the next.
 */
function takeOutPeriod(floor: Float64Array, timeMs: Float64Array, n: number, periodMs: number, phaseMs: number): void {
  const phases = Math.round(periodMs / phaseMs);
  if (phases < 4) return;
  const members = byPhase(timeMs, n, periodMs, phases);
  const slopePerMs = slopeAcrossPeriods(floor, timeMs, members, n, periodMs);
  const rest = new Float64Array(n);
  for (let i = 0; i < n; i += 1) rest[i] = (floor[i] ?? 0) - slopePerMs * (timeMs[i] ?? 0);
  if (correlationAcrossPeriods(rest, timeMs, members, n, periodMs) < alike) return;
  const level = quantile(rest, n, 0.5);
  const values = new Float64Array(n);
  for (const phase of members) {
    for (const [k, i] of phase.entries()) values[k] = (rest[i] ?? 0) - level;
    const usual = phase.length === 0 ? 0 : quantile(values, phase.length, 0.5);
    for (const i of phase) floor[i] = (floor[i] ?? 0) - usual;
  }
}

/** Buckets of each phase, in time order. */
function byPhase(timeMs: Float64Array, n: number, periodMs: number, phases: number): number[][] {
  const members: number[][] = Array.from({ length: phases }, () => []);
  for (let i = 0; i < n; i += 1) members[Math.floor((((timeMs[i] ?? 0) % periodMs) / periodMs) * phases)]?.push(i);
  return members;
}

/** Median slope between buckets of one phase that are at least most of a period apart. */
function slopeAcrossPeriods(floor: Float64Array, timeMs: Float64Array, members: number[][], n: number, periodMs: number): number {
  const slopes = new Float64Array((n * n) / 2);
  let count = 0;
  for (const phase of members) {
    for (const [k, i] of phase.entries()) {
      for (let m = k + 1; m < phase.length; m += 1) {
        const j = phase[m] ?? 0;
        const gapMs = (timeMs[j] ?? 0) - (timeMs[i] ?? 0);
        if (gapMs < 0.9 * periodMs) continue;
        slopes[count] = ((floor[j] ?? 0) - (floor[i] ?? 0)) / gapMs;
        count += 1;
      }
    }
  }
  return count === 0 ? 0 : quantile(slopes, count, 0.5);
}

/** Correlation between buckets one period apart, 1 when each period is like the one before. */
function correlationAcrossPeriods(rest: Float64Array, timeMs: Float64Array, members: number[][], n: number, periodMs: number): number {
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += rest[i] ?? 0;
  const mean = sum / n;
  let products = 0;
  let squares = 0;
  for (const phase of members) {
    for (const [k, i] of phase.entries()) {
      const j = phase.findIndex((later, m) => m > k && (timeMs[later] ?? 0) - (timeMs[i] ?? 0) >= 0.9 * periodMs);
      if (j < 0) continue;
      const a = (rest[i] ?? 0) - mean;
      const b = (rest[phase[j] ?? 0] ?? 0) - mean;
      products += a * b;
      squares += (a * a + b * b) / 2;
    }
  }
  return squares > 0 ? products / squares : 0;
}
