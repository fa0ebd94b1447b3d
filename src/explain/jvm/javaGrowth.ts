/**
 * From three looks at a JVM to what grows in it. The heap is full of rubbish that waits for the collector, so of each class that becomes more
 * some objects are followed up to what holds them: the part of them that is held tells how many of all are.
 */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import type { JavaCensus, JavaKind, Jvm } from './javaCensus.ts';
import { isOfJdk } from './javaClasses.ts';
import { climbJava, type JavaPath } from './javaClimb.ts';

const mostCandidates = 14;
const mostReloaded = 4;
/** What a class itself takes outside of the heap: its methods, constants and tables. */
const classBytes = 8_192;
const picksOfEach = 320;
const leastGrowthBytes = 2_048;
/** Of the heap, most of which may be rubbish. */
const leastPart = 0.0003;
const leastHeldPart = 0.25;

/** What is known of a class that may grow, at one look. */
export interface JavaFollowed {
  kind: JavaKind;
  paths: JavaPath[];
}

/** At the first look it isn't known yet what grows: those that take most. */
export function followLargest(jvm: Jvm, now: JavaCensus): Map<string, JavaFollowed> {
  const own = [...now.kinds.values()].filter(({ name, bytes }) => !isPlumbing(name) && bytes >= leastGrowthBytes);
  return follow(jvm, now, own.sort((a, b) => b.bytes - a.bytes).slice(0, mostCandidates));
}

/** Those of more than the look before, by what they took; each with the ways that some of them are held. */
export function followGrowing(jvm: Jvm, before: JavaCensus, now: JavaCensus): Map<string, JavaFollowed> {
  const grown = [...now.kinds.values()]
    .map((kind) => ({ kind, growthBytes: kind.bytes - (before.kinds.get(kind.name)?.bytes ?? 0) }))
    .filter(({ growthBytes }) => growthBytes >= leastGrowthBytes)
    .sort((a, b) => b.growthBytes - a.growthBytes)
    .slice(0, mostCandidates)
    .map(({ kind }) => kind);
  const reloaded = [...now.kinds.values()].filter((kind) => isReloaded(kind, before) && !grown.includes(kind));
  return follow(jvm, now, [...grown, ...reloaded.slice(0, mostReloaded)]);
}

/** More classes of the same name than before, each of a loader of its own. Lambdas and what the JDK makes have names that come again. */
function isReloaded(kind: JavaKind, before: JavaCensus): boolean {
  const classes = before.kinds.get(kind.name)?.classes ?? 0;
  return kind.classes > Math.max(1, classes) && !/\$\$|\[\]$|^(?:java|javax|jdk|sun)\./.test(kind.name);
}

export function follow(jvm: Jvm, now: JavaCensus, kinds: readonly JavaKind[]): Map<string, JavaFollowed> {
  const picks = kinds.map((kind) => kind.picks.slice(0, picksOfEach));
  const paths = climbJava(jvm, now, picks);
  return new Map(kinds.map((kind, index) => [kind.name, { kind, paths: paths[index] ?? [] }]));
}

interface Candidate {
  name: string;
  counts: [number, number, number];
  growthBytes: number;
  heldPart: number;
  paths: JavaPath[];
  /** Addresses of some that are held. */
  held: number[];
  /** Bytes of those that only these hold, and of what holds them. */
  moreBytes: number;
  classesGrow: boolean;
}

