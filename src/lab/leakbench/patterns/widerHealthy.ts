/** Healthy series beyond the catalogue: growth that ends late, noise with long memory, other spans, hidden load. */
import { autoregressive, type Component, committed, jumps, restarted, sawtooth } from './components.ts';
import { chunked, type Disturbance, disturbed, drawDisturbance, heavyTailed, proportional, readBadly, red } from './disturbances.ts';
import { dailyLoad, wanderingLoad } from './load.ts';
import { healthyOf, type Pattern, type Scenario, type World } from './pattern.ts';
import { bareDays, days, hours, MiB, minutes, month } from './worlds.ts';

/** Sizes as a share of the base, read through a disturbance; the wall is far. */
function shaped(world: World, share: Component, disturbance: Disturbance = drawDisturbance(world.rng, world.base)): Scenario {
  const { rng, base, spanH } = world;
  const load = spanH > 24 ? dailyLoad(rng) : wanderingLoad(rng);
  const size = disturbed((t, dt) => base * share(t, dt), disturbance);
  return { wall: 6 * base, model: (t, dt) => ({ value: size(t, dt), load: load(t, dt) }) };
}

/** Straight growth, then nothing: full between 15 and 60 % of the span. Nobody can know before it is full. */
function fillsThenFlat(world: World, low: number, high: number): Scenario {
  const { rng, spanH } = world;
  const size = rng.uniform(0.3, 2);
  const fillH = rng.uniform(low, high) * spanH;
  return shaped(world, (t) => 1 + size * Math.min(1, t / fillH));
}

/** With a time constant of more than half the span, the end can't be seen yet. */
function saturating(world: World, low: number, high: number): Scenario {
  const { rng, spanH } = world;
  const size = rng.uniform(0.3, 2);
  const tau = rng.uniform(low, high) * spanH;
  const scenario = shaped(world, (t) => 1 + size * (1 - Math.exp(-t / tau)), proportional(rng, 0.004));
  return tau > 0.5 * spanH ? { ...scenario, label: 'ambiguous' } : scenario;
}

function power(world: World, low: number, high: number): Scenario {
  const { rng, spanH } = world;
  const size = rng.uniform(0.3, 1.2);
  const exponent = rng.uniform(low, high);
  return shaped(world, (t) => 1 + size * (t / spanH) ** exponent, proportional(rng, 0.004));
}

function logarithmic(world: World): Scenario {
  const { rng, spanH } = world;
  const size = rng.uniform(0.05, 0.3);
  const scale = spanH * rng.uniform(0.001, 0.02);
  return shaped(world, (t) => 1 + size * Math.log1p(t / scale), proportional(rng, 0.004));
}

/** The heap is expanded after each series of collections, until it is as large as it may be. */
function heapExpansions(world: World): Scenario {
  const { rng, base, spanH } = world;
  const saw = sawtooth(rng, spanH * rng.uniform(0.002, 0.02));
  const untilH = rng.uniform(0.25, 0.55) * spanH;
  const steps = rng.integer(4, 10);
  const heap = committed(base / 64, (t, dt) => {
    const limit = 1 + (1.5 * Math.min(steps, Math.floor((steps * t) / untilH))) / steps;
    return base * limit * (0.8 + 0.2 * saw(t, dt));
  });
  return shaped(world, (t, dt) => heap(t, dt) / base, proportional(rng, 0.002));
}

function boundedWalk(world: World): Scenario {
  const { rng, spanH } = world;
  // Crosses its range a few times in the span.
  const step = 0.4 / Math.sqrt(spanH * rng.uniform(0.02, 0.08));
  let position = rng.uniform(-0.2, 0.2);
  return shaped(world, (_t, dt) => {
    position += step * Math.sqrt(dt) * rng.normal();
    if (position > 0.25) position = 0.5 - position;
    if (position < -0.25) position = -0.5 - position;
    return 1 + position;
  });
}

