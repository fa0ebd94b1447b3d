/**
 * Does growth go on, or is it of a kind that ends? Compares a line, with or without a warm-up before it, with curves that flatten: caches
 * that fill, exponentials, powers as in Heaps' law, logarithms. Pure.
 */
import type { BlockGrid, WindowFrame } from './blockGrid.ts';
import type { Blocks } from './blocks.ts';
import type { WindowEvidence } from './evidence.ts';
import { saturations } from './saturations.ts';
import type { LineFit } from './statistics.ts';

/** Misfit of a shape that is forgiven, as a share of the growth: real curves are only roughly exponential. */
const misfit = 0.01;

/** A mixture with less of a line than this is growth that ends. */
const leastLinearShare = 0.5;

/**
 * t of curvature below which a life counts as bent, against its scatter and against its increments as if they were chance, and the odds of
 * a line above which that is a warm-up before a leak.
 */
const bendsDown = -2.5;
const slowsDown = -1;
const surelyGoesOn = 3;

/** Log-odds within which two curves explain a life equally well. */
const asPlausible = 1;

/** Fits of the window at hand, as `saturations`. */
const coefficients = new Float64Array(saturations.length);
const squaredErrors = new Float64Array(saturations.length);

/** Growth that ends or slows down for ever: `coefficient` times a shape over a window. */
export interface EndingCurve extends WindowFrame {
  /** Index into the saturating shapes. */
  shape: number;
  coefficient: number;
}

/** Growth of an ending curve between two moments. */
function growthOf(curve: EndingCurve, fromMs: number, toMs: number): number {
  const shape = saturations[curve.shape];
  if (shape === undefined) return 0;
  const sinceMs = shape.since === 'window' ? curve.fromMs : curve.originMs;
  const at = (timeMs: number) => shape.at(Math.max(0, timeMs - sinceMs) / curve.spanMs);
  return curve.coefficient * (at(toMs) - at(fromMs));
}

/** Share of the growth of a window that the curve of its life foresees; null when the life does not bend, or surely goes on. */
export function foreseenShare(life: WindowEvidence, fromMs: number, toMs: number, growth: number): number | null {
  if (life.endingCurve === null || life.bend > bendsDown * life.bendError || life.curvatureT > slowsDown || life.lineOdds > surelyGoesOn)
    return null;
  return growthOf(life.endingCurve, fromMs, toMs) / growth;
}

/**
 * Compares two families by their best fits: growth that goes on, a + b u with or without a saturating part c s(u), and growth that ends
 * or slows down, a + c s(u). Residuals are taken as autocorrelated normal; a misfit of a hundredth of the growth is nobody's proof.
 */
export function weighEndings(line: LineFit, blocks: Blocks, grid: BlockGrid, frame: WindowFrame, noise: number) {
  const { n } = line;
  const growth = (blocks.floor[n - 1] ?? 0) - (blocks.floor[0] ?? 0);
  const tolerated = n * (noise * noise * 0.1 + (misfit * growth) ** 2);
  let goesOn = line.squaredError;
  let ends = 1e300;
  let index = 0;
  for (const { alone, beside } of grid.shapesIn(blocks.timeMs, frame)) {
    const pure = line.insteadBy(alone);
    coefficients[index] = pure.coefficient;
    squaredErrors[index] = pure.squaredError;
    index += 1;
    if (pure.coefficient > 0) ends = Math.min(ends, pure.squaredError);
    const mixed = beside === null ? null : line.with(beside);
    if (mixed === null || mixed.coefficient <= 0 || mixed.slope < leastLinearShare * growth) continue;
    goesOn = Math.min(goesOn, mixed.squaredError * n ** (2 / n));
  }
  const independent = Math.max(4, (n * (1 - line.autocorrelation)) / (1 + line.autocorrelation));
  const odds = (better: number, worse: number) => (independent / 2) * Math.log((worse + tolerated) / (better + tolerated));
  let endingCurve: EndingCurve | null = null;
  let most = Number.NEGATIVE_INFINITY;
  // Of curves that fit as well as each other, the one that still grows most in the newer half: what it foresees is nobody's leak.
  const { fromMs, spanMs, originMs } = frame;
  for (let shape = 0; shape < coefficients.length; shape += 1) {
    const coefficient = coefficients[shape] ?? 0;
    if (!(coefficient > 0 && odds(ends, squaredErrors[shape] ?? 0) < asPlausible)) continue;
    const curve = { fromMs, spanMs, originMs, shape, coefficient };
    const late = growthOf(curve, fromMs + spanMs / 2, fromMs + spanMs);
    if (endingCurve !== null && !(late > most)) continue;
    endingCurve = curve;
    most = late;
  }
  return { lineOdds: odds(goesOn, ends), endingCurve };
}
