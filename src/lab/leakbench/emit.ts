import { emptySample, type Gauge, gauges, type Sample } from '../../model/gauge.ts';
import type { Resource } from '../../model/verdict.ts';
import type { BenchCase } from './case.ts';
import type { Pattern, Scenario, Tick, World } from './patterns/pattern.ts';
import { sampleTimes } from './patterns/sampling.ts';
import { createRng, type Rng } from './rng.ts';

const hourMs = 3_600_000;
/** A Monday midnight in UTC: weekly patterns count from it. */
const startMs = Date.UTC(2026, 1, 2);
const atH = (t: number) => Math.round(startMs + t * hourMs);
/** How far past the last sample the wall is looked for, in spans. */
const horizonSpans = 4;

const gaugeOfResource = {
  memory: 'anonBytes',
  shmem: 'shmemBytes',
  fds: 'fds',
  sockets: 'sockets',
  threads: 'threads',
  processes: 'processes',
  kernel: 'kernelBytes',
} as const satisfies Record<Resource, Gauge>;

/** One case of a pattern: the same family and seed give the same samples everywhere. */
export function generateCase(pattern: Pattern, group: string, seed: number): BenchCase {
  const rng = createRng(`${pattern.family}#${seed}`);
  const world = pattern.world(rng);
  const scenario = pattern.scenario(world);
  const surroundings = drawSurroundings(rng, pattern, world, scenario);
  const samples: Sample[] = [];
  let lastH = 0;
  let exhaustedH: number | null = null;
  for (const t of sampleTimes(rng, world.sampling, world.spanH)) {
    const tick = scenario.model(t, t - lastH);
    samples.push(sampleOf(tick, t, t - lastH, surroundings));
    lastH = t;
    if (isExhausted(pattern, scenario, tick)) {
      exhaustedH = t;
      break;
    }
  }
  const label = scenario.label ?? pattern.label;
  exhaustedH ??= label === 'leak' ? lookAhead(pattern, scenario, world, lastH) : null;
  const onsetH = label === 'leak' ? (scenario.onsetH ?? 0) : null;
  return {
    id: `${pattern.family}#${seed}`,
    family: pattern.family,
    group,
    seed,
    label,
    resource: pattern.resource,
    alsoLeaks: pattern.alsoLeaks ?? [],
    expectedClasses: pattern.expected,
    onsetMs: onsetH === null ? null : atH(onsetH),
    exhaustionMs: exhaustedH === null ? null : atH(exhaustedH),
    wallVisible: surroundings.wallShown !== 'none',
    trueSlopePerHour: label === 'leak' ? (scenario.slopePerHour ?? null) : null,
    samples,
  };
}

/** A leaking subject ends at its wall: the kernel kills it, or it can open nothing more. */
function isExhausted(pattern: Pattern, scenario: Scenario, tick: Tick): boolean {
  return pattern.label === 'leak' && scenario.wall !== undefined && (tick.regular ?? tick.value) >= scenario.wall;
}

function lookAhead(pattern: Pattern, scenario: Scenario, world: World, fromH: number): number | null {
  if (scenario.wall === undefined) return null;
  const step = Math.max(world.sampling.intervalS / 3600, world.spanH / 2000);
  for (let t = fromH + step; t < world.spanH * horizonSpans; t += step) {
    if (isExhausted(pattern, scenario, scenario.model(t, step))) return t;
  }
  return null;
}

interface Surroundings {
  resource: Resource;
  wall: number | null;
  wallShown: World['wallShown'];
  full: boolean;
  cpu: boolean;
  start: boolean;
  rng: Rng;
  /** CPU-hours of one hour at a load of 1. */
  cpuShare: number;
  steady: { anonBytes: number; fileBytes: number; fds: number; sockets: number; threads: number; fdLimit: number };
  /** Carried from sample to sample. */
  cpuSeconds: number;
  generation: number;
  startTimeMs: number;
}

