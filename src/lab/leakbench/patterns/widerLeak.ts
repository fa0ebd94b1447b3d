/** Leaks beyond the catalogue: other spans, other noise, bad sampling, hidden load. */
import { autoregressive, type Component, integral, jumps, restarted, sawtooth } from './components.ts';
import { chunked, type Disturbance, disturbed, drawDisturbance, heavyTailed, proportional, readBadly, red } from './disturbances.ts';
import { dailyLoad, wanderingLoad } from './load.ts';
import { leakOf, type Pattern, type Scenario, type World } from './pattern.ts';
import { bareDays, days, hours, MiB, minutes, month } from './worlds.ts';

interface Growth {
  /** Over the whole span, in bytes. */
  total: number;
  /** The wall is hit after this many spans. */
  spans: number;
}

/** Growth over the span of 0.2 to 3 times the base; the wall 0.8 to 4 spans away. */
function drawGrowth({ rng, base }: World): Growth {
  return { total: base * rng.logUniform(0.2, 3), spans: rng.uniform(0.8, 4) };
}

/** A steady leak of `growth` on top of what `healthy` says, read through `disturbance`. */
function steady(world: World, growth: Growth, parts: { healthy?: Component; disturbance?: Disturbance; load?: Component } = {}): Scenario {
  const { rng, base, spanH } = world;
  const rate = growth.total / spanH;
  const load = parts.load ?? (spanH > 24 ? dailyLoad(rng) : wanderingLoad(rng));
  const healthy = parts.healthy ?? (() => base);
  const size = disturbed((t, dt) => healthy(t, dt) + rate * t, parts.disturbance ?? proportional(rng, 0.004));
  // Far enough above what the healthy part reaches by itself.
  const wall = 1.6 * base + growth.total * growth.spans;
  return { wall, slopePerHour: rate, model: (t, dt) => ({ value: size(t, dt), load: load(t, dt) }) };
}

function small(world: World): Scenario {
  const { rng, base } = world;
  const sd = rng.uniform(0.01, 0.06) * base;
  // One to three times the four standard deviations between which noise lives.
  return steady(world, { total: 4 * sd * rng.uniform(1, 3), spans: rng.uniform(1, 4) }, { disturbance: red(rng, 0.8, sd) });
}

function underHiddenLoad(world: World): Scenario {
  const { rng, base, spanH } = world;
  const load = dailyLoad(rng, { amplitude: rng.uniform(0.2, 0.6) });
  const share = rng.uniform(0.1, 0.4);
  const healthy = (t: number, dt: number) => base * (1 - share + share * load(t, dt));
  // At least as much in the span as a day's swing.
  const total = base * share * rng.uniform(1, 3) * Math.max(0.6, spanH / 288);
  return steady(world, { total, spans: rng.uniform(1, 4) }, { healthy, load: () => 1 });
}

function gcBetween(world: World, lowH: number, highH: number): Scenario {
  const { rng, base } = world;
  const saw = sawtooth(rng, rng.uniform(lowH, highH));
  const height = base * rng.uniform(0.2, 0.6);
  return steady(world, { total: base * rng.uniform(0.4, 2), spans: rng.uniform(1, 3) }, { healthy: (t, dt) => base + height * saw(t, dt) });
}

function afterWarmUp(world: World): Scenario {
  const { rng, base, spanH } = world;
  const tau = spanH * rng.uniform(0.01, 0.06);
  return steady(
    world,
    { total: base * rng.uniform(0.3, 2), spans: rng.uniform(1, 3) },
    { healthy: (t) => base * (1 - 0.6 * Math.exp(-t / tau)) },
  );
}

