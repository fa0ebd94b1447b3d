/** From looks at a Go program to where in it what grows is allocated, and which goroutines never end. */
import type { GrowingThing } from '../growingThing.ts';
import type { GoLines, GoPlace } from './goLines.ts';
import type { GoBucket, Goroutine } from './goProfile.ts';

const leastSamples = 6;
const leastGoroutines = 12;
/** A stack and what little it is used for. */
const goroutineBytes = 4_096;

export interface GoLook {
  buckets: GoBucket[];
  goroutines: Goroutine[];
}

export type ThreeGoLooks = readonly [GoLook, GoLook, GoLook];

/** The most first. Empty when nothing grows. */
export function goGrowth(looks: ThreeGoLooks, rate: number, lines: GoLines): GrowingThing[] {
  const goroutines = growingGoroutines(looks, lines);
  const sites = growingSites(looks, rate, lines).filter((site) => !isHeldBy(site, goroutines));
  return [...goroutines, ...sites].sort((a, b) => b.growthBytes - a.growthBytes);
}

/** What was allocated for a goroutine that waits is in use because it waits. */
function isHeldBy(site: GrowingThing, goroutines: GrowingThing[]): boolean {
  const around = goroutines.find(({ path, counts }) => path.some((each) => site.path.includes(each)) && counts[2] - counts[0] > 0);
  if (around !== undefined) around.growthBytes += site.growthBytes;
  return around !== undefined;
}

interface SiteCounts {
  stack: number[];
  /** Samples in use at each look. */
  inUse: [number, number, number];
  bytes: [number, number, number];
  allocated: number;
  freed: number;
}

function growingSites([first, second, third]: ThreeGoLooks, rate: number, lines: GoLines): GrowingThing[] {
  const before = new Map(first.buckets.map((bucket) => [bucket.address, bucket]));
  const between = new Map(second.buckets.map((bucket) => [bucket.address, bucket]));
  const sites = new Map<string, SiteCounts>();
  for (const now of third.buckets) {
    const looks = [before.get(now.address), between.get(now.address), now] as const;
    const place = outermostOwn(now.stack, lines);
    const key = place.map(describePlace).slice(0, 1).join() || 'runtime';
    const site = sites.get(key) ?? { stack: now.stack, inUse: [0, 0, 0], bytes: [0, 0, 0], allocated: 0, freed: 0 };
    for (const [index, look] of looks.entries()) {
      if (look === undefined) continue;
      site.inUse[index] = (site.inUse[index] ?? 0) + look.allocations - look.frees;
      site.bytes[index] = (site.bytes[index] ?? 0) + scaledBytes(look, rate);
    }
    site.allocated += now.allocations - (looks[0]?.allocations ?? 0);
    site.freed += now.frees - (looks[0]?.frees ?? 0);
    sites.set(key, site);
  }
  return [...sites.values()].flatMap((site) => siteThing(site, lines) ?? []);
}

/** Of what comes and goes by chance, three deviations are no chance. */
function siteThing(site: SiteCounts, lines: GoLines): GrowingThing | null {
  const { inUse, bytes, allocated, freed, stack } = site;
  const kept = allocated - freed;
  if (kept < leastSamples || kept < 3 * Math.sqrt(freed * 2) || inUse[1] < inUse[0] || inUse[2] <= inUse[1]) return null;
  const places = outermostOwn(stack, lines);
  const [nearest] = places;
  return {
    type: nearest === undefined ? 'the runtime' : nearest.function,
    place: nearest === undefined || nearest.file === null ? null : `${nearest.file}:${nearest.line}`,
    counts: inUse,
    growthBytes: (bytes[2] - bytes[0]) / 2,
    survival: kept / allocated,
    owner: null,
    path: places.map(describePlace).slice(0, 8),
    pattern: null,
  };
}

/** A block smaller than the rate is sampled less often than a large one. */
function scaledBytes({ allocations, frees, allocatedBytes, freedBytes }: GoBucket, rate: number): number {
  const [count, bytes] = [allocations - frees, allocatedBytes - freedBytes];
  return count <= 0 || bytes <= 0 ? 0 : bytes / (1 - Math.exp(-bytes / count / rate));
}

/** The stack without the runtime and the standard library's own helpers at its inner end. */
function outermostOwn(stack: readonly number[], lines: GoLines): GoPlace[] {
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

function growingGoroutines(looks: ThreeGoLooks, lines: GoLines): GrowingThing[] {
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
