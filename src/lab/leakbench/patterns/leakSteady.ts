/** Leaks of a constant expected rate: what hides them is load, garbage collection, spikes, swapping. */
import { committed, integral, sawtooth, spikes, wobble } from './components.ts';
import { dailyLoad } from './load.ts';
import { leakOf, type Pattern, type Scenario, type World } from './pattern.ts';
import { course, month } from './worlds.ts';

function linear(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  return { wall, slopePerHour: rate, model: (t, dt) => ({ value: base + rate * t + noise(t, dt), load: load(t, dt) }) };
}

function slowUnderDiurnal(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng, { amplitude: 0.5 });
  const swing = rng.uniform(3, 8) * rate * 24;
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    return { value: base + swing * work + rate * t + noise(t, dt), load: work };
  };
  return { wall: wall + 1.5 * swing, slopePerHour: rate, model };
}

function loadProportional(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng, { amplitude: 0.5, weekends: false });
  const noise = wobble(rng, base);
  const leaked = integral(() => rate * work);
  let work = 1;
  const model = (t: number, dt: number) => {
    work = load(t, dt);
    return { value: base + 0.1 * base * work + leaked(t, dt) + noise(t, dt), load: work };
  };
  return { wall, slopePerHour: rate, model };
}

function gcSawtooth(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const saw = sawtooth(rng, rng.uniform(0.3, 3));
  const height = rng.uniform(0.3, 1);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => ({ value: (base + rate * t) * (1 + height * saw(t, dt)) + noise(t, dt), load: load(t, dt) });
  return { wall: wall * 1.5, slopePerHour: rate, model };
}

function committedHeap(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const saw = sawtooth(rng, rng.uniform(0.5, 4));
  const heap = committed(Math.max(4 * 1048576, 0.03 * base), (t, dt) => (base + rate * t) * (1 + 0.6 * saw(t, dt)));
  const noise = wobble(rng, base, 0.001);
  return { wall: wall * 1.6, slopePerHour: rate * 1.6, model: (t, dt) => ({ value: heap(t, dt) + noise(t, dt), load: load(t, dt) }) };
}

function eightWorkers(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const workers = Array.from({ length: 8 }, () => ({ share: rng.uniform(0.6, 1.4), noise: wobble(rng, base / 8, 0.02) }));
  const total = (rate / 8) * workers.reduce((sum, worker) => sum + worker.share, 0);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    let value = 0.1 * base * work;
    for (const worker of workers) value += base / 8 + (rate / 8) * worker.share * t + worker.noise(t, dt);
    return { value, load: work, rest: { processes: 9 } };
  };
  return { wall: wall + 0.15 * base, slopePerHour: total, model };
}

function swappedOut(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const value = base + rate * t + noise(t, dt);
    const resident = Math.min(value, Math.max(base * 0.5, 1.15 * base - 0.0004 * base * t));
    return { value, load: load(t, dt), rest: { swapBytes: value - resident } };
  };
  return { wall, slopePerHour: rate, model };
}

function spiky(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const spike = spikes(rng, 0.05, 0.5 * base, 2.5);
  const noise = wobble(rng, base, 0.01);
  const model = (t: number, dt: number) => {
    const regular = base + rate * t + noise(t, dt);
    return { value: regular + spike(t, dt), regular, load: load(t, dt) };
  };
  return { wall: wall * 1.5, slopePerHour: rate, model };
}

function warmUpThenLeak(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const tau = rng.uniform(1, 12);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => ({ value: base * (1 - 0.6 * Math.exp(-t / tau)) + rate * t + noise(t, dt), load: load(t, dt) });
  return { wall, slopePerHour: rate, model };
}

function partialRelease(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const hour = t % 24;
    const swing = 36 * rate * (hour < 20 ? hour / 20 : (24 - hour) / 4);
    return { value: base + rate * t + swing + noise(t, dt), load: load(t, dt) };
  };
  return { wall: wall + 36 * rate, slopePerHour: rate, model };
}

function swapOnly(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const resident = base + noise(t, dt);
    return { value: resident + rate * t, load: load(t, dt), rest: { swapBytes: rate * t } };
  };
  return { wall, slopePerHour: rate, model };
}

function reclaimMasked(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const value = base + rate * t + noise(t, dt);
    return { value, load: load(t, dt), rest: { fileBytes: Math.max(0.02 * base, wall - value) } };
  };
  return { wall, slopePerHour: rate, model };
}

/** Load falls by half meanwhile, so that the sum falls as well: the leak shows only once the load is taken out. */
function decliningLoad(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const work = load(t, dt) * Math.max(0.2, 1 - (0.5 * t) / 336);
    return { value: base + 0.6 * base * work + rate * t + noise(t, dt), load: work };
  };
  return { wall: wall + base, slopePerHour: rate, model, showCpu: true };
}

function verySlow(world: World): Scenario {
  const { rng, base } = world;
  const wall = base * rng.uniform(2, 6);
  const rate = (wall - base) / (90 * 24);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  return { wall, slopePerHour: rate, model: (t, dt) => ({ value: base + rate * t + noise(t, dt), load: load(t, dt) }) };
}

export const leakSteady: Pattern[] = [
  leakOf('P01-linear', linear),
  leakOf('P02-slow-under-diurnal', slowUnderDiurnal),
  leakOf('P03-load-proportional', loadProportional),
  leakOf('P04-gc-sawtooth', gcSawtooth),
  leakOf('P05-committed-heap', committedHeap),
  leakOf('P12-eight-workers', eightWorkers),
  leakOf('P13-swapped', swappedOut),
  leakOf('P16-spiky', spiky),
  leakOf('P17-warm-up-then-leak', warmUpThenLeak),
  leakOf('P19-partial-release', partialRelease),
  leakOf('P30-reclaim-masked', reclaimMasked),
  leakOf('P31-declining-load', decliningLoad),
  leakOf('P34-swap-only', swapOnly),
  leakOf('P35-very-slow', verySlow, { world: month }),
];
