/** Healthy use that neither grows for long nor depends on work: flat, wandering, decline, spikes, steps. */
import { autoregressive, spikes, wobble } from './components.ts';
import { dailyLoad } from './load.ts';
import { healthyOf, type Pattern, type Scenario, type World } from './pattern.ts';

/** Value over time as a share of the base; noise and load are added. */
function shaped(world: World, wallFactor: number, share: (t: number, dt: number) => number, noiseShare = 0.004): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const noise = wobble(rng, base, noiseShare);
  return { wall: wallFactor * base, model: (t, dt) => ({ value: base * share(t, dt) + noise(t, dt), load: load(t, dt) }) };
}

function reflectedWalk(world: World): Scenario {
  const { rng } = world;
  const step = rng.uniform(0.002, 0.008);
  let position = 0;
  return shaped(world, 4, (_t, dt) => {
    position += step * Math.sqrt(dt * 6) * rng.normal();
    if (position > 0.4) position = 0.8 - position;
    if (position < -0.4) position = -0.8 - position;
    return 1 + position;
  });
}

function longMemory(world: World): Scenario {
  const { rng } = world;
  const wander = autoregressive(rng, rng.uniform(0.99, 0.998), rng.uniform(0.03, 0.12));
  return shaped(world, 4, (t, dt) => 1 + wander(t, dt));
}

function stepsAt(world: World, count: number, low: number, high: number, wallFactor: number): Scenario {
  const { rng, spanH } = world;
  const steps = Array.from({ length: count }, () => ({ at: rng.uniform(0.07, 0.9) * spanH, size: rng.uniform(low, high) }));
  return shaped(world, wallFactor, (t) => 1 + steps.reduce((sum, step) => sum + (t > step.at ? step.size : 0), 0));
}

function spikesOnly(world: World): Scenario {
  const spike = spikes(world.rng, 0.05, 0.5, 2.2);
  return shaped(world, 12, (t, dt) => 1 + spike(t, dt), 0.01);
}

/** Only the file mapping grows; the private memory is flat. */
function fileMapped(world: World): Scenario {
  const scenario = shaped(world, 6, () => 1);
  const model = (t: number, dt: number) => ({ ...scenario.model(t, dt), rest: { fileBytes: world.base * (0.3 + (2 * t) / world.spanH) } });
  return { ...scenario, model };
}

/** The page cache of a cgroup fills its limit, as it should. */
function pageCache(world: World): Scenario {
  const scenario = shaped(world, 6, () => 1);
  const fillH = world.rng.uniform(0.3, 3) * world.spanH;
  const model = (t: number, dt: number) => ({ ...scenario.model(t, dt), rest: { fileBytes: 4.4 * world.base * Math.min(1, t / fillH) } });
  return { ...scenario, model };
}

/** A quiet night was swapped out and comes back: resident memory rises, private memory does not. */
function swappedIn(world: World): Scenario {
  const { rng, base, spanH } = world;
  const scenario = shaped(world, 6, () => 1);
  const out = rng.uniform(0.2, 0.6) * base;
  const backH = rng.uniform(0.1, 0.5) * spanH;
  const model = (t: number, dt: number) => ({ ...scenario.model(t, dt), rest: { swapBytes: out * Math.max(0, 1 - t / backH) } });
  return { ...scenario, model };
}

function limitMoves(world: World): Scenario {
  const { rng, base, spanH } = world;
  const scenario = shaped(world, 4, () => 1);
  const changes = Array.from({ length: 3 }, () => ({ at: rng.uniform(0, spanH), factor: rng.uniform(1.2, 6) })).sort((a, b) => a.at - b.at);
  const factorAt = (t: number) => changes.findLast((change) => t >= change.at)?.factor ?? 4;
  return { ...scenario, model: (t, dt) => ({ ...scenario.model(t, dt), rest: { limitBytes: base * factorAt(t) } }) };
}

/** The host slept for six hours: samples are missing and time has jumped. */
function suspended(world: World): Scenario {
  world.sampling.gaps.push({ fromH: world.rng.uniform(0.2, 0.8) * world.spanH, lengthH: 6 });
  return shaped(world, 4, () => 1, 0.01);
}

/** The pid was given to another program, of another size. */
function pidReused(world: World): Scenario {
  const { rng, spanH } = world;
  const at = rng.uniform(0.2, 0.8) * spanH;
  const factor = rng.uniform(1.1, 3);
  const scenario = shaped(world, 6, (t) => (t > at ? factor : 1));
  return { ...scenario, showStart: true, model: (t, dt) => ({ ...scenario.model(t, dt), generation: t > at ? 1 : 0 }) };
}

function libraryUpgrade(world: World): Scenario {
  const { rng, base, spanH } = world;
  const scenario = shaped(world, 6, () => 1);
  const at = rng.uniform(0.2, 0.8) * spanH;
  return { ...scenario, model: (t, dt) => ({ ...scenario.model(t, dt), rest: { fileBytes: base * (t > at ? 0.8 : 0.4) } }) };
}

export const healthyPlain: Pattern[] = [
  healthyOf('N01-flat', ['flat'], (world) => shaped(world, 4, () => 1, 0.01)),
  healthyOf('N15-decline', ['flat', 'unknown'], (world) => shaped(world, 4, (t) => 1 - (0.4 * t) / world.spanH)),
  healthyOf('N16-reflected-walk', [], reflectedWalk),
  healthyOf('N17-long-memory', [], longMemory),
  healthyOf('N18-file-mapped', ['flat'], fileMapped),
  healthyOf('N23-one-step', ['step'], (world) => stepsAt(world, 1, 0.2, 1, 5)),
  healthyOf('N24-three-steps', ['step'], (world) => stepsAt(world, 3, 0.1, 0.4, 5)),
  healthyOf('N25-spikes', [], spikesOnly),
  healthyOf('N26-page-cache', ['flat'], pageCache),
  healthyOf('N27-swapped-in', ['flat'], swappedIn),
  healthyOf('N33-suspended', ['flat'], suspended),
  healthyOf('N34-pid-reused', ['flat', 'step'], pidReused),
  healthyOf('N37-limit-moves', ['flat'], limitMoves),
  healthyOf('N38-library-upgrade', ['flat'], libraryUpgrade),
];