/** The work grows for days and then stays; memory follows it. Whether the work can be seen is left to `showCpu`. */
function loadGrows(world: World, untilShare: number, showCpu: boolean): Scenario {
  const { rng, base, spanH } = world;
  const load = dailyLoad(rng, { amplitude: rng.uniform(0.2, 0.5) });
  const growth = rng.uniform(0.4, 1.5);
  const untilH = untilShare * spanH;
  const disturbance = proportional(rng, 0.005);
  const model = (t: number, dt: number) => {
    const work = load(t, dt) * (1 + growth * Math.min(1, t / untilH));
    return { value: disturbance(base * (0.5 + 0.5 * work), t, dt), load: work };
  };
  return { wall: 6 * base, model, showCpu };
}

/** Each deploy restarts the process, and each version has a size of its own. */
function deploys(world: World): Scenario {
  const { rng, spanH, base } = world;
  const everyH = rng.uniform(0.05, 0.2) * spanH;
  const load = dailyLoad(rng);
  const disturbance = drawDisturbance(rng, base);
  const tau = rng.uniform(0.5, 4);
  let generation = 0;
  let bornH = 0;
  let nextH = everyH * rng.uniform(0.5, 1.5);
  let size = 1;
  const model = (t: number, dt: number) => {
    if (t >= nextH) {
      generation += 1;
      bornH = t;
      nextH = t + everyH * rng.uniform(0.5, 1.5);
      size = rng.uniform(0.85, 1.15);
    }
    const value = disturbance(base * size * (1 - 0.5 * Math.exp(-(t - bornH) / tau)), t, dt);
    return { value, load: load(t, dt), generation };
  };
  return { wall: 4 * base, model, showStart: rng.chance(0.7) };
}

/** Restarted again and again, by the clock or at odd hours; after its start-up and a cache that fills it only wanders. */
function bareRestarts(world: World): Scenario {
  const { rng, base } = world;
  const { everyH, age } = restarted(rng);
  const [startUp, cache] = [rng.uniform(0.2, 0.6), rng.uniform(0, 1)];
  const tau = rng.uniform(0.02, 0.5);
  const fillH = everyH * rng.uniform(0.05, 0.25);
  const disturbance = drawDisturbance(rng, base);
  const model = (t: number, dt: number) => {
    const ageH = age(t, dt);
    return { value: disturbance(base * (1 - startUp * Math.exp(-ageH / tau) + cache * (1 - Math.exp(-ageH / fillH))), t, dt) };
  };
  return { model };
}

/** A new version, or a new setting, needs more: up at the restart, and flat on both sides of it. */
function upAtRestart(world: World): Scenario {
  const { rng, spanH } = world;
  const atH = rng.uniform(0.15, 0.85) * spanH;
  const factor = rng.uniform(1.1, 2);
  const scenario = shaped(world, (t) => (t < atH ? 1 : factor - 0.4 * factor * Math.exp(-(t - atH) / (0.01 * spanH))));
  return { ...scenario, showStart: true, model: (t, dt) => ({ ...scenario.model(t, dt), generation: t < atH ? 0 : 1 }) };
}

/** Gathers from Monday to Friday, is cleared at the weekend. Shown for more than two weeks. */
function weeklyRamp(world: World): Scenario {
  const { rng } = world;
  const size = rng.uniform(0.2, 0.8);
  return shaped(world, (t) => 1 + size * Math.min(1, (t % 168) / 120) * (t % 168 < 130 ? 1 : Math.max(0, (150 - (t % 168)) / 20)));
}

/** Two or three days that begin at the trough of the day and end at its peak, with nothing to see but memory. */
function troughToPeak(world: World): Scenario {
  const { rng, base } = world;
  const swing = rng.uniform(0.1, 0.5);
  const noise = autoregressive(rng, 0.9, 0.01);
  const size = (t: number, dt: number) => base * (1 - swing * Math.cos((2 * Math.PI * t) / 24) + noise(t, dt));
  return { wall: 5 * base, model: (t, dt) => ({ value: size(t, dt) }) };
}

function loadComesAndGoes(world: World): Scenario {
  const { rng, base, spanH } = world;
  const period = spanH * rng.uniform(0.1, 0.35);
  const phase = rng.unit();
  const noise = autoregressive(rng, 0.1, 0.05);
  const disturbance = proportional(rng, 0.005);
  const model = (t: number, dt: number) => {
    const wave = Math.max(0, Math.sin(2 * Math.PI * (t / period + phase)));
    const load = Math.max(0.02, 0.2 + 1.6 * wave + noise(t, dt));
    return { value: disturbance(base * (0.6 + 0.4 * load), t, dt), load };
  };
  return { wall: 4 * base, model, showCpu: true };
}

