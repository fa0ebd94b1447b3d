/**
 * From three looks at a JVM to what grows in it. The heap is full of rubbish that waits for the collector, so of each class that becomes more
 * some objects are followed up to what holds them: the part of them that is held tells how many of all are.
 */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import { isSteady } from '../steadyGrowth.ts';
import type { ClassTable } from './classTable.ts';
import type { JavaCensus, JavaKind, JavaKinds, Jvm } from './javaCensus.ts';
import { isOfJdk, type JavaClass } from './javaClasses.ts';
import { climbJava, type JavaPath, looseRoot } from './javaClimb.ts';
import { addressOf } from './javaHeap.ts';

const mostCandidates = 14;
const mostReloaded = 4;
/** What a class itself takes outside of the heap: its methods, constants and tables. */
const classBytes = 8_192;
const leastGrowthBytes = 2_048;
/** Of the heap, most of which may be rubbish. */
const leastPart = 0.0001;
/** Of the heap: what has less is followed once it grew. */
const leastPartAtFirst = 0.001;
const leastHeldPart = 0.25;
/** Of what came while a look was taken: a look may count so many more than the one before, because it took longer. */
const surplusPart = 0.5;
/** Of a table that has thousands: so many tell of what it is. */
const mostContentsOfEach = 64;

/** What is known of a class that may grow, at one look. */
interface JavaFollowed {
  kind: JavaKind;
  paths: JavaPath[];
  /** Of arrays of numbers, how long each of those is that were followed. */
  lengths: number[] | null;
  /** Of what only connects: the class of what it is there for. */
  content: string | null;
}

/** One look at the whole heap, or at what is old of it. */
export interface JavaLook {
  kinds: JavaKinds;
  /** Part of a count that may be wrong, because it was taken while objects moved. */
  inexactPart: number;
  /** By name. */
  followed: ReadonlyMap<string, JavaFollowed>;
}

export interface JavaSide {
  before: readonly JavaLook[];
  kinds: JavaKinds;
  picksFrom: 'all' | 'old';
  inexactPart: number;
}

/** Of each side, as the whole heap and what is old of it, the looks before and the objects now. */
export function followSides(jvm: Jvm, census: JavaCensus, sides: readonly JavaSide[]): JavaLook[] {
  const wanted = sides.map(({ before, kinds, picksFrom }) =>
    worthFollowing(before, kinds).map((kind) => ({ kind, picks: census.picksOf(kind.name, picksFrom) })),
  );
  const paths = climbJava(
    jvm,
    census,
    wanted.flat().map(({ picks }) => picks),
  );
  let next = 0;
  return sides.map(({ kinds, inexactPart }, side) => {
    const followed = new Map<string, JavaFollowed>();
    for (const { kind, picks } of wanted[side] ?? []) {
      const own = paths[next] ?? [];
      next += 1;
      const held = picks.filter((_, index) => own[index]?.isRubbish === false);
      const lengths = isPlainArray(kind.name) ? picks.map((pick) => lengthOf(jvm, census.table, pick)) : null;
      const content = isPlumbing(kind.name) ? contentOf(jvm, census, held) : null;
      followed.set(kind.name, { kind, paths: withoutStrays(own), lengths, content });
    }
    return { kinds, inexactPart, followed };
  });
}

/** At the first look it isn't known yet what grows: those that take most. Then those that grew, and at last those again. */
function worthFollowing([first, second]: readonly JavaLook[], now: JavaKinds): JavaKind[] {
  if (first === undefined) {
    const leastBytes = Math.max(leastGrowthBytes, leastPartAtFirst * bytesOf(now));
    const own = [...now.values()].filter(({ name, bytes }) => !isPlumbing(name) && bytes >= leastBytes);
    return own.sort((a, b) => b.bytes - a.bytes).slice(0, mostCandidates);
  }
  if (second !== undefined) return [...second.followed.keys()].flatMap((name) => now.get(name) ?? []);
  const grown = [...now.values()]
    .map((kind) => ({ kind, growthBytes: grownBytes(kind, first.kinds.get(kind.name)) }))
    .filter(({ growthBytes }) => growthBytes >= leastGrowthBytes)
    .sort((a, b) => b.growthBytes - a.growthBytes)
    .slice(0, mostCandidates)
    .map(({ kind }) => kind);
  const reloaded = [...now.values()].filter((kind) => isReloaded(kind, first.kinds) && !grown.includes(kind));
  return [...grown, ...reloaded.slice(0, mostReloaded)];
}

