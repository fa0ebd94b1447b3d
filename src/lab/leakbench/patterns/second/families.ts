/** A second generator, written another way: nothing here is a formula over time, everything follows from what single requests do. */
import type { Rng } from '../../rng.ts';
import { healthyOf, leakOf, type Pattern, type Scenario, type World } from '../pattern.ts';
import { days, hours, MiB } from '../worlds.ts';
import { createArenas } from './arenas.ts';
import type { Heap } from './heap.ts';
import { createManagedHeap } from './managedHeap.ts';
import { createServer, type Server, type ServerOptions } from './server.ts';

/** Requests of one case: enough for chance to look like chance, few enough for a case to take half a second. */
const requestsPerCase = 60_000;

interface Site {
  arrivals: (hour: number) => number;
  peakPerHour: number;
  meanPerHour: number;
  objectBytes: number;
}

/** A site with its daily rhythm; `growth` is what it gains over the span. */
function drawSite({ rng, spanH }: World, growth = 0): Site {
  const meanPerHour = requestsPerCase / spanH;
  const swing = spanH > 20 ? rng.uniform(0.1, 0.8) : 0.1;
  const phase = rng.uniform(0, 24);
  const arrivals = (hour: number) =>
    meanPerHour * (1 + swing * Math.sin((2 * Math.PI * (hour - phase)) / 24)) * (1 + growth * Math.min(1, hour / spanH));
  return { arrivals, peakPerHour: meanPerHour * (1 + swing) * (1 + growth), meanPerHour, objectBytes: rng.logUniform(8, 64) * 1024 };
}

function native(): Heap {
  return createArenas();
}

function managed(rng: Rng, objectBytes: number): Heap {
  return createManagedHeap({
    youngBytes: objectBytes * rng.uniform(20, 120),
    growth: rng.uniform(1.3, 2.2),
    shrinks: rng.chance(0.5),
  });
}

type Habits = Omit<ServerOptions, 'heap' | 'arrivals' | 'peakPerHour' | 'objectBytes'>;

/** One process: the heap of its runtime and libraries below what its requests hold. */
function process(world: World, runtime: 'native' | 'managed', site: Site, habits: Habits, wall: number | null): Scenario {
  const { rng } = world;
  const heap = runtime === 'native' ? native() : managed(rng, site.objectBytes);
  const server = createServer(rng, { heap, ...site, ...habits });
  const fixed = rng.uniform(8, 80) * MiB;
  const model = (t: number, dt: number) => {
    server.advance(t);
    const load = loadOf(server, site, dt);
    return { value: fixed + heap.heldBytes(), load, rest: habits.connection ? { sockets: 4 + server.connections() } : {} };
  };
  return wall === null ? { model } : { model, wall: fixed + wall };
}

function loadOf(server: Server, site: Site, dt: number): number {
  return server.takeWork() / Math.max(1e-9, site.meanPerHour * dt);
}

/** The rate at which a share of the requests adds up. */
function leakedPerHour(site: Site, share: number): number {
  return site.meanPerHour * share * site.objectBytes;
}

/** The share of requests that never give back: hundreds to thousands of objects, more than the slack of any heap here hides. */
function drawLeakShare(rng: Rng): number {
  return rng.logUniform(0.02, 0.2);
}

function leakingProcess(world: World, runtime: 'native' | 'managed', habits: Habits = {}): Scenario {
  const site = drawSite(world);
  const share = runtime === 'managed' ? 2 * drawLeakShare(world.rng) : drawLeakShare(world.rng);
  const wall = leakedPerHour(site, share) * world.spanH * world.rng.uniform(1.2, 4) + 600 * site.objectBytes;
  // A collected heap reserves in proportion, and what sits in half-empty spans is not the leak's: no exact rate is known.
  return process(world, runtime, site, { ...habits, leakShare: share }, wall);
}