function inSteps(world: World): Scenario {
  const { rng, base, spanH } = world;
  const total = base * rng.uniform(0.4, 2);
  const perHour = rng.uniform(30, 120) / spanH;
  const lost = jumps(rng, perHour, () => rng.logNormal(total / spanH / perHour, 0.7));
  const size = disturbed((t, dt) => base + lost(t, dt), proportional(rng, 0.003));
  const load = wanderingLoad(rng);
  return {
    wall: base + total * rng.uniform(0.8, 3),
    slopePerHour: total / spanH,
    model: (t, dt) => ({ value: size(t, dt), load: load(t, dt) }),
  };
}

function inArenas(world: World): Scenario {
  const { rng, base, spanH } = world;
  const chunk = rng.pick([4, 8, 16, 32, 64]) * MiB;
  // Chunks enough to see that they keep coming.
  const total = chunk * rng.uniform(16, 50);
  const arenas = chunked(chunk);
  const size = disturbed(
    disturbed((t) => base + (total * t) / spanH, arenas),
    proportional(rng, 0.002),
  );
  const load = spanH > 24 ? dailyLoad(rng) : wanderingLoad(rng);
  return {
    wall: base + total * rng.uniform(1, 4),
    slopePerHour: total / spanH,
    model: (t, dt) => ({ value: size(t, dt), load: load(t, dt) }),
  };
}

/** A large process which has run for long, and leaks 0.5 to 3 % of its size a day. */
function inMidLife(world: World): Scenario {
  const { rng, base, spanH } = world;
  return steady(
    { ...world, base: 4 * base },
    { total: 4 * base * rng.uniform(0.005, 0.03) * (spanH / 24), spans: rng.uniform(3, 8) },
    { disturbance: proportional(rng, rng.uniform(0.001, 0.004)) },
  );
}

/** A new version leaks less, yet it leaks. */
function slowerAfterFix(world: World): Scenario {
  const { rng, base, spanH } = world;
  const fixH = rng.uniform(0.35, 0.55) * spanH;
  const rate = (base * rng.uniform(0.8, 3)) / spanH;
  const kept = rng.uniform(0.2, 0.5);
  const load = dailyLoad(rng);
  const size = disturbed((t) => base + (t < fixH ? rate * t : kept * rate * (t - fixH)), drawDisturbance(rng, base));
  const model = (t: number, dt: number) => ({ value: size(t, dt), load: load(t, dt), generation: t < fixH ? 0 : 1 });
  return { wall: base + rate * spanH * rng.uniform(0.8, 2), model, showStart: true };
}

/** Restarted a few times at odd moments; each life leaks alike. */
function oddRestarts(world: World): Scenario {
  const { rng, base, spanH } = world;
  const starts = [0, ...Array.from({ length: rng.integer(1, 4) }, () => rng.uniform(0.1, 0.8) * spanH)].sort((a, b) => a - b);
  const rate = (base * rng.uniform(0.8, 3)) / spanH;
  const load = dailyLoad(rng);
  const disturbance = drawDisturbance(rng, base);
  const model = (t: number, dt: number) => {
    const generation = starts.findLastIndex((start) => t >= start);
    const age = t - (starts[generation] ?? 0);
    return { value: disturbance(base * (1 - 0.3 * Math.exp(-age)) + rate * age, t, dt), load: load(t, dt), generation };
  };
  return { wall: base + rate * spanH * rng.uniform(1.1, 3), slopePerHour: rate, model, showStart: true };
}

/** Restarted again and again, by the clock or when it is full. Only its memory is known: what falls, and the start-up after it. */
function hiddenRestarts(world: World): Scenario {
  const { rng, base } = world;
  const { everyH, age } = restarted(rng);
  const height = base * rng.uniform(0.5, 2.5);
  const startUp = rng.uniform(0.2, 0.6);
  const tau = rng.uniform(0.02, 0.5);
  const disturbance = drawDisturbance(rng, base);
  const model = (t: number, dt: number) => {
    const ageH = age(t, dt);
    return { value: disturbance(base * (1 - startUp * Math.exp(-ageH / tau)) + (height * ageH) / everyH, t, dt) };
  };
  return { model, slopePerHour: height / everyH };
}

