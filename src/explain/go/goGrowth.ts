/** From looks at a Go program to where in it what grows is allocated, and which goroutines never end. */
import type { GrowingThing } from '../growingThing.ts';
import type { GoLines, GoPlace } from './goLines.ts';
import type { GoBucket, GoCounts, Goroutine } from './goProfile.ts';

const leastSamples = 6;
const mostFreedEver = 0.2;
const leastGoroutines = 12;
const mostCallers = 8;
/** A stack and what little it is used for. */
const goroutineBytes = 4_096;

export interface GoLook {
  buckets: GoBucket[];
  goroutines: Goroutine[];
}

/** Where in the source an address of code is. */
type Places = Pick<GoLines, 'placeOf'>;

export type ThreeGoLooks = readonly [GoLook, GoLook, GoLook];

/** The most first. Empty when nothing grows. */
export function goGrowth(looks: ThreeGoLooks, rate: number, lines: Places): GrowingThing[] {
  const goroutines = growingGoroutines(looks, lines);
  const sites = growingSites(looks, rate, lines).filter((site) => !isHeldBy(site, goroutines));
  return [...goroutines, ...sites.map(({ thing }) => thing)].sort((a, b) => b.growthBytes - a.growthBytes);
}

interface GrowingSite {
  thing: GrowingThing;
  /** The innermost first. */
  calls: string[];
}

/** What was allocated for a goroutine that waits is in use because it waits. */
function isHeldBy({ thing, calls }: GrowingSite, goroutines: GrowingThing[]): boolean {
  const around = goroutines.find(({ path, counts }) => path.some((each) => calls.includes(each)) && counts[2] - counts[0] > 0);
  if (around !== undefined) around.growthBytes += thing.growthBytes;
  return around !== undefined;
}

/** Samples at the looks, and what came and went between the first and the last. */
interface Tally {
  inUse: [number, number, number];
  bytes: [number, number, number];
  allocated: number;
  freed: number;
}

interface SiteCounts {
  stack: number[];
  collected: Tally;
  now: Tally;
  /** Since the program began, as far as it was collected. */
  ever: { allocated: number; freed: number };
}

function growingSites([first, second, third]: ThreeGoLooks, rate: number, lines: Places): GrowingSite[] {
  const before = new Map(first.buckets.map((bucket) => [bucket.address, bucket]));
  const between = new Map(second.buckets.map((bucket) => [bucket.address, bucket]));
  const sites = new Map<string, SiteCounts>();
  for (const bucket of third.buckets) {
    const looks = [before.get(bucket.address), between.get(bucket.address), bucket] as const;
    const place = outermostOwn(bucket.stack, lines);
    const key = place.map(describePlace).slice(0, 1).join() || 'runtime';
    const site = sites.get(key) ?? { stack: bucket.stack, collected: noTally(), now: noTally(), ever: { allocated: 0, freed: 0 } };
    for (const upTo of ['collected', 'now'] as const)
      count(
        site[upTo],
        looks.map((look) => look?.[upTo]),
        rate,
      );
    site.ever.allocated += bucket.collected.allocations;
    site.ever.freed += bucket.collected.frees;
    sites.set(key, site);
  }
  return [...sites.values()].flatMap((site) => siteThing(site, lines) ?? []);
}

function noTally(): Tally {
  return { inUse: [0, 0, 0], bytes: [0, 0, 0], allocated: 0, freed: 0 };
}

function count(tally: Tally, looks: readonly (GoCounts | undefined)[], rate: number): void {
  for (const [index, look] of looks.entries()) {
    if (look === undefined) continue;
    tally.inUse[index] = (tally.inUse[index] ?? 0) + look.allocations - look.frees;
    tally.bytes[index] = (tally.bytes[index] ?? 0) + scaledBytes(look, rate);
  }
  tally.allocated += (looks[2]?.allocations ?? 0) - (looks[0]?.allocations ?? 0);
  tally.freed += (looks[2]?.frees ?? 0) - (looks[0]?.frees ?? 0);
}

