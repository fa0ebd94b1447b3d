/** Ways in which real readings differ from the textbook: the noise, the grain, the rhythm of sampling. */
import type { Rng } from '../rng.ts';
import { autoregressive, type Component } from './components.ts';
import type { World } from './pattern.ts';
import { MiB } from './worlds.ts';

/** Turns the true size into a reading. */
export type Disturbance = (size: number, t: number, dt: number) => number;

/** Noise as a share of the size: it grows as the process does. */
export function proportional(rng: Rng, sd: number): Disturbance {
  const noise = autoregressive(rng, rng.uniform(0.3, 0.9), sd);
  return (size, t, dt) => size * (1 + noise(t, dt));
}

/** Many small deviations and a few very large ones, to both sides. */
export function heavyTailed(rng: Rng, scale: number): Disturbance {
  return (size) => size + scale * Math.max(-12, Math.min(12, rng.normal() / Math.sqrt(rng.exponential(1) + 0.02)));
}

/** Noise that remembers for hours or days. */
export function red(rng: Rng, phi: number, scale: number): Disturbance {
  const slow = autoregressive(rng, phi, scale);
  return (size, t, dt) => size + slow(t, dt);
}

/** Memory comes in arenas: the reading is a whole number of chunks, and lags behind on the way down. */
export function chunked(chunk: number): Disturbance {
  let held = 0;
  return (size) => {
    const need = Math.ceil(size / chunk) * chunk;
    held = need > held || need < held - chunk ? need : held;
    return held;
  };
}

function both(first: Disturbance, second: Disturbance): Disturbance {
  return (size, t, dt) => second(first(size, t, dt), t, dt);
}

/** One of them by chance; chunks are small enough for the process to hold dozens. */
export function drawDisturbance(rng: Rng, base: number): Disturbance {
  const level = rng.uniform(0.003, 0.02);
  return rng.pick<() => Disturbance>([
    () => proportional(rng, level),
    () => heavyTailed(rng, 0.3 * level * base),
    () => red(rng, rng.uniform(0.9, 0.98), level * base),
    () =>
      both(
        proportional(rng, level),
        chunked(rng.pick([0.0625, 1, 4].map((size) => Math.min(size * MiB, base / 24)) as [number, ...number[]])),
      ),
  ])();
}

/** The same world, read badly: samples missing, intervals from seconds to minutes, hours without any. */
export function readBadly(world: World): World {
  const { rng, spanH } = world;
  const gaps = Array.from({ length: rng.integer(0, 3) }, () => ({
    fromH: rng.uniform(0, spanH),
    lengthH: rng.uniform(0.01, 0.08) * spanH,
  }));
  const rhythm = rng.pick(['regular', 'irregular'] as const);
  return { ...world, sampling: { ...world.sampling, rhythm, missing: rng.uniform(0, 0.4), gaps } };
}

/** Adds a disturbance to what a component says. */
export function disturbed(size: Component, disturbance: Disturbance): Component {
  return (t, dt) => disturbance(size(t, dt), t, dt);
}
