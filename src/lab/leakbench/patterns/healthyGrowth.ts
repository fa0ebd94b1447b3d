/** Healthy growth: it slows down, or it ends. */
import { committed, jumps, sawtooth, wobble } from './components.ts';
import { dailyLoad } from './load.ts';
import { healthyOf, type Pattern, type Scenario, type World } from './pattern.ts';
import { MiB } from './worlds.ts';

function shaped(world: World, wallFactor: number, share: (t: number, dt: number) => number, noiseShare = 0.004): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const noise = wobble(rng, base, noiseShare);
  return { wall: wallFactor * base, model: (t, dt) => ({ value: base * share(t, dt) + noise(t, dt), load: load(t, dt) }) };
}

function warmUp(world: World): Scenario {
  const tau = world.rng.logUniform(1, 60);
  return shaped(world, 3, (t) => 0.3 + 0.7 * (1 - Math.exp(-t / tau)));
}

function linearThenCap(world: World): Scenario {
  const size = world.rng.uniform(0.5, 2);
  const fillH = world.rng.uniform(6, 120);
  return shaped(world, 6, (t) => 1 + size * Math.min(1, t / fillH));
}

function logarithmic(world: World): Scenario {
  const size = world.rng.uniform(0.1, 0.4);
  const scaleH = world.rng.uniform(0.3, 6);
  return shaped(world, 5, (t) => 1 + size * Math.log1p(t / scaleH));
}

function heaps(world: World): Scenario {
  const size = world.rng.uniform(0.3, 1);
  const power = world.rng.uniform(0.35, 0.55);
  return shaped(world, 5, (t) => 1 + size * (t / 336) ** power);
}

function fragmentation(world: World): Scenario {
  const { rng } = world;
  const tau = rng.uniform(8, 60);
  const total = rng.uniform(0.2, 0.8);
  // The expected number of jumps gives the size of one.
  const jump = total / (4 * (0.5 * tau + 0.003 * 336));
  let sum = 0;
  return shaped(world, 4, (t, dt) => {
    for (let n = rng.poisson(4 * dt * (0.5 * Math.exp(-t / tau) + 0.003)); n > 0; n -= 1) sum += rng.exponential(jump);
    return 1 + sum;
  });
}

function jvmToXmx(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const saw = sawtooth(rng, rng.uniform(0.5, 4));
  const tau = rng.uniform(6, 60);
  const heap = committed(Math.max(4 * MiB, 0.03 * base), (t, dt) => base * (2.5 - 1.5 * Math.exp(-t / tau)) * (0.6 + 0.4 * saw(t, dt)));
  const noise = wobble(rng, base, 0.001);
  return { wall: 3 * base, model: (t, dt) => ({ value: Math.min(heap(t, dt), 2.3 * base) + noise(t, dt), load: load(t, dt) }) };
}

function hugePages(world: World): Scenario {
  const { rng } = world;
  const extra = rng.uniform(0.05, 0.3);
  const overH = rng.uniform(2, 12);
  return shaped(world, 4, (t) => 1 + extra * Math.min(1, t / overH));
}

/** Each new thread may get an arena of its own, up to eight for each core. */
function arenas(world: World): Scenario {
  const { rng, base } = world;
  const most = 8 * rng.pick([2, 4, 8]);
  let count = 0;
  let bytes = 0;
  return shaped(world, 4, (_t, dt) => {
    for (let n = rng.poisson(dt * rng.uniform(0.1, 1)); n > 0 && count < most; n -= 1) {
      count += 1;
      bytes += rng.logUniform(64 * 1024, 8 * MiB);
    }
    return 1 + bytes / Math.max(base, 200 * MiB);
  });
}

/** A buffer that fills its ring and then writes over it. */
function ringBuffer(world: World): Scenario {
  const { rng } = world;
  const size = rng.uniform(0.05, 0.3);
  const fillH = rng.uniform(12, 96);
  const add = jumps(rng, 60, () => 1 / 60);
  return shaped(world, 5, (t, dt) => 1 + size * Math.min(1, add(t, dt) / fillH));
}

export const healthyGrowth: Pattern[] = [
  healthyOf('N04-warm-up', ['warm-up', 'bounded-cache', 'slowing', 'flat'], warmUp),
  healthyOf('N05-linear-then-cap', ['bounded-cache', 'warm-up', 'flat'], linearThenCap),
  healthyOf('N06-logarithmic', ['slowing', 'warm-up'], logarithmic),
  healthyOf('N07-heaps', ['slowing', 'warm-up'], heaps),
  healthyOf('N08-fragmentation', ['allocator-retention', 'slowing', 'warm-up', 'step'], fragmentation),
  healthyOf('N10-jvm-to-xmx', ['bounded-cache', 'warm-up', 'slowing', 'allocator-retention', 'flat'], jvmToXmx),
  healthyOf('N28-huge-pages', ['step', 'warm-up', 'bounded-cache', 'flat'], hugePages),
  healthyOf('N29-arena-per-thread', ['allocator-retention', 'warm-up', 'slowing', 'step', 'bounded-cache', 'flat'], arenas),
  healthyOf('N35-ring-buffer', ['bounded-cache', 'warm-up', 'flat'], ringBuffer),
];