/** Of what comes and goes by chance, three deviations are no chance. */
function isMore({ inUse: [first, second, third], allocated, freed }: Tally): boolean {
  const kept = allocated - freed;
  return kept >= leastSamples && kept >= 3 * Math.sqrt(freed * 2) && second >= first && third > second;
}

/**
 * A small heap that grows slowly is collected every few minutes. What was allocated since may be rubbish; but not where nearly all that ever came
 * from there was still in use when it was collected.
 */
function isKeptEver({ allocated, freed }: SiteCounts['ever']): boolean {
  return allocated >= leastSamples && freed <= allocated * mostFreedEver;
}

function siteThing({ stack, collected, now, ever }: SiteCounts, lines: Places): GrowingSite | null {
  const seen = isMore(collected) ? collected : now;
  if (seen === now && !(isMore(now) && isKeptEver(ever))) return null;
  const places = outermostOwn(stack, lines);
  const [nearest] = places;
  const calls = places.map(describePlace);
  const thing: GrowingThing = {
    type: nearest === undefined ? 'the runtime' : nearest.function,
    place: nearest === undefined || nearest.file === null ? null : `${nearest.file}:${nearest.line}`,
    counts: seen.bytes,
    isAllocation: true,
    growthBytes: (seen.bytes[2] - seen.bytes[0]) / 2,
    survival: (seen.allocated - seen.freed) / seen.allocated,
    owner: null,
    path: calls.slice(1, 1 + mostCallers).toReversed(),
    pattern: null,
  };
  return { thing, calls };
}

/** A block smaller than the rate is sampled less often than a large one. */
function scaledBytes({ allocations, frees, allocatedBytes, freedBytes }: GoCounts, rate: number): number {
  const [count, bytes] = [allocations - frees, allocatedBytes - freedBytes];
  return count <= 0 || bytes <= 0 ? 0 : bytes / (1 - Math.exp(-bytes / count / rate));
}

/** The stack without the runtime and the standard library's own helpers at its inner end. */
function outermostOwn(stack: readonly number[], lines: Places): GoPlace[] {
  const places = stack.flatMap((address) => lines.placeOf(address - 1) ?? []);
  const first = places.findIndex(({ function: name }) => !isStandard(name));
  return places.slice(Math.max(0, first)).filter(({ function: name }) => !name.startsWith('runtime.'));
}

/** `strings.(*Builder).grow`; a path with a dot in its first part, or main, is somebody's own. */
function isStandard(name: string): boolean {
  const [path = ''] = name.split('(');
  const first = path.split('/')[0] ?? '';
  return !first.startsWith('main.') && (path.includes('/') ? !first.includes('.') : /^[a-z]+\./.test(path));
}

function describePlace({ function: name, file, line }: GoPlace): string {
  return file === null ? name : `${name} ${file}:${line}`;
}

function growingGoroutines(looks: ThreeGoLooks, lines: Places): GrowingThing[] {
  const counts = new Map<string, { each: Goroutine; counts: [number, number, number]; alive: number }>();
  const now = new Set(looks[2].goroutines.map(({ address }) => address));
  for (const [index, { goroutines }] of looks.entries()) {
    for (const each of goroutines) {
      const key = `${each.created} ${each.start}`;
      const group = counts.get(key) ?? { each, counts: [0, 0, 0], alive: 0 };
      group.counts[index] = (group.counts[index] ?? 0) + 1;
      if (index === 0 && now.has(each.address)) group.alive += 1;
      counts.set(key, group);
    }
  }
  return [...counts.values()]
    .filter(({ counts: [first, second, third] }) => second > first && third > second && third - first >= leastGoroutines)
    .map(({ each, counts: of, alive }) => {
      const [start, created] = [lines.placeOf(each.start), lines.placeOf(each.created - 1)];
      return {
        type: `goroutine ${start?.function ?? 'unknown'}`,
        place: created?.file == null ? null : `${created.file}:${created.line}`,
        counts: of,
        growthBytes: Math.min(of[1] - of[0], of[2] - of[1]) * goroutineBytes,
        survival: of[0] === 0 ? null : alive / of[0],
        owner: null,
        path: created === null ? [] : [describePlace(created)],
        pattern: 'blocked-goroutines' as const,
      };
    });
}