/** `followed`: at each look. The most first. */
export function javaGrowth(
  jvm: Jvm,
  looks: readonly [JavaCensus, JavaCensus, JavaCensus],
  followed: readonly [ReadonlyMap<string, JavaFollowed>, ReadonlyMap<string, JavaFollowed>, ReadonlyMap<string, JavaFollowed>],
): GrowingThing[] {
  const total = [...looks[2].kinds.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const [first, second, third] = followed;
  const candidates = [...third.values()].flatMap(
    (now) => candidateOf([first.get(now.kind.name), second.get(now.kind.name), now], looks) ?? [],
  );
  const names = new Set(candidates.map(({ name }) => name));
  const others = new Set([...third.keys()].filter((name) => !names.has(name) && !isOfJdk(name)));
  return folded(candidates.filter((candidate) => !isOfJdk(candidate.name) || !liesIn(candidate, others)))
    .filter(({ growthBytes, moreBytes }) => growthBytes + moreBytes >= Math.max(leastGrowthBytes, total * leastPart))
    .sort((a, b) => b.growthBytes + b.moreBytes - (a.growthBytes + a.moreBytes))
    .map((candidate) => describe(candidate, isPlumbing(candidate.name) ? contentOf(jvm, candidate.held) : null));
}

function candidateOf(
  [first, before, now]: readonly [JavaFollowed | undefined, JavaFollowed | undefined, JavaFollowed],
  looks: readonly [JavaCensus, JavaCensus, JavaCensus],
): Candidate | null {
  const { name } = now.kind;
  const counts = looks.map(({ kinds }) => kinds.get(name)?.count ?? 0) as [number, number, number];
  if (before === undefined || now.paths.length === 0) return null;
  const held = [heldOf(before), heldOf(now)] as const;
  const newClasses = isReloaded(before.kind, looks[0]) && isReloaded(now.kind, looks[1]) ? now.kind.classes - before.kind.classes : 0;
  const growth = held[1].count - held[0].count;
  // Of those that were followed at the first look it is known whether they grew then as well.
  const atFirst = first === undefined ? null : heldOf(first);
  if (!isSteady(atFirst === null ? held : [atFirst, ...held]) || held[1].part < leastHeldPart) return null;
  return {
    name,
    counts: [Math.round(atFirst?.count ?? counts[0]), Math.round(held[0].count), Math.round(held[1].count)],
    growthBytes: (growth * now.kind.bytes) / now.kind.count + newClasses * classBytes,
    heldPart: held[1].part,
    paths: now.paths.filter(({ isRubbish }) => !isRubbish),
    held: now.kind.picks.filter((_, index) => now.paths[index]?.isRubbish === false),
    moreBytes: 0,
    classesGrow: newClasses > 0,
  };
}

/** More each time. A part of a few is not exact: what may be chance, over all of the time, is no growth. */
function isSteady(looks: readonly { count: number; error: number }[]): boolean {
  const steps = looks.slice(1).map((now, index) => ({ now, before: looks[index] ?? now }));
  const [first, last] = [looks[0], looks.at(-1)];
  const grew = (before: { count: number; error: number }, now: { count: number; error: number }, sure: number) =>
    now.count - before.count > sure * Math.hypot(before.error, now.error);
  return first !== undefined && last !== undefined && steps.every(({ before, now }) => grew(before, now, 1)) && grew(first, last, 3);
}

function heldOf({ kind, paths }: JavaFollowed): { count: number; error: number; part: number } {
  const tries = Math.max(1, paths.length);
  const part = paths.filter(({ isRubbish }) => !isRubbish).length / tries;
  return { part, count: part * kind.count, error: kind.count * Math.sqrt((part * (1 - part)) / tries) };
}

/** Classes of the JDK that only connect: entries of maps, arrays inside of lists. */
function isPlumbing(name: string): boolean {
  return /^(?:java|javax|jdk|sun)\..*[$]/.test(name) || (name.endsWith('[]') && !isPlainArray(name)) || /^java\.util\./.test(name);
}

function usualOwner({ paths }: Candidate): string | null {
  return mostCommon(paths.map((path) => ownerOf(path) ?? '')) || null;
}

function isPlainArray(name: string): boolean {
  return /^[a-z]+(?:\[\])+$/.test(name);
}

/** What lies in others that grow takes part in their growth; plumbing takes part in the growth of what it holds. */
function folded(candidates: readonly Candidate[]): Candidate[] {
  const inside = new Set<Candidate>();
  const [plumbing, others] = [candidates.filter(({ name }) => isPlumbing(name)), candidates.filter(({ name }) => !isPlumbing(name))];
  for (const candidate of [...others].sort((a, b) => Number(isPlainArray(b.name)) - Number(isPlainArray(a.name)))) {
    const around = others.find((other) => other !== candidate && !inside.has(other) && isMostlyIn(candidate, other));
    if (around === undefined) continue;
    around.moreBytes += candidate.growthBytes + candidate.moreBytes;
    inside.add(candidate);
  }
  // Held side by side, as the key and the value of an entry are: the one that the application has a name for.
  for (const candidate of others.filter(({ name }) => isOfJdk(name))) {
    const beside = others.find((other) => !isOfJdk(other.name) && !inside.has(other) && usualOwner(other) === usualOwner(candidate));
    if (beside === undefined || inside.has(candidate)) continue;
    beside.moreBytes += candidate.growthBytes + candidate.moreBytes;
    inside.add(candidate);
  }
  const left = others.filter((candidate) => !inside.has(candidate));
  for (const pipe of plumbing) {
    const holds = left.find((other) => isMostlyIn(other, pipe) || isMostlyIn(pipe, other));
    if (holds === undefined) continue;
    holds.moreBytes += pipe.growthBytes;
    inside.add(pipe);
  }
  return candidates.filter((candidate) => !inside.has(candidate));
}

/** Most of them lie in objects of the application that do not grow: then they don't either. */
function liesIn({ paths }: Candidate, names: ReadonlySet<string>): boolean {
  const inside = paths.filter(({ steps }) => steps.some(({ holder }) => names.has(holder.class?.name ?? '')));
  return inside.length * 2 > paths.length;
}

function isMostlyIn(candidate: Candidate, other: Candidate): boolean {
  const around = candidate.paths.flatMap(({ steps }) => steps.find(({ holder }) => holder.class?.name === other.name)?.holder ?? []);
  if (around.length * 2 > candidate.paths.length && new Set(around).size * 2 > around.length) return true;
  // There are many more texts and arrays than new ones: what most lie in is what is new.
  return (
    isOfJdk(candidate.name) &&
    !isOfJdk(other.name) &&
    usualPath(candidate)?.steps.some(({ holder }) => holder.class?.name === other.name) === true
  );
}

function usualPath({ paths }: Candidate): JavaPath | undefined {
  const told = paths.map((path) => ({ path, text: tell(path).join('\n') }));
  const usual = mostCommon(told.map(({ text }) => text));
  return told.find(({ text }) => text === usual)?.path;
}

/** The class of what most of these refer to, each to another one: the keys or values that an entry of a map is there for. */
function contentOf({ memory, bounds, classes }: Jvm, addresses: readonly number[]): string | null {
  const contents = new Map<string, Set<number>>();
  const record = Buffer.alloc(64);
  const header = Buffer.alloc(12);
  for (const address of addresses) {
    const got = memory.read(address, record);
    for (let offset = 12; offset + 4 <= got && bounds.oopShift !== null; offset += 4) {
      const target = record.readUInt32LE(offset) * 2 ** bounds.oopShift + bounds.oopBase;
      if (target < bounds.start || target >= bounds.end || memory.read(target, header) < 12) continue;
      const name = classes.ofNarrow(header.readUInt32LE(8))?.name;
      if (name === undefined || isPlumbing(name)) continue;
      contents.set(name, (contents.get(name) ?? new Set()).add(target));
    }
  }
  const [most] = [...contents].sort((a, b) => Number(isOfJdk(a[0])) - Number(isOfJdk(b[0])) || b[1].size - a[1].size);
  return most !== undefined && most[1].size * 2 > addresses.length ? most[0] : null;
}

function describe({ name, counts, growthBytes, moreBytes, heldPart, paths, classesGrow }: Candidate, content: string | null): GrowingThing {
  const told = paths.map((path) => ({ path, text: tell(path) }));
  const usual = mostCommon(told.map(({ text }) => text.join('\n')));
  const found = told.find(({ text }) => text.join('\n') === usual);
  return {
    type: content ?? name,
    place: null,
    counts,
    growthBytes: growthBytes + moreBytes,
    survival: heldPart,
    owner: found === undefined ? null : ownerOf(found.path),
    path: found?.text ?? [],
    pattern: patternOf(name, found?.path, classesGrow),
  };
}

function tell({ root, steps }: JavaPath): string[] {
  const named = steps.flatMap(({ holder, by }) => {
    const of = holder.class?.name ?? '';
    return isPlumbing(of) || of === '' ? [] : [by === null ? of : `${of}.${by}`];
  });
  return [...(root === null ? [] : [root]), ...named.reverse()].slice(0, 12);
}

/** The nearest that is not of the JDK. */
function ownerOf({ root, steps }: JavaPath): string | null {
  for (const { holder, by } of steps) {
    const of = holder.class?.name;
    if (of !== undefined && !isOfJdk(of) && !of.endsWith('[]')) return by === null ? of : `${of}.${by}`;
  }
  return root;
}

function patternOf(name: string, path: JavaPath | undefined, classesGrow: boolean): LeakPattern | null {
  const through = (pattern: RegExp) => path?.steps.some(({ holder }) => pattern.test(holder.class?.name ?? '')) === true;
  if (classesGrow) return 'class-loader';
  if (through(/^java\.lang\.ThreadLocal\$/)) return 'thread-local';
  if (/\$\$Lambda|Listener|Handler|Observer|Callback/.test(name)) return 'listener-never-removed';
  if (through(/Map\$|Hashtable/)) return 'map-without-eviction';
  if (through(/^java\.util\./)) return 'list-only-grows';
  return path?.root?.includes('.') === true ? 'static-field' : null;
}

function mostCommon(of: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
