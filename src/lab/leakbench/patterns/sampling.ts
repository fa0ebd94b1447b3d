import type { Rng } from '../rng.ts';

const hour = 3600;

/** How an agent reads: seconds between samples, and what goes wrong. */
export interface Sampling {
  intervalS: number;
  /** `regular` with a little scheduling jitter; `irregular` stretches each interval by up to 60 times. */
  rhythm: 'regular' | 'irregular';
  /** Probability that a sample is missing. */
  missing: number;
  /** Hours without samples: start and length. */
  gaps: { fromH: number; lengthH: number }[];
}

/** Sampling intervals are as short as keeps a case below this many samples, so that thousands of cases stay affordable. */
const maxSamples = 20_000;

/** A day-to-weeks run: 1 to 10 minutes between samples. */
export function drawSampling(rng: Rng, spanH: number): Sampling {
  const wanted = rng.pick([60, 60, 120, 300, 300, 600]);
  return { intervalS: Math.max(wanted, (spanH * hour) / maxSamples), rhythm: 'regular', missing: 0, gaps: [] };
}

/** The moments of the samples, in hours after the start. */
export function* sampleTimes(rng: Rng, sampling: Sampling, spanH: number): Generator<number> {
  const interval = sampling.intervalS / hour;
  let planned = 0;
  while (planned <= spanH) {
    const t = planned + (sampling.rhythm === 'regular' ? 0.02 * interval * rng.unit() : 0);
    planned += sampling.rhythm === 'regular' ? interval : interval * Math.min(60, rng.logNormal(1.5, 1));
    const skipped = rng.chance(sampling.missing) || sampling.gaps.some((gap) => t >= gap.fromH && t < gap.fromH + gap.lengthH);
    if (!skipped && t <= spanH) yield t;
  }
}
