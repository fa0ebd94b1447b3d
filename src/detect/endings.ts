/**
 * Does growth go on, or is it of a kind that ends? Compares a line, with or without a warm-up before it, with curves that flatten: caches
 * that fill, exponentials, powers as in Heaps' law, logarithms. Pure.
 */
import type { Blocks } from './blocks.ts';
import type { WindowEvidence } from './evidence.ts';
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

/** Growth that ends or slows down for ever: `coefficient` times a shape over the window from `fromMs`. */
export interface EndingCurve {
  /** Index into the saturating shapes. */
  shape: number;
  coefficient: number;
  fromMs: number;
  spanMs: number;
  originMs: number;
}

/**
 * A saturating shape (a fill that is full, an exponential, a power as in Heaps' law, a logarithm) of u, the time since the start of the
 * window, and age, the time since the start of the process, both in windows. What slows down for ever may have begun with either.
 */
type Saturation = (u: number, age: number) => number;

const saturations: readonly Saturation[] = [
  ...[0.3, 0.5, 0.7].map(
    (full): Saturation =>
      (u) =>
        Math.min(u, full),
  ),
  ...[0.06, 0.12, 0.25, 0.45, 0.7].map(
    (tau): Saturation =>
      (u) =>
        -Math.exp(-u / tau),
  ),
  ...[0.35, 0.45, 0.55].flatMap((power): Saturation[] => [(_, age) => age ** power, (u) => u ** power]),
  ...[20, 200, 2000].flatMap((rate): Saturation[] => [(_, age) => Math.log1p(age * rate), (u) => Math.log1p(u * rate)]),
];

/** A warm-up is over by the middle of the window: what still bends in the newer half is no line after a warm-up. */
const mostBendLeft = 0.05;
const warmUps = new Set(saturations.filter((shape) => shape(1, 1) - shape(0.5, 0.5) < mostBendLeft * (shape(1, 1) - shape(0, 0))));

/** Growth of an ending curve between two moments. */
function growthOf(curve: EndingCurve, fromMs: number, toMs: number): number {
  const shape = saturations[curve.shape];
  if (shape === undefined) return 0;
  const at = (timeMs: number) =>
    shape(Math.max(0, timeMs - curve.fromMs) / curve.spanMs, Math.max(0, timeMs - curve.originMs) / curve.spanMs);
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
export function weighEndings(
  line: LineFit,
  blocks: Blocks,
  u: Float64Array,
  frame: Omit<EndingCurve, 'shape' | 'coefficient'>,
  noise: number,
) {
  const { n } = line;
  const growth = (blocks.floor[n - 1] ?? 0) - (blocks.floor[0] ?? 0);
  const tolerated = n * (noise * noise * 0.1 + (misfit * growth) ** 2);
  const age = blocks.timeMs.map((timeMs) => Math.max(0, timeMs - frame.originMs) / frame.spanMs);
  let goesOn = line.squaredError;
  const endings: { squaredError: number; curve: EndingCurve }[] = [];
  for (const [index, shape] of saturations.entries()) {
    const column = u.map((x, k) => shape(x, age[k] ?? 0));
    const pure = line.insteadBy(column);
    if (pure.coefficient > 0)
      endings.push({ squaredError: pure.squaredError, curve: { ...frame, shape: index, coefficient: pure.coefficient } });
    const mixed = warmUps.has(shape) ? line.with(column) : null;
    if (mixed === null || mixed.coefficient <= 0 || mixed.slope < leastLinearShare * growth) continue;
    goesOn = Math.min(goesOn, mixed.squaredError * n ** (2 / n));
  }
  const ends = endings.reduce((least, { squaredError }) => Math.min(least, squaredError), 1e300);
  const independent = Math.max(4, (n * (1 - line.autocorrelation)) / (1 + line.autocorrelation));
  const odds = (better: number, worse: number) => (independent / 2) * Math.log((worse + tolerated) / (better + tolerated));
  const plausible = endings.filter(({ squaredError }) => odds(ends, squaredError) < asPlausible).map(({ curve }) => curve);
  return { lineOdds: odds(goesOn, ends), endingCurve: slowestToEnd(plausible, frame.fromMs, frame.spanMs) };
}

/** Of curves that fit as well as each other, the one that still grows most in the newer half: what it foresees is nobody's leak. */
function slowestToEnd(curves: readonly EndingCurve[], fromMs: number, spanMs: number): EndingCurve | null {
  const late = (curve: EndingCurve) => growthOf(curve, fromMs + spanMs / 2, fromMs + spanMs);
  return curves.reduce<EndingCurve | null>((best, curve) => (best === null || late(curve) > late(best) ? curve : best), null);
}