function drawSurroundings(rng: Rng, pattern: Pattern, world: World, scenario: Scenario): Surroundings {
  const full = world.detail === 'full';
  return {
    resource: pattern.resource,
    wall: scenario.wall ?? null,
    wallShown: scenario.wall === undefined ? 'none' : shownWall(pattern.resource, world.wallShown),
    full,
    cpu: scenario.showCpu ?? full,
    start: scenario.showStart ?? full,
    rng,
    cpuShare: rng.logUniform(0.02, 2),
    steady: {
      anonBytes: world.base,
      fileBytes: world.base * rng.uniform(0.1, 0.8),
      fds: rng.integer(12, 200),
      sockets: rng.integer(2, 60),
      threads: rng.integer(1, 60),
      fdLimit: rng.pick([1024, 4096, 65536]),
    },
    cpuSeconds: 0,
    generation: 0,
    // Watching may begin long after the process did.
    startTimeMs: startMs - (rng.chance(0.5) ? 0 : rng.uniform(0, 30) * 24 * hourMs),
  };
}

/** Only bytes can run into a memory limit; fds have their own limit, and pieces of other kinds have none to show. */
function shownWall(resource: Resource, drawn: World['wallShown']): World['wallShown'] {
  if (resource === 'memory') return drawn;
  if (resource === 'fds') return drawn === 'none' ? 'none' : 'limit';
  if (resource === 'kernel' || resource === 'shmem') return drawn === 'none' ? 'none' : 'headroom';
  return 'none';
}

const page = 4096;
const toPages = (bytes: number) => Math.max(0, page * Math.round(bytes / page));

function sampleOf(tick: Tick, t: number, dt: number, around: Surroundings): Sample {
  const timeMs = atH(t);
  advance(around, tick, timeMs, dt);
  const sample = emptySample(timeMs);
  if (around.cpu) sample.cpuSeconds = around.cpuSeconds;
  if (around.start) sample.startTimeMs = around.startTimeMs;
  if (around.full) fillSteady(sample, around, tick.load ?? 1);
  if (tick.rest) setRest(sample, tick.rest);
  setResource(sample, around, tick);
  return sample;
}

function advance(around: Surroundings, tick: Tick, timeMs: number, dt: number): void {
  const generation = tick.generation ?? 0;
  if (generation !== around.generation) {
    around.generation = generation;
    around.startTimeMs = timeMs;
    around.cpuSeconds = 0;
  }
  around.cpuSeconds += around.cpuShare * 3600 * dt * (tick.load ?? 1) * around.rng.logNormal(1, 0.1);
}

function fillSteady(sample: Sample, around: Surroundings, load: number): void {
  const { rng, steady } = around;
  sample.anonBytes = toPages(steady.anonBytes * (1 + 0.002 * rng.normal()));
  sample.swapBytes = 0;
  sample.shmemBytes = 0;
  sample.fileBytes = toPages(steady.fileBytes * (1 + 0.001 * rng.normal()));
  sample.fds = steady.fds + rng.poisson(steady.fds * 0.1 * load);
  sample.sockets = steady.sockets + rng.poisson(steady.sockets * 0.2 * load);
  sample.threads = steady.threads;
  sample.processes = 1;
  sample.fdLimit = steady.fdLimit;
}

function setResource(sample: Sample, around: Surroundings, tick: Tick): void {
  const { resource, wall } = around;
  const inBytes = resource === 'memory' || resource === 'shmem' || resource === 'kernel';
  if (resource === 'memory') {
    const swap = Math.max(0, tick.rest?.swapBytes ?? 0);
    sample.anonBytes = Math.max(page, toPages(tick.value - swap));
    if (tick.rest?.swapBytes !== undefined) sample.swapBytes = toPages(swap);
  } else {
    sample[gaugeOfResource[resource]] = inBytes ? toPages(tick.value) : Math.max(0, Math.round(tick.value));
  }
  if (wall === null || around.wallShown === 'none') return;
  if (around.wallShown === 'headroom') sample.headroomBytes = toPages(wall - tick.value);
  else if (resource === 'fds') sample.fdLimit = Math.round(wall);
  else sample.limitBytes = tick.rest?.limitBytes ?? toPages(wall);
}

function setRest(sample: Sample, rest: Partial<Record<Gauge, number>>): void {
  for (const gauge of gauges) {
    const value = rest[gauge];
    if (value !== undefined) sample[gauge] = gauge.endsWith('Bytes') ? toPages(value) : value;
  }
}
