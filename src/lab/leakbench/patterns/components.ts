import type { Rng } from '../rng.ts';

/** A part of a simulation which keeps state: its value at `t` hours, `dt` hours after the last call. */
export type Component = (t: number, dt: number) => number;

/** Noise with memory: standard deviation `sd`, correlation `phi` over ten minutes. */
export function autoregressive(rng: Rng, phi: number, sd: number): Component {
  let state = sd * rng.normal();
  return (_t, dt) => {
    const keep = phi ** (dt * 6);
    state = keep * state + sd * Math.sqrt(1 - keep * keep) * rng.normal();
    return state;
  };
}

/** The everyday wobble of a process: 0.4 % with ten minutes' memory. */
export function wobble(rng: Rng, base: number, relative = 0.004): Component {
  return autoregressive(rng, 0.8, base * relative);
}

/** Sum of jumps that arrive at `perHour` and have the size `jump()`. */
export function jumps(rng: Rng, perHour: number, jump: () => number): Component {
  let sum = 0;
  return (_t, dt) => {
    for (let n = rng.poisson(perHour * dt); n > 0; n -= 1) sum += jump();
    return sum;
  };
}

/** Sum of `rate(t)` over time. */
export function integral(rate: Component): Component {
  let sum = 0;
  return (t, dt) => {
    sum += rate(t, dt) * dt;
    return sum;
  };
}

/** 0 to 1 and back to 0 every `periodH` hours. */
export function sawtooth(rng: Rng, periodH: number): Component {
  const phase = rng.unit();
  return (t) => (t / periodH + phase) % 1;
}

/** What a heap commits: grows in chunks with the need, never shrinks. */
export function committed(chunk: number, need: Component): Component {
  let most = 0;
  return (t, dt) => {
    most = Math.max(most, need(t, dt));
    return chunk * Math.ceil(most / chunk);
  };
}

/** Height of rare spikes: a share of the samples, heavy-tailed, at most 20 times `scale`. */
export function spikes(rng: Rng, share: number, scale: number, alpha: number): Component {
  return () => (rng.chance(share) ? scale * Math.min(20, rng.pareto(alpha)) : 0);
}

/** Age in hours of a process that is restarted again and again: each night, or every `everyH` hours more or less. */
export function restarted(rng: Rng): { everyH: number; age: Component } {
  const nightly = rng.chance(0.5);
  const everyH = nightly ? 24 : rng.uniform(8, 40);
  let startH = -everyH * rng.unit();
  let nextH = startH + everyH;
  const age = (t: number) => {
    if (t >= nextH) {
      startH = nextH;
      nextH += everyH * (nightly ? 1 : rng.uniform(0.8, 1.2));
    }
    return t - startH;
  };
  return { everyH, age };
}
