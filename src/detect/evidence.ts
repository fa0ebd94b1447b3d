/**
 * What one window of floors says, as numbers without units wherever possible. Pure: floors in, evidence out; rules judge it.
 *
 * The window is first cleared of what the workload of the moment and the hour of the day or the week explain; what is left is cut into
 * some 16 blocks, and the lower quartile of each block is its floor.
 */
import { bucketsPerLevel, type WindowView } from '../series/window.ts';
import { gridOf } from './blockGrid.ts';
import { type Blocks, blockFloors, bucketsPerBlock, fewestBlocks, largestDrop, withoutGarbage } from './blocks.ts';
import { clearOfLoadAndSeason } from './clear.ts';
import { type EndingCurve, foreseenShare, weighEndings } from './endings.ts';
import { effectiveStepsOf, lastingFloorOf, restOf } from './rest.ts';
import { LineFit, regress, robustDeviation, theilSen } from './statistics.ts';

/** Fewer buckets say nothing. */
export const fewestBuckets = 24;

/** Long-run variance of increments, as a share of their variance, below which it is an accident of few blocks. */
const leastLongRun = 0.05;

const residuals = new Float64Array(bucketsPerLevel);
const increments = new Float64Array(bucketsPerLevel);
/** The columns of a line over steps of equal length. */
const evenly = [new Float64Array(bucketsPerLevel).fill(1), Float64Array.from({ length: bucketsPerLevel }, (_, k) => k)];

export interface WindowEvidence {
  fromMs: number;
  toMs: number;
  buckets: number;
  /** Floor at both ends of the fitted line, load and season removed. */
  startFloor: number;
  endFloor: number;
  /** endFloor - startFloor. */
  growth: number;
  slopePerMs: number;
  /** Standard error of the slope: stationary noise and random increments together. */
  slopeErrorPerMs: number;
  /** Kendall's tau over the blocks. */
  tau: number;
  /** Slope over its standard error under autocorrelated noise. */
  trendT: number;
  /** Mean increment over its standard error: a random walk has about 0, a steady leak far more. */
  steadiness: number;
  /** Growth over the scatter of the blocks around the line. */
  signalToNoise: number;
  /** Largest give-back between blocks, as a share of the growth. */
  giveBack: number;
  /** Share of the growth in its largest single step, and how many equal steps would look like this. */
  largestStep: number;
  effectiveSteps: number;
  /** Slope over the last third, as a share of the whole slope. */
  lateShare: number;
  /**
   * t of a quadratic term: negative when growth slows down. The weaker of two: against scatter around the curve, and against increments
   * that come by chance, as those of a leak in steps do.
   */
  curvatureT: number;
  /** The quadratic term over the window and its standard error, in the unit of the series: floor = … + bend × (u - ½)², u from 0 to 1. */
  bend: number;
  bendError: number;
  /** By how much the largest step between two blocks exceeds an even one, in the unit of the series. */
  unevenStep: number;
  /**
   * Log-likelihood of growth that goes on (a line, with or without a warm-up) less that of growth that ends or slows down by itself.
   * Near 0 the window cannot tell.
   */
  lineOdds: number;
  /** The curve that ends or slows down and fits best; null when the window does not grow. */
  endingCurve: EndingCurve | null;
  /**
   * Share of this window's growth that the ending curve of the whole life foresees, where that curve fits the life better than a
   * line: a late stretch of a curve that flattens looks straight. Null where the life is no such curve.
   */
  foreseenShare: number | null;
  /** How far the end is above what earlier runs of the process held at this age, as a share of the growth; null without earlier runs. */
  aboveEarlierRuns: number | null;
  /** Share of the raw growth that follows the load of the moment; null when the load is not known. */
  loadShare: number | null;
  /** By how much the load of like days grows, at most, as a share of its level and per ms; 0 where no trend of it is seen. */
  loadRisePerMs: number;
  /** How far the end is above everything before the window, as a share of the growth; null without such a past. */
  newHigh: number | null;
  /** Largest give-back before the window, as a share of the growth; null without a past. */
  pastGiveBack: number | null;
  /** Length of the past before the window, in windows. */
  pastSpans: number;
  /** Growth as a share of the level at its start. */
  relativeGrowth: number;
  /** Scatter of the floors around the line, in the unit of the series. */
  noise: number;
  /** Longest time a tenth of the lasting growth took, and time since nine tenths of it were there, as shares of the window. */
  longestRest: number;
  lastRest: number;
}

