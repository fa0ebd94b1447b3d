/** Leaks of anything but private memory: descriptors, threads, processes, shared and kernel memory. */
import { jumps, wobble } from './components.ts';
import { dailyLoad } from './load.ts';
import { leakOf, type Pattern, type Scenario, type World } from './pattern.ts';
import { MiB } from './worlds.ts';

interface Pieces {
  base: number;
  wall: number;
  /** Mean of what comes and goes with the load. */
  busy: number;
}

/** Pieces that are never given back, among many that are. */
function leakedPieces(world: World, pieces: Pieces): Scenario {
  const { rng } = world;
  const tteH = rng.logUniform(72, 600);
  const rate = (pieces.wall - pieces.base) / tteH;
  const load = dailyLoad(rng);
  const lost = jumps(rng, rate, () => 1);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    const regular = pieces.base + lost(t, dt) + pieces.busy;
    return { value: regular - pieces.busy + rng.poisson(pieces.busy * work), regular, load: work };
  };
  return { wall: pieces.wall, slopePerHour: rate, model };
}

function fdLeak(world: World): Scenario {
  const base = world.rng.integer(20, 200);
  return leakedPieces(world, { base, wall: 1024, busy: 0.2 * base });
}

function threadLeak(world: World): Scenario {
  const base = world.rng.integer(8, 80);
  return leakedPieces(world, { base, wall: base + 0.3 * (2000 - base), busy: 3 });
}

function socketLeak(world: World): Scenario {
  const base = world.rng.integer(5, 100);
  return leakedPieces(world, { base, wall: world.rng.pick([1024, 4096, 28_000]), busy: base });
}

function zombies(world: World): Scenario {
  return leakedPieces(world, { base: 1 + world.rng.integer(0, 20), wall: world.rng.pick([400, 4096, 32_768]), busy: 1 });
}

/** Host-wide bytes of one kind that only grow, in grains of `grain`; 1 % comes and goes with the load. */
function hostBytes(world: World, grain: number): Scenario {
  const { rng } = world;
  const base = rng.logUniform(60, 800) * MiB;
  const wall = base + rng.uniform(1, 8) * 1024 * MiB;
  const rate = (wall - base) / rng.logUniform(72, 600);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base, 0.01);
  const lost = jumps(rng, rate / grain, () => grain);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    return { value: base * (1 + 0.02 * work) + lost(t, dt) + noise(t, dt), load: work };
  };
  return { wall, slopePerHour: rate, model };
}

/** Workers come and go by pid; what leaks is the segment that they share, while their own memory is flat. */
function sharedByWorkers(world: World): Scenario {
  const { rng, base } = world;
  const scenario = hostBytes(world, 64 * 1024);
  const lifeH = rng.uniform(2, 12);
  const model = (t: number, dt: number) => ({
    ...scenario.model(t, dt),
    rest: { anonBytes: base * (0.8 + 0.2 * ((t / lifeH) % 1)), processes: 5 },
  });
  return { ...scenario, model };
}

/** Short-lived children, each leaving a little in the map of their parent. */
function childrenLeaveInParent(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const perHour = rng.uniform(20, 200);
  const left = 0.1 * MiB;
  const rate = perHour * left;
  const lost = jumps(rng, perHour, () => left);
  const noise = wobble(rng, base, 0.002);
  const child = rng.uniform(0.002, 0.01) * base;
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    const children = rng.poisson(6 * work);
    return { value: base + lost(t, dt) + children * child + noise(t, dt), load: work, rest: { processes: 1 + children } };
  };
  return { wall: base + rate * rng.logUniform(72, 600), slopePerHour: rate, model };
}

/** Only the size of the address space grows: no gauge of a sample holds it, so nobody could tell. */
function addressSpaceOnly(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  return { label: 'ambiguous', model: (t, dt) => ({ value: base + noise(t, dt), load: load(t, dt) }) };
}

const kernel = { resource: 'kernel' } as const;
const shmem = { resource: 'shmem' } as const;

export const leakOther: Pattern[] = [
  leakOf('P14-fd', fdLeak, { resource: 'fds' }),
  leakOf('P15-thread', threadLeak, { resource: 'threads' }),
  leakOf('P22-shared-by-workers', sharedByWorkers, shmem),
  leakOf('P23-tmpfs', (world) => hostBytes(world, 4096 * 16), shmem),
  leakOf('P24-sysv-segments', (world) => hostBytes(world, 128 * 1024), shmem),
  leakOf('P25-slab', (world) => hostBytes(world, 4096), kernel),
  leakOf('P26-kernel-stacks', (world) => hostBytes(world, 16 * 1024), kernel),
  leakOf('P27-page-tables', (world) => hostBytes(world, 4096), kernel),
  leakOf('P28-zombies', zombies, { resource: 'processes' }),
  leakOf('P29-address-space', addressSpaceOnly),
  leakOf('P32-socket-buffers', (world) => hostBytes(world, 2048), kernel),
  leakOf('P32b-sockets', socketLeak, { resource: 'sockets' }),
  leakOf('P33-children-leave-in-parent', childrenLeaveInParent),
];
