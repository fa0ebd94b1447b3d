import type { Rng } from '../rng.ts';
import { autoregressive, type Component } from './components.ts';

export interface LoadShape {
  /** Daily amplitude; drawn from 0.2 to 0.6 when not given. */
  amplitude?: number;
  weekends?: boolean;
}

/** Work of the moment, 1 on average: daily and half-daily wave, quieter weekends, noise. `t` = 0 is a Monday midnight. */
export function dailyLoad(rng: Rng, shape: LoadShape = {}): Component {
  const amplitude = shape.amplitude ?? rng.uniform(0.2, 0.6);
  const phase = rng.uniform(0, 24);
  const weekend = (shape.weekends ?? true) ? rng.uniform(0.5, 0.9) : 1;
  const noise = autoregressive(rng, 0.9, 0.05);
  return (t, dt) => {
    const angle = (2 * Math.PI * (t - phase)) / 24;
    const wave = 1 + amplitude * Math.sin(angle) + 0.25 * amplitude * Math.sin(2 * angle);
    const day = Math.floor(t / 24) % 7 >= 5 ? weekend : 1;
    return Math.max(0.03, wave * day * (1 + noise(t, dt)));
  };
}

/** Work that only wanders: for runs too short for a day to show. */
export function wanderingLoad(rng: Rng, sd = 0.15): Component {
  const slow = autoregressive(rng, 0.4, sd);
  const fast = autoregressive(rng, 1e-6, sd / 2);
  return (t, dt) => Math.max(0.03, 1 + slow(t, dt) + fast(t, dt));
}