function late(world: World): Scenario {
  const { rng, base, spanH } = world;
  const onsetH = rng.uniform(0.3, 0.6) * spanH;
  const rate = (base * rng.uniform(0.4, 2)) / (spanH - onsetH);
  const load = spanH > 24 ? dailyLoad(rng) : wanderingLoad(rng);
  const share = rng.uniform(0, 0.15);
  const disturbance = drawDisturbance(rng, base);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    return { value: disturbance(base * (1 - share + share * work) + rate * Math.max(0, t - onsetH), t, dt), load: work };
  };
  return { wall: base * 1.3 + rate * (spanH - onsetH) * rng.uniform(0.9, 3), onsetH, slopePerHour: rate, model };
}

/** So much for each request, while the work grows: a leak that looks convex over time and straight over work. */
function byGrowingWork(world: World): Scenario {
  const { rng, base, spanH } = world;
  const load = dailyLoad(rng, { amplitude: 0.4 });
  const growth = rng.uniform(0.5, 2);
  let work = 1;
  const done = integral(() => work);
  const rate = (base * rng.uniform(0.6, 2)) / spanH;
  const disturbance = proportional(rng, 0.004);
  const model = (t: number, dt: number) => {
    work = load(t, dt) * (1 + (growth * t) / spanH);
    return { value: disturbance(base * (0.95 + 0.05 * work) + rate * done(t, dt), t, dt), load: work };
  };
  return { wall: base + rate * spanH * rng.uniform(1.5, 4), model, showCpu: true };
}

/** A cache fills first; what leaks goes on after it is full. */
function cacheThenLeak(world: World): Scenario {
  const { rng, base, spanH } = world;
  const fillH = rng.uniform(0.1, 0.25) * spanH;
  const cache = base * rng.uniform(0.4, 1);
  const total = base * rng.uniform(0.4, 1.5);
  return steady(world, { total, spans: rng.uniform(1.5, 4) }, { healthy: (t) => base + cache * Math.min(1, t / fillH) });
}

/** Lost only when the work is far above the usual. */
function onlyInPeaks(world: World): Scenario {
  const { rng, base, spanH } = world;
  const load = dailyLoad(rng, { amplitude: 0.6, weekends: false });
  const total = base * rng.uniform(0.5, 2);
  let work = 1;
  const lost = integral(() => (work > 1.25 ? (total / spanH) * 3 : 0));
  const disturbance = proportional(rng, 0.004);
  const model = (t: number, dt: number) => {
    work = load(t, dt);
    return { value: disturbance(base * (0.9 + 0.1 * work) + lost(t, dt), t, dt), load: work };
  };
  return { wall: base * 1.2 + total * rng.uniform(1, 3), model };
}

/** Pool of workers that come and go with the load, each leaking while it lives on. */
function growingPool(world: World): Scenario {
  const { rng, base, spanH } = world;
  const workers = rng.integer(3, 12);
  const spare = autoregressive(rng, 0.9, 1.2);
  const rate = (base * rng.uniform(0.6, 2)) / spanH;
  const load = dailyLoad(rng);
  const disturbance = proportional(rng, 0.005);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    const extra = Math.max(0, Math.round(spare(t, dt) + work));
    const value = disturbance(base + (extra * base) / workers / 8 + rate * t, t, dt);
    return { value, load: work, rest: { processes: 1 + workers + extra } };
  };
  return { wall: base * 1.4 + rate * spanH * rng.uniform(1, 3), slopePerHour: rate, model };
}

function fastPieces(world: World, busy: number): Scenario {
  const { rng, spanH } = world;
  const base = rng.integer(10, 120);
  const wall = 1024;
  const tteH = spanH * rng.uniform(0.7, 3);
  const rate = (wall - base) / tteH;
  const lost = jumps(rng, rate, () => 1);
  const load = wanderingLoad(rng);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    const regular = base + lost(t, dt) + busy;
    return { value: regular - busy + rng.poisson(busy * work), regular, load: work };
  };
  return { wall, slopePerHour: rate, model };
}

