import type { Rng } from '../rng.ts';
import { drawSampling, type Sampling } from './sampling.ts';

export const MiB = 1048576;

/** The surroundings of one case: how long, how often sampled, how large. */
export interface World {
  rng: Rng;
  spanH: number;
  /** Typical size in bytes. */
  base: number;
  sampling: Sampling;
  /** What the samples hold beside the resource: everything an agent reads, or the one gauge. */
  detail: 'full' | 'bare';
  /** How the wall is told: as a limit of the subject (for fds the rlimit), as headroom of the host, or not at all. */
  wallShown: 'limit' | 'headroom' | 'none';
}

/** Two weeks mostly, one to five else; half with a limit, a quarter with the headroom of the host, a quarter with no wall told. */
export function days(rng: Rng): World {
  const spanH = rng.chance(0.6) ? 336 : rng.chance(0.4) ? rng.uniform(168, 336) : rng.uniform(336, 840);
  return worldOf(rng, spanH);
}

/** One month: for what two weeks can't show. */
export function month(rng: Rng): World {
  return worldOf(rng, rng.uniform(720, 840));
}

/** 2 to 12 days of memory alone: no limit, no load, no restart times. */
export function bareDays(rng: Rng): World {
  return { ...worldOf(rng, rng.uniform(48, 288)), detail: 'bare', wallShown: 'none' };
}

/** 30 to 180 minutes at 1 to 5 s. */
export function minutes(rng: Rng): World {
  const spanH = rng.uniform(0.5, 3);
  return { ...worldOf(rng, spanH), sampling: { intervalS: rng.pick([1, 2, 5]), rhythm: 'regular', missing: 0, gaps: [] } };
}

/** 6 to 48 hours at 10 to 60 s. */
export function hours(rng: Rng): World {
  const spanH = rng.uniform(6, 48);
  return { ...worldOf(rng, spanH), sampling: { intervalS: rng.pick([10, 15, 30, 60]), rhythm: 'regular', missing: 0, gaps: [] } };
}

function worldOf(rng: Rng, spanH: number): World {
  return {
    rng,
    spanH,
    base: rng.logUniform(30, 2000) * MiB,
    sampling: drawSampling(rng, spanH),
    detail: rng.chance(0.6) ? 'full' : 'bare',
    wallShown: rng.chance(0.5) ? 'limit' : rng.pick(['headroom', 'none']),
  };
}

/** A leak's wall and rate: exhaustion after 72 to 600 h, limit 2 to 6 times the base. */
export interface Course {
  wall: number;
  tteH: number;
  rate: number;
}

export function course(world: World): Course {
  const { rng, base } = world;
  const tteH = rng.logUniform(72, 600);
  const wall = base * rng.uniform(2, 6);
  return { wall, tteH, rate: (wall - base) / tteH };
}