function lateLeak(world: World): Scenario {
  const site = drawSite(world);
  const share = drawLeakShare(world.rng) * 2;
  const onsetH = world.rng.uniform(0.3, 0.55) * world.spanH;
  const wall = leakedPerHour(site, share) * world.spanH * world.rng.uniform(0.8, 3) + 600 * site.objectBytes;
  return { ...process(world, 'native', site, { session: { share: 0.1, hours: 0.5 }, leakShare: share, leakFromH: onsetH }, wall), onsetH };
}

/** Every answer is kept under a key that never comes again. */
function cacheOfUniqueKeys(world: World): Scenario {
  const site = drawSite(world);
  const wall = leakedPerHour(site, 1) * world.spanH * world.rng.uniform(0.8, 2);
  return process(world, 'managed', site, { cache: { keys: 1e12, skew: 1, capacity: Number.POSITIVE_INFINITY } }, wall);
}

interface PoolHabits extends Habits {
  /** A worker ends after so many requests, and a fresh one takes its place. */
  recycleAfter: number;
}

/** A master and its workers, each with a heap of its own; the sum is what the workload holds. */
function pool(world: World, habits: PoolHabits, wallFactor: number | null): Scenario {
  const { rng } = world;
  const site = drawSite(world);
  const size = rng.integer(3, 8);
  const own = { ...site, arrivals: (hour: number) => site.arrivals(hour) / size, peakPerHour: site.peakPerHour / size };
  const bornWith = rng.uniform(2, 10) * MiB;
  const hire = () => {
    const heap = native();
    const bornAtH = { hour: 0 };
    return { heap, bornAtH, server: createServer(rng, { heap, ...own, ...habits }), limit: habits.recycleAfter * rng.uniform(0.8, 1.2) };
  };
  const workers = Array.from({ length: size }, hire);
  const model = (t: number, dt: number) => {
    let value = bornWith * (size + 1);
    let work = 0;
    workers.forEach((worker, index) => {
      worker.server.advance(t - worker.bornAtH.hour);
      work += worker.server.takeWork();
      value += worker.heap.heldBytes();
      if (worker.server.served() < worker.limit) return;
      const fresh = hire();
      fresh.bornAtH.hour = t;
      workers[index] = fresh;
    });
    return { value, load: work / Math.max(1e-9, site.meanPerHour * dt), rest: { processes: size + 1 } };
  };
  if (wallFactor === null) return { model };
  const leaked = leakedPerHour(site, habits.leakShare ?? 0) * world.spanH;
  return { model, wall: bornWith * (size + 1) + leaked * wallFactor + 600 * site.objectBytes };
}

/** Connections that the error path forgets to close. */
function lostConnections(world: World): Scenario {
  const { rng } = world;
  const site = drawSite(world);
  const lostShare = rng.logUniform(0.002, 0.02);
  const heap = native();
  const server = createServer(rng, { heap, ...site, connection: { seconds: rng.logUniform(2, 300), lostShare } });
  const own = rng.integer(8, 60);
  const model = (t: number, dt: number) => {
    server.advance(t);
    return { value: own + server.connections(), load: loadOf(server, site, dt) };
  };
  const rate = site.meanPerHour * lostShare;
  return { model, wall: own + rate * world.spanH * rng.uniform(0.9, 3) + 40, slopePerHour: rate };
}

function keptAlive(world: World): Scenario {
  const { rng } = world;
  const site = drawSite(world);
  const server = createServer(rng, { heap: native(), ...site, connection: { seconds: rng.logUniform(30, 3600), lostShare: 0 } });
  const own = rng.integer(8, 60);
  const model = (t: number, dt: number) => {
    server.advance(t);
    return { value: own + server.connections(), load: loadOf(server, site, dt) };
  };
  return { model, wall: 1024 };
}