/** Pieces of a pool that grows on demand to its largest size and stays. */
function pool(world: World): Scenario {
  const { rng, spanH } = world;
  const base = rng.integer(8, 80);
  const most = rng.integer(16, 200);
  const load = spanH > 24 ? dailyLoad(rng) : wanderingLoad(rng);
  const opened = jumps(rng, (most / spanH) * rng.uniform(3, 20), () => 1);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    return { value: base + Math.min(most, opened(t, dt)) + rng.poisson(4 * work), load: work };
  };
  return { wall: 1024, model };
}

/** Pieces that come and go with the work. */
function busyPieces(world: World): Scenario {
  const { rng, spanH } = world;
  const base = rng.integer(8, 80);
  const busy = rng.uniform(5, 120);
  const load = spanH > 24 ? dailyLoad(rng, { amplitude: 0.5 }) : wanderingLoad(rng, 0.3);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    return { value: base + rng.poisson(busy * work), load: work };
  };
  return { wall: 1024, model };
}

/** The young generation grows, so the teeth get higher while what survives a collection stays. */
function growingTeeth(world: World): Scenario {
  const { rng, spanH } = world;
  const saw = sawtooth(rng, spanH * rng.uniform(0.004, 0.02));
  const height = rng.uniform(0.5, 1.5);
  return shaped(world, (t, dt) => 1 + (0.2 + (height * t) / spanH) * saw(t, dt), proportional(rng, 0.004));
}

/** 10 to 15 MiB that breathe by a third: large changes of a small process. */
function tiny(world: World): Scenario {
  const { rng, spanH } = world;
  const saw = sawtooth(rng, spanH * rng.uniform(0.002, 0.05));
  return shaped({ ...world, base: rng.uniform(6, 12) * MiB }, (t, dt) => 1 + 0.35 * saw(t, dt), proportional(rng, 0.01));
}

/** The first nightly batch leaves what the allocator keeps; the nights after it fit into the same. */
function keptByAllocator(world: World): Scenario {
  const { rng } = world;
  const atH = rng.uniform(2, 24);
  const height = rng.uniform(0.3, 1.5);
  const kept = rng.uniform(0.4, 0.95);
  return shaped(world, (t) => 1 + (t < atH ? 0 : (t - atH) % 24 < 2 ? height : height * kept));
}

function toggles(world: World): Scenario {
  const { rng, spanH } = world;
  const other = rng.uniform(1.1, 1.6);
  const perHour = rng.uniform(3, 12) / spanH;
  let high = false;
  return shaped(world, (_t, dt) => {
    if (rng.chance(perHour * dt)) high = !high;
    return high ? other : 1;
  });
}

const fast = { world: minutes };
const bare = { world: bareDays };
const badly = { world: (rng: World['rng']) => readBadly(days(rng)) };
const slowing = ['slowing', 'warm-up', 'bounded-cache', 'flat'] as const;

