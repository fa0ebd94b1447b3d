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
const weekend = new Float64Array(bucketsPerLevel);
const usualLoad = new Float64Array(bucketsPerLevel);
const workDone = new Float64Array(bucketsPerLevel);

export interface Cleared {
  /** Until the next window is cleared. */
  floor: Float64Array;
  slopePerMs: number;
  /** Standard error, widened for autocorrelated noise. */
  slopeErrorPerMs: number;
  /** Share of the raw growth that follows the load; null when the load is not known. */
  loadShare: number | null;
  /** By how much the load grows, at most, as a share of its level and per ms; 0 where no trend of it is seen. */
  loadRisePerMs: number;
}

/** `knownRisePerMs` is the trend of the load that longer windows show: a day or two can't tell it from the work of the day. */
export function clearOfLoadAndSeason(
  view: WindowView,
  n: number,
  fromMs: number,
  spanMs: number,
  quantum: number,
  knownRisePerMs: number,
): Cleared {
  const floor = floorRoom.subarray(0, n);
  for (let i = 0; i < n; i += 1) {
    u[i] = ((view.timeMs[i] ?? 0) - fromMs) / spanMs;
    floor[i] = view.floor[i] ?? 0;
  }
  fillDips(floor, 0, n);
  let loadShare = centreLoad(view, n) ? takeOutLoad(floor, n) : null;
  takeOutSeasons(floor, view, n, spanMs);
  let loadRisePerMs = 0;
  if (loadShare !== null) {
    loadRisePerMs = riseOfLoad(view, n, spanMs) || knownRisePerMs;
    loadShare = takeOutLoadTrend(floor, view, n, loadRisePerMs * spanMs, loadShare);
  }
  const fit = regress([ones, u], floor, n, 2);
  if (fit === null) return { floor, slopePerMs: 0, slopeErrorPerMs: Math.max(quantum, 1) / spanMs, loadShare, loadRisePerMs };
  const error = Math.max(fit.errors[1] ?? 0, quantum / 4);
  return { floor, slopePerMs: (fit.coefficients[1] ?? 0) / spanMs, slopeErrorPerMs: error / spanMs, loadShare, loadRisePerMs };
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

/**
 * By how much the load of like days grows, at most, as a share of its level at the start and per ms; 0 where it does not surely. `load`
 * is the load of the moment less its mean.
 */
function riseOfLoad({ timeMs, widthMs, load: known }: WindowView, n: number, spanMs: number): number {
  if (spanMs < fewestPeriods * dayMs) return 0;
  let mean = 0;
  for (let i = 0; i < n; i += 1) mean += (known[i] || 0) / n;
  for (let i = 0; i < n; i += 1) {
    usualLoad[i] = mean + (load[i] ?? 0);
    weekend[i] = isWeekend(timeMs[i] ?? 0) ? 1 : 0;
  }
  takeOutPeriod(usualLoad, timeMs, n, dayMs, Math.max(hourMs, widthMs));
  const fit = regress(weekend.subarray(0, n).includes(1) ? [ones, u, weekend] : [ones, u], usualLoad, n, 2);
  const [atStart = 0, rise = 0] = fit?.coefficients ?? [];
  const error = fit?.errors[1] ?? 0;
  return atStart > 0 && rise > loadCounts * error ? (rise + 2 * error) / atStart / spanMs : 0;
}

/**
 * Days of work and the months in which it grows are two things: what is held for each user does not fall at night. What is left once the
 * load of the moment is out, which explained `share` of the growth, may follow the trend of the load: both in proportion to it, as if all
 * memory were for work. What grows by more is the less explained by it, and by twice as much not at all: a leak makes work for its
 * collector, so that the load follows it. Growth in step with the work done speeds up as the work does: that is none of it. Returns the
 * share of the growth that load and trend explain.
 */
function takeOutLoadTrend(floor: Float64Array, view: WindowView, n: number, rise: number, share: number): number {
  const line = rise > 0 && share < 1 ? regress([ones, u], floor, n, 2) : null;
  const [startFloor = 0, growth = 0] = line?.coefficients ?? [];
  if (line === null || startFloor <= 0 || growth <= 0) return share;
  let done = 0;
  for (let i = 0; i < n; i += 1) {
    done += view.load[i] || 0;
    workDone[i] = done;
  }
  const byWorkDone = regress([ones, workDone], floor, n, 2);
  if (byWorkDone !== null && byWorkDone.squaredError < line.squaredError / 2) return share;
  const raw = growth / (1 - share);
  const inProportion = startFloor * rise - share * raw;
  if (inProportion <= 0) return share;
  const explained = growth * Math.min(1, Math.max(0, 2 - growth / inProportion));
  for (let i = 0; i < n; i += 1) floor[i] = (floor[i] ?? 0) - explained * (u[i] ?? 0);
  return share + explained / raw;
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

function takeOutSeasons(series: Float64Array, { timeMs, widthMs }: WindowView, n: number, spanMs: number): void {
  const phaseMs = Math.max(hourMs, widthMs);
  for (const periodMs of seasonsMs) {
    if (spanMs >= fewestPeriods * periodMs) takeOutPeriod(series, timeMs, n, periodMs, phaseMs);
  }
  // Too short for weeks to be compared, yet it may hold a weekend between days of work.
  if (spanMs >= fewestPeriods * dayMs && spanMs < fewestPeriods * weekMs && takeOutWeekends(series, timeMs, n)) {
    takeOutPeriod(series, timeMs, n, dayMs, phaseMs);
  }
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

/** Saturday and Sunday in UTC: the epoch began on a Thursday. */
function isWeekend(timeMs: number): boolean {
  return (Math.floor(timeMs / dayMs) + 3) % 7 >= 5;
}

/**
 * Takes out by how much weekends are quieter than the days of work around them, as far as that is known: half a day of each side belongs to
 * the window, so that the work is seen to come back. Returns whether there was something to take out.
 */
function takeOutWeekends(floor: Float64Array, timeMs: Float64Array, n: number): boolean {
  const fromMs = timeMs[0] ?? 0;
  const toMs = timeMs[n - 1] ?? 0;
  if ([fromMs, fromMs + dayMs / 2, toMs - dayMs / 2, toMs].some(isWeekend)) return false;
  for (let i = 0; i < n; i += 1) weekend[i] = isWeekend(timeMs[i] ?? 0) ? 1 : 0;
  const fit = regress([ones, u, weekend], floor, n, 2);
  if (fit === null) return false;
  const change = fit.coefficients[2] ?? 0;
  if (change / Math.max(fit.errors[2] ?? 0, 1e-300) >= -loadCounts) return false;
  for (let i = 0; i < n; i += 1) floor[i] = (floor[i] ?? 0) - change * (weekend[i] ?? 0);
  return true;
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