/** The popular answers of a site: full when the cache is, or when every key was asked for. */
function zipfCache(world: World, capacity: number): Scenario {
  const { rng } = world;
  const keys = rng.logUniform(500, 3000);
  return process(world, rng.pick(['native', 'managed']), drawSite(world), { cache: { keys, skew: rng.uniform(0.7, 1), capacity } }, null);
}

const short = { world: hours };
const drawRuntime = ({ rng }: World) => rng.pick(['native', 'managed'] as const);

export const second: Pattern[] = [
  leakOf('S01-requests-leak-native', (world) => leakingProcess(world, 'native')),
  leakOf('S02-requests-leak-managed', (world) => leakingProcess(world, 'managed')),
  leakOf('S03-sessions-and-leak', (world) =>
    leakingProcess(world, drawRuntime(world), { session: { share: 0.1, hours: world.rng.uniform(0.3, 6) } }),
  ),
  leakOf('S04-cache-and-leak', (world) => leakingProcess(world, 'native', { cache: { keys: 800, skew: 0.9, capacity: 400 } })),
  leakOf('S05-unique-keys', cacheOfUniqueKeys),
  leakOf('S06-leak-begins', lateLeak),
  leakOf('S07-pool-leaks', (world) =>
    pool(world, { recycleAfter: Number.POSITIVE_INFINITY, leakShare: drawLeakShare(world.rng) }, world.rng.uniform(1.2, 4)),
  ),
  leakOf('S08-lost-connections', lostConnections, { resource: 'fds' }),
  leakOf('S09-hours-leak-native', (world) => leakingProcess(world, 'native'), short),
  leakOf('S10-hours-leak-managed', (world) => leakingProcess(world, 'managed'), short),
  leakOf('S11-hours-lost-connections', lostConnections, { ...short, resource: 'sockets' }),
  healthyOf('S21-native', [], (world) =>
    process(world, 'native', drawSite(world), { session: { share: 0.15, hours: world.rng.logUniform(0.2, 12) } }, null),
  ),
  healthyOf('S22-managed', [], (world) =>
    process(world, 'managed', drawSite(world), { session: { share: 0.15, hours: world.rng.logUniform(0.2, 12) } }, null),
  ),
  healthyOf('S23-cache-of-popular-keys', [], (world) => zipfCache(world, world.rng.integer(100, 450))),
  healthyOf('S24-every-key-in-the-end', [], (world) => zipfCache(world, Number.POSITIVE_INFINITY)),
  healthyOf('S25-long-sessions', [], (world) =>
    process(world, drawRuntime(world), drawSite(world), { session: { share: 0.05, hours: world.rng.uniform(12, 36) } }, null),
  ),
  healthyOf('S26-recycled-pool', [], (world) =>
    pool(world, { recycleAfter: requestsPerCase / world.rng.uniform(60, 300), leakShare: drawLeakShare(world.rng) }, null),
  ),
  healthyOf('S27-growing-traffic', [], (world) => ({
    ...process(world, 'native', drawSite(world, world.rng.uniform(0.3, 1)), { session: { share: 0.3, hours: 1 } }, null),
    showCpu: true,
  })),
  healthyOf('S28-kept-alive', [], keptAlive, { resource: 'fds' }),
  healthyOf(
    'S29-hours-native',
    [],
    (world) => process(world, 'native', drawSite(world), { session: { share: 0.15, hours: 0.2 } }, null),
    short,
  ),
  healthyOf(
    'S30-hours-managed',
    [],
    (world) => process(world, 'managed', drawSite(world), { session: { share: 0.15, hours: 0.2 } }, null),
    short,
  ),
  healthyOf('S31-hours-cache', [], (world) => zipfCache(world, world.rng.integer(100, 450)), short),
  healthyOf('S32-hours-kept-alive', [], keptAlive, { ...short, resource: 'sockets' }),
  healthyOf('S33-pool', [], (world) => pool(world, { recycleAfter: Number.POSITIVE_INFINITY, session: { share: 0.1, hours: 1 } }, null), {
    world: days,
  }),
];
