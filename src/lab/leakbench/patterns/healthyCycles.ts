/** Healthy use that follows its work, or comes and goes by itself. */
import { sawtooth, wobble } from './components.ts';
import { dailyLoad } from './load.ts';
import { healthyOf, type Pattern, type Scenario, type World } from './pattern.ts';

/** Memory which follows the work of the moment: `fixed + perWork × load`. */
function followsLoad(world: World, fixed: number, workAt: (t: number, dt: number) => number, wallFactor = 6): Scenario {
  const { rng, base } = world;
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const load = workAt(t, dt);
    return { value: base * (fixed + (1 - fixed) * load) + noise(t, dt), load };
  };
  return { wall: wallFactor * base, model };
}

function daily(world: World): Scenario {
  return followsLoad(world, 0.6, dailyLoad(world.rng, { amplitude: 0.5, weekends: false }), 4);
}

function weekly(world: World): Scenario {
  return followsLoad(world, 0.5, dailyLoad(world.rng, { amplitude: 0.5 }), 4);
}

/** Without its load to see, nobody could tell steadily growing work from a leak. */
function loadRamp(world: World): Scenario {
  const { rng, spanH } = world;
  const growth = rng.uniform(0.3, 1.5);
  const load = dailyLoad(rng, { amplitude: 0.4 });
  return { ...followsLoad(world, 0.5, (t, dt) => load(t, dt) * (1 + (growth * t) / spanH)), showCpu: true };
}

function loadStep(world: World): Scenario {
  const { rng, spanH } = world;
  const factor = rng.uniform(1.3, 2);
  const at = rng.uniform(0.14, 0.86) * spanH;
  const load = dailyLoad(rng, { amplitude: 0.4 });
  return followsLoad(world, 0.5, (t, dt) => load(t, dt) * (t > at ? factor : 1));
}

function batch(world: World, everyH: number, lengthH: number, height: number): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const at = rng.uniform(0, everyH);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const running = (t - at + everyH) % everyH < lengthH ? 1 : 0;
    return { value: base * (1 + height * running) + noise(t, dt), load: load(t, dt) + 2 * running };
  };
  return { wall: 6 * base, model };
}

function saw(world: World, periodH: number, height: number, wallFactor: number): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const teeth = sawtooth(rng, periodH);
  const noise = wobble(rng, base);
  return { wall: wallFactor * base, model: (t, dt) => ({ value: base * (1 + height * teeth(t, dt)) + noise(t, dt), load: load(t, dt) }) };
}

/** Connections that arrive by chance and stay for a heavy-tailed time; each holds memory. */
function connections(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng, { amplitude: 0.5 });
  const noise = wobble(rng, base);
  // Held connections, as a ring of the numbers that end in each of the coming ten-minute slots.
  const endsIn = new Float64Array(4096);
  let slot = 0;
  let held = 0;
  const advanceTo = (t: number, work: number) => {
    for (const target = Math.floor(t * 6); slot < target; slot += 1) {
      held -= endsIn[slot % 4096] ?? 0;
      endsIn[slot % 4096] = 0;
      for (let n = rng.poisson(30 * work); n > 0; n -= 1) {
        const stay = Math.min(4095, 1 + Math.floor(1 + 2 * rng.pareto(1.6)));
        endsIn[(slot + stay) % 4096] = (endsIn[(slot + stay) % 4096] ?? 0) + 1;
        held += 1;
      }
    }
  };
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    advanceTo(t, work);
    return { value: base * (0.5 + (0.5 * held) / 160) + noise(t, dt), load: work, rest: { sockets: 4 + held } };
  };
  return { wall: 5 * base, model };
}

function dailyDeploy(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const everyH = rng.uniform(12, 40);
  const tau = rng.uniform(1, 6);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => ({
    value: base * (1 - 0.6 * Math.exp(-(t % everyH) / tau)) + noise(t, dt),
    load: load(t, dt),
    generation: Math.floor(t / everyH),
  });
  return { wall: 4 * base, model, showStart: rng.chance(0.7) };
}

/** Grows with each burst of work, is given back with a half-life of minutes. */
function lazyReturn(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  let held = 0;
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    const burst = rng.poisson(dt * 3 * work) > 0 ? rng.uniform(0.2, 1) : 0;
    held = Math.max(held * Math.exp((-dt * 60) / 5), burst);
    return { value: base * (1 + held) + noise(t, dt), load: work };
  };
  return { wall: 5 * base, model };
}

function logBuffer(world: World): Scenario {
  const { rng } = world;
  return saw(world, 24, rng.uniform(0.2, 1), 4);
}

/** Old and new model are held together while the new one is read. */
function modelReload(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const everyH = rng.uniform(24, 96);
  const lastsH = rng.uniform(0.2, 1);
  const noise = wobble(rng, base);
  let size = 1;
  let reloads = 0;
  const model = (t: number, dt: number) => {
    if (Math.floor(t / everyH) > reloads) {
      reloads += 1;
      size = rng.uniform(0.95, 1.05);
    }
    const double = t > everyH && t % everyH < lastsH ? 1 : 0;
    return { value: base * (size + double) + noise(t, dt), load: load(t, dt) };
  };
  return { wall: 5 * base, model };
}

function monthly(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const height = rng.uniform(0.2, 0.8);
  const phase = rng.uniform(0, 720);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const day = (((t + phase) % 720) / 24 + 30) % 30;
    const share = day < 10 ? day / 10 : Math.max(0, 1 - (day - 10) / 8);
    return { value: base * (1 + height * share) + noise(t, dt), load: load(t, dt) * (1 + height * share) };
  };
  // Without the load to see, the first ten days are a leak to anybody.
  return { wall: 4 * base, model, showCpu: true };
}

export const healthyCycles: Pattern[] = [
  healthyOf('N02-daily', ['load', 'flat'], daily),
  healthyOf('N03-weekly', ['load', 'flat'], weekly),
  healthyOf('N09-gc-sawtooth', ['gc-sawtooth', 'flat'], (world) => saw(world, world.rng.uniform(0.3, 10), world.rng.uniform(0.3, 1.2), 4)),
  healthyOf('N11-load-ramp', ['load'], loadRamp),
  healthyOf('N12-load-step', ['load', 'step', 'flat'], loadStep),
  healthyOf('N13-nightly-batch', ['load', 'flat', 'gc-sawtooth'], (world) =>
    batch(world, 24, world.rng.uniform(1, 4), world.rng.uniform(0.5, 3)),
  ),
  healthyOf('N14-weekly-batch', ['load', 'flat', 'step'], (world) =>
    batch(world, 168, world.rng.uniform(4, 20), world.rng.uniform(0.5, 2)),
  ),
  healthyOf('N19-connections', ['load', 'flat', 'unknown'], connections),
  healthyOf('N20-daily-deploy', ['warm-up', 'flat', 'gc-sawtooth'], dailyDeploy),
  healthyOf('N21-memtable', ['gc-sawtooth'], (world) => saw(world, world.rng.uniform(6, 40), world.rng.uniform(0.5, 1.5), 4)),
  healthyOf('N22-multiday-sawtooth', ['gc-sawtooth'], (world) => saw(world, world.rng.uniform(60, 130), world.rng.uniform(0.5, 1.5), 5)),
  healthyOf('N30-lazy-return', ['load', 'flat', 'gc-sawtooth'], lazyReturn),
  healthyOf('N31-log-buffer', ['gc-sawtooth', 'flat'], logBuffer),
  healthyOf('N32-model-reload', ['flat', 'step', 'gc-sawtooth'], modelReload),
  healthyOf('N36-monthly', ['load', 'flat', 'unknown'], monthly),
];