export const widerHealthy: Pattern[] = [
  healthyOf('H01-minutes-flat', ['flat'], (world) => shaped(world, () => 1), fast),
  healthyOf('H02-minutes-warm-up', [...slowing], (world) => saturating(world, 0.02, 0.15), fast),
  healthyOf('H03-minutes-cache', [...slowing], (world) => fillsThenFlat(world, 0.1, 0.45), fast),
  healthyOf('H04-minutes-gc', ['gc-sawtooth', 'flat'], (world) => growingTeeth(world), fast),
  healthyOf('H05-minutes-load', ['load', 'flat', 'gc-sawtooth'], loadComesAndGoes, fast),
  healthyOf('H06-minutes-heap', [], heapExpansions, fast),
  healthyOf('H07-minutes-fds', [], busyPieces, { world: minutes, resource: 'fds' }),
  healthyOf('H08-minutes-thread-pool', [], pool, { world: minutes, resource: 'threads' }),
  healthyOf('H09-minutes-tiny', [], tiny, fast),
  healthyOf('H10-hours-warm-up', [...slowing], (world) => saturating(world, 0.02, 0.3), { world: hours }),
  healthyOf('H11-hours-walk', [], boundedWalk, { world: hours }),
  healthyOf('H12-hours-heap', [], heapExpansions, { world: hours }),
  healthyOf('H13-hours-toggles', [], toggles, { world: hours }),
  healthyOf('H14-bare-flat', ['flat'], (world) => shaped(world, () => 1), bare),
  healthyOf('H15-bare-cache', [...slowing], (world) => fillsThenFlat(world, 0.15, 0.6), bare),
  healthyOf('H16-bare-plateau-in-last-third', [...slowing], (world) => fillsThenFlat(world, 0.6, 0.66), bare),
  healthyOf('H17-bare-saturating', [...slowing], (world) => saturating(world, 0.15, 0.6), bare),
  healthyOf('H18-bare-square-root', [...slowing], (world) => power(world, 0.35, 0.55), bare),
  healthyOf('H19-bare-logarithmic', [...slowing], logarithmic, bare),
  healthyOf('H20-bare-heap', [], heapExpansions, bare),
  healthyOf('H21-bare-walk', [], boundedWalk, bare),
  healthyOf(
    'H22-bare-red-noise',
    [],
    (world) => shaped(world, () => 1, red(world.rng, world.rng.uniform(0.98, 0.997), 0.05 * world.base)),
    bare,
  ),
  healthyOf('H23-bare-load-levels-off', [], (world) => ({ ...loadGrows(world, world.rng.uniform(0.2, 0.5), false) }), bare),
  healthyOf('H24-bare-trough-to-peak', [], troughToPeak, { world: (rng) => ({ ...bareDays(rng), spanH: 24 * rng.integer(2, 5) + 12 }) }),
  healthyOf('H25-bare-toggles', [], toggles, bare),
  healthyOf('H26-bare-kept-by-allocator', [], keptByAllocator, bare),
  healthyOf('H27-bare-up-once', ['step', 'flat'], (world) => ({ ...upAtRestart(world), showStart: false }), bare),
  healthyOf('H28-bare-gc', ['gc-sawtooth', 'flat'], growingTeeth, bare),
  healthyOf('H29-load-grows', ['load'], (world) => loadGrows(world, 1, true)),
  healthyOf('H30-load-levels-off', ['load', 'flat', 'bounded-cache', 'slowing', 'warm-up', 'step'], (world) =>
    loadGrows(world, world.rng.uniform(0.2, 0.6), true),
  ),
  healthyOf('H31-deploys', [], deploys),
  healthyOf('H32-up-at-restart', ['step', 'flat', 'warm-up', 'bounded-cache'], upAtRestart),
  healthyOf('H33-weekly-ramp', [], weeklyRamp, { world: month }),
  healthyOf('H34-heavy-tails', ['flat'], (world) => shaped(world, () => 1, heavyTailed(world.rng, 0.02 * world.base))),
  healthyOf('H35-growing-noise', [], growingTeeth),
  healthyOf('H36-chunks', [], (world) => {
    const { rng, base } = world;
    const chunk = Math.min(base / 6, rng.pick([4, 16, 64]) * MiB);
    const wander = autoregressive(rng, 0.9, 0.03);
    return shaped(world, (t, dt) => 1 + wander(t, dt), chunked(chunk));
  }),
  healthyOf('H37-badly-read-flat', ['flat'], (world) => shaped(world, () => 1), badly),
  healthyOf('H38-badly-read-warm-up', [...slowing], (world) => saturating(world, 0.02, 0.2), badly),
  healthyOf('H39-fd-pool', [], pool, { resource: 'fds' }),
  healthyOf('H40-busy-fds', [], busyPieces, { resource: 'fds' }),
  healthyOf('H41-busy-sockets', [], busyPieces, { resource: 'sockets' }),
  healthyOf('H42-thread-pool', [], pool, { resource: 'threads' }),
  healthyOf('H43-month-saturating', [...slowing], (world) => saturating(world, 0.1, 0.45), { world: month }),
  healthyOf('H44-month-walk', [], boundedWalk, { world: month }),
  healthyOf('H45-bare-restarts', [], bareRestarts, { world: (rng) => ({ ...bareDays(rng), spanH: rng.uniform(200, 336) }) }),
];
