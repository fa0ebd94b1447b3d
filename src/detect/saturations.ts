/** Shapes of growth that ends or slows down: a fill that is full, an exponential, a power as in Heaps' law, a logarithm. */

/** A shape over time in windows, which counts from the start of the window or of the process. */
export interface Saturation {
  since: 'window' | 'start';
  at: (time: number) => number;
}

/** What slows down for ever may have begun with either. */
function sinceEither(at: Saturation['at']): Saturation[] {
  return [
    { since: 'start', at },
    { since: 'window', at },
  ];
}

export const saturations: readonly Saturation[] = [
  ...[0.3, 0.5, 0.7].map((full): Saturation => ({ since: 'window', at: (time) => Math.min(time, full) })),
  ...[0.06, 0.12, 0.25, 0.45, 0.7].map((tau): Saturation => ({ since: 'window', at: (time) => -Math.exp(-time / tau) })),
  ...[0.35, 0.45, 0.55].flatMap((power) => sinceEither((time) => time ** power)),
  ...[20, 200, 2000].flatMap((rate) => sinceEither((time) => Math.log1p(time * rate))),
];

/** A warm-up is over by the middle of the window: what still bends in the newer half is no line after a warm-up. */
const mostBendLeft = 0.05;
export const warmUps: ReadonlySet<Saturation> = new Set(saturations.filter(({ at }) => at(1) - at(0.5) < mostBendLeft * (at(1) - at(0))));