const fast = { world: minutes };
const bare = { world: bareDays };

export const widerLeak: Pattern[] = [
  leakOf('L01-minutes-linear', (world) => steady(world, drawGrowth(world)), fast),
  leakOf('L02-minutes-gc', (world) => gcBetween(world, 0.003, 0.03), fast),
  leakOf('L03-minutes-after-warm-up', afterWarmUp, fast),
  leakOf('L04-minutes-steps', inSteps, fast),
  leakOf('L05-minutes-arenas', inArenas, fast),
  leakOf('L06-minutes-late', late, fast),
  leakOf('L07-minutes-fds', (world) => fastPieces(world, 12), { world: minutes, resource: 'fds' }),
  leakOf('L08-minutes-sockets', (world) => fastPieces(world, 25), { world: minutes, resource: 'sockets' }),
  leakOf('L09-minutes-threads', (world) => fastPieces(world, 3), { world: minutes, resource: 'threads' }),
  leakOf('L10-hours-linear', (world) => steady(world, drawGrowth(world), { disturbance: drawDisturbance(world.rng, world.base) }), {
    world: hours,
  }),
  leakOf('L11-hours-gc', (world) => gcBetween(world, 0.05, 0.5), { world: hours }),
  leakOf('L12-hours-late', late, { world: hours }),
  leakOf('L13-bare-linear', (world) => steady(world, drawGrowth(world), { disturbance: drawDisturbance(world.rng, world.base) }), bare),
  leakOf('L14-bare-small', small, bare),
  leakOf('L15-bare-under-load', underHiddenLoad, bare),
  leakOf('L16-bare-gc', (world) => gcBetween(world, 0.3, 4), bare),
  leakOf('L17-bare-late', late, bare),
  leakOf('L18-bare-steps', inSteps, bare),
  leakOf('L19-bare-arenas', inArenas, bare),
  leakOf('L20-bare-cache-then-leak', cacheThenLeak, bare),
  leakOf('L21-bare-after-warm-up', afterWarmUp, bare),
  leakOf('L22-growing-noise', (world) =>
    steady(world, drawGrowth(world), { disturbance: proportional(world.rng, world.rng.uniform(0.01, 0.03)) }),
  ),
  leakOf('L23-heavy-tails', (world) => steady(world, drawGrowth(world), { disturbance: heavyTailed(world.rng, 0.01 * world.base) })),
  leakOf('L24-red-noise', (world) =>
    steady(world, drawGrowth(world), { disturbance: red(world.rng, world.rng.uniform(0.9, 0.99), 0.02 * world.base) }),
  ),
  leakOf('L25-arenas', inArenas),
  leakOf('L26-badly-read', (world) => steady(world, drawGrowth(world), { disturbance: drawDisturbance(world.rng, world.base) }), {
    world: (rng) => readBadly(days(rng)),
  }),
  leakOf('L27-mid-life', inMidLife),
  leakOf('L28-slower-after-fix', slowerAfterFix, { expected: ['leak', 'restart-masked-leak'] }),
  leakOf('L29-long-gc', (world) => gcBetween(world, 6, 24)),
  leakOf('L30-odd-restarts', oddRestarts, { expected: ['leak', 'restart-masked-leak'] }),
  leakOf('L31-month-small', small, { world: month }),
  leakOf('L32-by-growing-work', byGrowingWork),
  leakOf('L33-only-in-peaks', onlyInPeaks),
  leakOf('L34-growing-pool', growingPool),
  leakOf('L35-cache-then-leak', cacheThenLeak),
  leakOf('L36-bare-restarts', hiddenRestarts, {
    expected: ['leak', 'restart-masked-leak'],
    world: (rng) => ({ ...bareDays(rng), spanH: rng.uniform(200, 336) }),
  }),
];