/** With rubbish, or without what is surely some: right after a collection there is little, and what grew without it may have shrunk. */
function grownBytes(now: JavaKind, before: JavaKind | undefined): number {
  const leftBytes = ({ bytes, left, count }: JavaKind) => (count === 0 ? 0 : (bytes * (left ?? count)) / count);
  return before === undefined ? now.bytes : Math.max(now.bytes - before.bytes, leftBytes(now) - leftBytes(before));
}

function bytesOf(kinds: JavaKinds): number {
  return [...kinds.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** More classes of the same name than before, each of a loader of its own. Lambdas and what the JDK makes have names that come again. */
function isReloaded(kind: JavaKind, before: JavaKinds): boolean {
  const classes = before.get(kind.name)?.classes ?? 0;
  return kind.classes > Math.max(1, classes) && !/\$\$|\[\]$|^(?:java|javax|jdk|sun)\./.test(kind.name);
}

interface Candidate {
  name: string;
  counts: [number, number, number];
  growthBytes: number;
  heldPart: number;
  paths: JavaPath[];
  content: string | null;
  /** Bytes of those that only these hold, and of what holds them. */
  moreBytes: number;
  classesGrow: boolean;
}

/** The most first. */
export function javaGrowth(looks: readonly [JavaLook, JavaLook, JavaLook]): GrowingThing[] {
  const { kinds, followed } = looks[2];
  const total = bytesOf(kinds);
  const candidates = [...followed.values()].flatMap((now) => candidateOf(now, looks) ?? []);
  const names = new Set(candidates.map(({ name }) => name));
  const others = new Set([...followed.keys()].filter((name) => !names.has(name) && !isOfJdk(name)));
  return folded(candidates.filter((candidate) => !isOfJdk(candidate.name) || !liesIn(candidate, others)))
    .filter(({ growthBytes, moreBytes }) => growthBytes + moreBytes >= Math.max(leastGrowthBytes, total * leastPart))
    .sort((a, b) => b.growthBytes + b.moreBytes - (a.growthBytes + a.moreBytes))
    .map(describe);
}

function candidateOf(now: JavaFollowed, looks: readonly [JavaLook, JavaLook, JavaLook]): Candidate | null {
  const { name } = now.kind;
  const [first, before] = [looks[0].followed.get(name), looks[1].followed.get(name)];
  const atStart = looks[0].kinds.get(name)?.count ?? 0;
  if (before === undefined || now.paths.length === 0) return null;
  const held = [heldOf(before, looks[1]), heldOf(now, looks[2])] as const;
  const isNew = isReloaded(before.kind, looks[0].kinds) && isReloaded(now.kind, looks[1].kinds);
  const newClasses = isNew ? now.kind.classes - before.kind.classes : 0;
  const growth = held[1].count - held[0].count;
  // Whether they grew then as well is known of those that were followed at the first look, and of those that are never rubbish in a circle.
  const left = held[0].isAll ? (looks[0].kinds.get(name)?.left ?? null) : null;
  const came = looks[0].kinds.get(name)?.came ?? 0;
  const unfollowed = left === null ? null : { count: left, error: Math.hypot(left * looks[0].inexactPart, came * surplusPart) };
  const atFirst = first === undefined ? unfollowed : heldOf(first, looks[0]);
  if (!isSteady(atFirst === null ? held : [atFirst, ...held]) || held[1].ofFollowed < leastHeldPart) return null;
  return {
    name,
    counts: [Math.round(atFirst?.count ?? atStart), Math.round(held[0].count), Math.round(held[1].count)],
    growthBytes: (growth * now.kind.bytes) / now.kind.count + newClasses * classBytes,
    heldPart: held[1].part,
    paths: tellingPaths(now),
    content: now.content,
    moreBytes: 0,
    classesGrow: newClasses > 0,
  };
}

/**
 * A word on a stack may be left there from a call that is long over, and what it holds is rubbish. What a variable keeps for long hangs on one
 * object: of what only such words hold, it is what hangs on the one that holds most.
 */
function withoutStrays(paths: readonly JavaPath[]): JavaPath[] {
  const outermost = mostCommon(paths.filter(({ root }) => root === looseRoot).flatMap((path) => outermostOf(path) ?? []));
  const isStray = (path: JavaPath) => path.root === looseRoot && (outermost === null || outermostOf(path) !== outermost);
  return paths.map((path) => (isStray(path) ? { ...path, isRubbish: true } : path));
}

/** Its unit; null: nothing but the root holds the object. */
function outermostOf({ steps }: JavaPath): number | null {
  return steps.at(-1)?.unit ?? null;
}

/** Of what is held, where any is by something that is known; of arrays those that have most of the bytes: the short ones are the letters of texts. */
function tellingPaths({ paths, lengths }: JavaFollowed): JavaPath[] {
  const held = paths.map((path, index) => ({ path, length: lengths?.[index] ?? 0 })).filter(({ path }) => !path.isRubbish);
  const mean = held.reduce((sum, { length }) => sum + length, 0) / Math.max(1, held.length);
  const telling = held.filter(({ length }) => length >= mean).map(({ path }) => path);
  const toRoots = telling.filter(({ root }) => root !== null);
  return toRoots.length > 0 ? toRoots : telling;
}

function lengthOf({ memory, bounds }: Jvm, { header }: ClassTable, array: number): number {
  const length = Buffer.alloc(4);
  return memory.read(addressOf(bounds, array) + header.lengthWord * 4, length) < length.length ? 0 : length.readUInt32LE(0);
}

/** Of what is left some are followed; a part of so few that is all of them, or none, is not exact either. */
function heldOf(
  { kind, paths }: JavaFollowed,
  { inexactPart }: JavaLook,
): { count: number; error: number; part: number; ofFollowed: number; isAll: boolean } {
  const of = kind.left ?? kind.count;
  const tries = Math.max(1, paths.length);
  const held = paths.filter(({ isRubbish }) => !isRubbish).length;
  const likely = (held + 1) / (tries + 2);
  const isAll = kind.left !== null && held === paths.length;
  const ofSample = isAll ? 0 : Math.sqrt((likely * (1 - likely)) / tries);
  const count = (of * held) / tries;
  return {
    part: count / kind.count,
    ofFollowed: held / tries,
    count,
    isAll,
    error: Math.hypot(of * Math.hypot(ofSample, inexactPart), kind.came * surplusPart),
  };
}

/** Classes of the JDK that only connect: entries of maps, arrays inside of lists. */
function isPlumbing(name: string): boolean {
  return /^(?:java|javax|jdk|sun)\..*[$]/.test(name) || (name.endsWith('[]') && !isPlainArray(name)) || /^java\.util\./.test(name);
}

function usualOwner({ name, paths }: Candidate): string | null {
  return mostCommon(paths.map((path) => ownerOf(path, name) ?? '')) || null;
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
  const inside = paths.filter(({ steps }) => steps.some((step) => names.has(step.class?.name ?? '')));
  return inside.length * 2 > paths.length;
}

function isMostlyIn(candidate: Candidate, other: Candidate): boolean {
  const around = candidate.paths.flatMap(({ steps }) => steps.find((step) => step.class?.name === other.name)?.unit ?? []);
  if (around.length * 2 > candidate.paths.length && new Set(around).size * 2 > around.length) return true;
  // There are many more texts and arrays than new ones: what most lie in is what is new.
  return (
    isOfJdk(candidate.name) && !isOfJdk(other.name) && usualPath(candidate)?.steps.some((step) => step.class?.name === other.name) === true
  );
}

function usualPath({ paths }: Candidate): JavaPath | undefined {
  const told = paths.map((path) => ({ path, text: tell(path).join('\n') }));
  const usual = mostCommon(told.map(({ text }) => text));
  return told.find(({ text }) => text === usual)?.path;
}

/** The class of what most of these refer to, each to another one: the keys or values that an entry of a map is there for. */
function contentOf(jvm: Jvm, { references, table }: JavaCensus, units: readonly number[]): string | null {
  const contents = new Map<string, Set<number>>();
  for (const cell of units.flatMap((unit) => references.from(unit, mostContentsOfEach))) {
    const name = classOfCell(jvm, table, cell)?.name;
    if (name !== undefined && !isPlumbing(name)) contents.set(name, (contents.get(name) ?? new Set()).add(cell));
  }
  const [most] = [...contents].sort((a, b) => Number(isOfJdk(a[0])) - Number(isOfJdk(b[0])) || b[1].size - a[1].size);
  return most !== undefined && most[1].size * 2 > units.length ? most[0] : null;
}

/** Of the object that begins at its first or its second unit. */
function classOfCell({ memory, bounds }: Jvm, table: ClassTable, cell: number): JavaClass | undefined {
  const words = new Uint32Array(6);
  if (memory.read(addressOf(bounds, cell * 2 - 1), new Uint8Array(words.buffer)) < 12) return undefined;
  const first = table.classAt(words, 0);
  return table.classes[first < 0 ? table.classAt(words, 2) : first];
}

function describe({ name, counts, growthBytes, moreBytes, heldPart, paths, content, classesGrow }: Candidate): GrowingThing {
  const told = paths.map((path) => ({ path, text: tell(path) }));
  const usual = mostCommon(told.map(({ text }) => text.join('\n')));
  const found = told.find(({ text }) => text.join('\n') === usual);
  return {
    type: content ?? name,
    place: null,
    counts,
    growthBytes: growthBytes + moreBytes,
    survival: heldPart,
    owner: found === undefined ? null : ownerOf(found.path, name),
    path: found?.text ?? [],
    pattern: patternOf(name, found?.path, classesGrow),
  };
}

function tell({ root, steps }: JavaPath): string[] {
  const named = steps.flatMap((step) => {
    const { by } = step;
    const of = step.class?.name ?? '';
    return isPlumbing(of) || of === '' ? [] : [by === null ? of : `${of}.${by}`];
  });
  return [...(root === null ? [] : [root]), ...named.reverse()].slice(0, 12);
}

/** The nearest that is not of the JDK; of a chain, who holds the first of it. */
function ownerOf({ root, steps }: JavaPath, own: string): string | null {
  const owners = steps.flatMap((step) => {
    const { by } = step;
    const of = step.class?.name;
    return of === undefined || isOfJdk(of) || of.endsWith('[]') ? [] : [{ of, text: by === null ? of : `${of}.${by}` }];
  });
  return owners.find(({ of }) => of !== own)?.text ?? root ?? owners[0]?.text ?? null;
}

function patternOf(name: string, path: JavaPath | undefined, classesGrow: boolean): LeakPattern | null {
  const through = (pattern: RegExp) => path?.steps.some((step) => pattern.test(step.class?.name ?? '')) === true;
  if (classesGrow) return 'class-loader';
  if (through(/^java\.lang\.ThreadLocal\$/)) return 'thread-local';
  const owner = path === undefined ? null : ownerOf(path, name);
  if (
    /\$\$Lambda|Listener|Handler|Observer|Callback/.test(name) ||
    /(?:listener|handler|observer|callback|subscriber)s$/i.test(owner ?? '')
  )
    return 'listener-never-removed';
  if (through(/Map\$|Hashtable/)) return 'map-without-eviction';
  if (through(/^java\.util\./)) return 'list-only-grows';
  return path?.root?.includes('.') === true ? 'static-field' : null;
}

function mostCommon<T>(of: readonly T[]): T | null {
  const counts = new Map<T, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