/** What was before the window, at the width of its blocks. */
export interface Past {
  highestFloor: number;
  /** What earlier runs of the process held at this age; null without earlier runs. */
  usualFloor: number | null;
  largestDrop: number;
  spanMs: number;
}

/**
 * Evidence of a window; null when it is too short, or wholly below what a longer past reached: then a longer window has more to say. `quantum` is the smallest change that means anything (a page, a count of 1).
 * `life` is the evidence of the widest window, `bornMs` is the start of the process as far as known, the origin of warm-ups.
 * `knownLoadRisePerMs` is the trend of the load that longer windows show.
 */
export function weighWindow(
  view: WindowView,
  past: Past | null,
  life: WindowEvidence | null,
  bornMs: number,
  quantum: number,
  knownLoadRisePerMs = 0,
): WindowEvidence | null {
  const n = view.length;
  if (n < fewestBuckets) return null;
  const fromMs = view.timeMs[0] ?? 0;
  const toMs = view.timeMs[n - 1] ?? 0;
  const spanMs = toMs - fromMs;
  if (spanMs <= 0) return null;
  if (past !== null && isBelowPast(view, past)) return null;
  const cleared = clearOfLoadAndSeason(view, n, fromMs, spanMs, quantum, knownLoadRisePerMs);
  const raw = blockFloors(view, cleared.floor, n);
  if (raw.count < fewestBlocks) return null;
  const giveBack = largestDrop(raw);
  const blocks = withoutGarbage(raw, giveBack);

  const line = theilSen(blocks.timeMs, blocks.floor, blocks.count);
  const growth = line.slope * spanMs;
  const startFloor = line.intercept + line.slope * fromMs;
  for (let k = 0; k < blocks.count; k += 1) {
    residuals[k] = (blocks.floor[k] ?? 0) - line.intercept - line.slope * (blocks.timeMs[k] ?? 0);
  }
  const noise = Math.max(robustDeviation(residuals, blocks.count), quantum / 4, Math.abs(startFloor) * 1e-5);
  const increments = weighIncrements(blocks, quantum);
  const shape = weighShape(blocks, fromMs, spanMs, bornMs, noise);
  const lasting = lastingFloorOf(cleared.floor, n);
  const rest = restOf(lasting, quantum);
  const scale = Math.max(growth, noise);
  const slopeErrorPerMs = Math.hypot(cleared.slopeErrorPerMs, increments.wander / spanMs);
  return {
    fromMs,
    toMs,
    buckets: n,
    startFloor,
    endFloor: startFloor + growth,
    growth,
    slopePerMs: line.slope,
    slopeErrorPerMs,
    tau: line.tau,
    trendT: cleared.slopePerMs / Math.max(cleared.slopeErrorPerMs, 1e-300),
    steadiness: increments.steadiness,
    signalToNoise: growth / noise,
    giveBack: growth > 0 ? giveBack / growth : 1,
    largestStep: increments.largestStep,
    effectiveSteps: effectiveStepsOf(lasting, bucketsPerBlock(n), startFloor),
    lateShare: shape.lateShare,
    curvatureT: shape.curvatureT,
    bend: shape.bend,
    bendError: shape.bendError,
    unevenStep: increments.unevenStep,
    lineOdds: shape.lineOdds,
    endingCurve: shape.endingCurve,
    foreseenShare: life === null ? null : foreseenShare(life, fromMs, toMs, scale),
    aboveEarlierRuns: past?.usualFloor == null ? null : (startFloor + growth - past.usualFloor) / scale,
    loadShare: cleared.loadShare,
    loadRisePerMs: cleared.loadRisePerMs,
    newHigh: past === null || past.spanMs === 0 ? null : (startFloor + growth - past.highestFloor) / scale,
    pastGiveBack: past === null || past.spanMs === 0 ? null : past.largestDrop / scale,
    pastSpans: past === null ? 0 : past.spanMs / spanMs,
    relativeGrowth: growth / Math.max(Math.abs(startFloor), quantum),
    noise,
    longestRest: rest.longest,
    lastRest: rest.last,
  };
}

/** Whether all of a window is below what a past as long reached: then a longer window has more to say. */
export function isBelowPast({ timeMs, floor, length }: WindowView, past: Past): boolean {
  if (past.spanMs < (timeMs[length - 1] ?? 0) - (timeMs[0] ?? 0)) return false;
  for (let i = 0; i < length; i += 1) if ((floor[i] ?? 0) >= past.highestFloor) return false;
  return true;
}

function weighIncrements(blocks: Blocks, quantum: number) {
  const n = blocks.count - 1;
  let sum = 0;
  let up = 0;
  let largest = 0;
  for (let k = 0; k < n; k += 1) {
    const step = (blocks.floor[k + 1] ?? 0) - (blocks.floor[k] ?? 0);
    const risen = Math.max(0, step);
    increments[k] = step;
    sum += step;
    up += risen;
    largest = Math.max(largest, risen);
  }
  const mean = sum / n;
  let variance = 0;
  let covariance = 0;
  for (let k = 0; k < n; k += 1) {
    variance += ((increments[k] ?? 0) - mean) ** 2;
    if (k > 0) covariance += ((increments[k] ?? 0) - mean) * ((increments[k - 1] ?? 0) - mean);
  }
  variance /= Math.max(1, n - 1);
  covariance /= Math.max(1, n - 1);
  const longRun = Math.max(leastLongRun * variance, variance + 2 * covariance);
  return {
    steadiness: mean / Math.max(Math.sqrt(longRun / n), quantum / 8, 1e-300),
    /** Standard deviation of the whole growth that random increments alone would give. */
    wander: Math.sqrt(Math.max(0, variance + 2 * covariance) * n),
    largestStep: up > 0 ? largest / up : 0,
    unevenStep: Math.max(0, largest - mean),
  };
}

/** t of a straight line through the increments; their scatter counts over the long run, so that plain noise in the floors cancels out. */
function changeOfIncrementsT(blocks: Blocks): number {
  const n = blocks.count - 1;
  for (let k = 0; k < n; k += 1) increments[k] = (blocks.floor[k + 1] ?? 0) - (blocks.floor[k] ?? 0);
  const fit = regress(evenly, increments, n, 0);
  if (fit === null) return 0;
  const { residuals, squaredError } = fit;
  let products = 0;
  for (let k = 1; k < n; k += 1) products += (residuals[k] ?? 0) * (residuals[k - 1] ?? 0);
  const longRun = Math.max(leastLongRun * squaredError, squaredError + 2 * products) / (n - 2);
  const squares = (n * (n * n - 1)) / 12;
  return (fit.coefficients[1] ?? 0) / Math.max(Math.sqrt(longRun / squares), 1e-300);
}

/** Of two t the one nearer to 0; 0 when they disagree about the side. */
function weakerOf(a: number, b: number): number {
  return a * b <= 0 ? 0 : Math.sign(a) * Math.min(Math.abs(a), Math.abs(b));
}

function weighShape(blocks: Blocks, fromMs: number, spanMs: number, bornMs: number, noise: number) {
  const frame = { fromMs, spanMs, originMs: Math.min(bornMs, fromMs) };
  const n = blocks.count;
  const y = blocks.floor;
  const grid = gridOf(blocks, frame);
  const line = new LineFit(grid.places, y);
  const curve = line.with(grid.bend);
  const curveT = curve === null ? 0 : curve.coefficient / Math.max(curve.coefficientError, noise * 1e-3, 1e-300);
  const third = Math.max(3, Math.floor(n / 3));
  const late = theilSen(grid.places.x.subarray(n - third), y.subarray(n - third), third);
  return {
    lateShare: line.slope > 0 ? late.slope / line.slope : 0,
    bend: curve?.coefficient ?? 0,
    bendError: curve?.coefficientError ?? 0,
    curvatureT: weakerOf(curveT, changeOfIncrementsT(blocks)),
    ...weighEndings(line, blocks, grid, frame, noise),
  };
}

/** Room for one window. */
export function emptyView(): WindowView {
  return {
    widthMs: 0,
    length: 0,
    timeMs: new Float64Array(bucketsPerLevel),
    floor: new Float64Array(bucketsPerLevel),
    load: new Float64Array(bucketsPerLevel),
  };
}
