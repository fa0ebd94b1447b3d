/** From three looks at a Ruby program to what grows in it: as in a JVM, what waits for the collector is told from what is held by following some. */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import { isSteady } from '../steadyGrowth.ts';
import { pickOf, type RubyCensus, type RubyKind } from './rubyCensus.ts';
import { type ClimbMemory, climbRuby, type RubyPath } from './rubyClimb.ts';
import type { RubyClasses } from './rubyPart.ts';
import type { RubyRoots } from './rubyRoots.ts';
import { ofThread } from './rubyThreads.ts';
import { type RubyValues, rubyType } from './rubyValues.ts';

const mostCandidates = 10;
const leastGrowthBytes = 2_048;
const leastPart = 0.002;
const leastHeldPart = 0.25;
/** A key and a value. */
const mostOfEntry = 2;
const leastRoomPart = 0.5;

export interface RubyProgram {
  values: RubyValues;
  classes: RubyClasses;
  readRoots(): RubyRoots;
  stacks: readonly { start: number; end: number }[];
  memory: ClimbMemory;
}

export interface RubyFollowed {
  kind: RubyKind;
  paths: RubyPath[];
}

/** At the first look it isn't known yet what grows: those that take most. What is less than would be told of as growth is as good as none. */
export function followLargestRuby(program: RubyProgram, now: RubyCensus): Map<number, RubyFollowed> {
  const least = leastGrowthOf(now);
  const largest = [...now.kinds.values()].filter(({ bytes }) => bytes >= least).sort((a, b) => b.bytes - a.bytes);
  return followRuby(
    program,
    now,
    largest.slice(0, mostCandidates).map(({ klass }) => klass),
  );
}

export function followGrowingRuby(program: RubyProgram, before: RubyLook, now: RubyCensus): Map<number, RubyFollowed> {
  const grown = [...now.kinds.values()]
    .map((kind) => ({ kind, growthBytes: kind.bytes - (before.kinds.get(kind.klass)?.bytes ?? 0) }))
    .filter(({ growthBytes }) => growthBytes >= leastGrowthBytes)
    .sort((a, b) => b.growthBytes - a.growthBytes)
    .slice(0, mostCandidates);
  return followRuby(
    program,
    now,
    grown.map(({ kind }) => kind.klass),
  );
}

export function followRuby(program: RubyProgram, now: RubyCensus, classes: readonly number[]): Map<number, RubyFollowed> {
  const kinds = pickOf(
    now,
    program.classes,
    classes.flatMap((klass) => now.kinds.get(klass) ?? []),
  );
  const paths = climbRuby({ ...program, parts: now.parts, pages: now.pages, large: now.large, kinds });
  return new Map(kinds.map((kind, index) => [kind.klass, { kind, paths: paths[index] ?? [] }]));
}

interface Candidate {
  klass: number;
  counts: [number, number, number];
  growthBytes: number;
  heldPart: number;
  paths: RubyPath[];
  moreBytes: number;
}

export interface RubyLook {
  /** By address of the class. */
  kinds: ReadonlyMap<number, RubyKind>;
  followed: ReadonlyMap<number, RubyFollowed>;
}

/** The most first. Empty when nothing grows. */
export function rubyGrowth(values: RubyValues, looks: readonly [RubyLook, RubyLook, RubyLook]): GrowingThing[] {
  const least = leastGrowthOf(looks[2]);
  const candidates = [...looks[2].followed.values()]
    .flatMap((now) => candidateOf(now, looks) ?? [])
    .filter(({ growthBytes }) => growthBytes >= least);
  const namer = new RubyNamer(values);
  return outermost(candidates, namer)
    .sort((a, b) => b.growthBytes + b.moreBytes - (a.growthBytes + a.moreBytes))
    .map((candidate) => namer.describe(candidate));
}

function leastGrowthOf({ kinds }: Pick<RubyLook, 'kinds'>): number {
  const total = [...kinds.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.max(leastGrowthBytes, total * leastPart);
}

function candidateOf(now: RubyFollowed, [first, second]: readonly [RubyLook, RubyLook, RubyLook]): Candidate | null {
  const { klass, bytes, count } = now.kind;
  const [atFirst, before] = [first.followed.get(klass), second.followed.get(klass)];
  if (before === undefined || now.paths.length === 0) return null;
  const held = [...heldAtFirst(atFirst, first.kinds.get(klass), now), heldOf(before), heldOf(now)];
  const last = heldOf(now);
  if (!isSteady(held) || last.part < leastHeldPart || hasNoRoom(before, now)) return null;
  return {
    klass,
    counts: [first.kinds.get(klass)?.count ?? 0, Math.round(heldOf(before).count), Math.round(last.count)],
    growthBytes: ((last.count - heldOf(before).count) * bytes) / count,
    heldPart: last.part,
    paths: now.paths.filter(({ isRubbish }) => !isRubbish),
    moreBytes: 0,
  };
}

/** Where few were not followed at first, all that there were may have been held: of what only a stack seems to hold that is taken for so. */
function heldAtFirst(atFirst: RubyFollowed | undefined, kind: RubyKind | undefined, { paths }: RubyFollowed): ReturnType<typeof heldOf>[] {
  if (atFirst !== undefined) return [heldOf(atFirst)];
  const isSure = paths.filter((path) => path.isSure).length * 2 > paths.filter(({ isRubbish }) => !isRubbish).length;
  return isSure ? [] : [{ part: 1, count: kind?.count ?? 0, error: 0 }];
}

function heldOf({ kind, paths }: RubyFollowed): { count: number; error: number; part: number } {
  const tries = Math.max(1, paths.length);
  const held = paths.filter(({ isRubbish }) => !isRubbish).length;
  const likely = (held + 1) / (tries + 2);
  // Of all of them followed it is known exactly.
  const error = tries >= kind.count ? 0 : kind.count * Math.sqrt((likely * (1 - likely)) / tries);
  return { part: held / tries, count: (held / tries) * kind.count, error };
}

/**
 * Of a cache that turns over while it is looked at more or fewer are met each time. How many there are in a collection is exact: that, and what is
 * not in it, has no room for what seems to have come.
 */
function hasNoRoom(before: RubyFollowed, now: RubyFollowed): boolean {
  const [was, is] = [usualCollection(before), usualCollection(now)];
  if (was === null || was.address !== is?.address) return false;
  const elsewhere = (1 - is.part) * heldOf(now).count;
  const grew = heldOf(now).count - heldOf(before).count;
  return mostOfEntry * (is.entries - was.entries) + elsewhere < leastRoomPart * grew;
}

/** That most of those that are held are in, and the part of these. */
function usualCollection({ paths }: RubyFollowed): { address: number; entries: number; part: number } | null {
  const held = paths.filter(({ isRubbish }) => !isRubbish);
  const collections = held.flatMap(({ collection }) => collection ?? []);
  const times = new Map<number, number>();
  for (const { address } of collections) times.set(address, (times.get(address) ?? 0) + 1);
  const [usual, count = 0] = [...times].sort((a, b) => b[1] - a[1])[0] ?? [];
  const found = collections.find(({ address }) => address === usual);
  return found === undefined ? null : { ...found, part: count / held.length };
}

/** What lies in others that grow takes part in their growth. */
function outermost(candidates: Candidate[], namer: RubyNamer): Candidate[] {
  const inside = new Set<Candidate>();
  for (const candidate of [...candidates].sort((a, b) => Number(namer.isBuiltIn(b.klass)) - Number(namer.isBuiltIn(a.klass)))) {
    const around = candidates.find((other) => other !== candidate && !inside.has(other) && isMostlyIn(candidate, other, namer));
    if (around === undefined) continue;
    around.moreBytes += candidate.growthBytes + candidate.moreBytes;
    inside.add(candidate);
  }
  return candidates.filter((candidate) => !inside.has(candidate));
}

function isMostlyIn(candidate: Candidate, other: Candidate, namer: RubyNamer): boolean {
  const around = candidate.paths.flatMap(
    ({ steps }) => steps.find(({ holder }) => namer.classOf(holder.address) === other.klass)?.holder ?? [],
  );
  if (around.length * 2 > candidate.paths.length && new Set(around).size * 2 > around.length) return true;
  // Many more are built in than are new: what most lie in is what is new.
  if (
    namer.isBuiltIn(candidate.klass) &&
    namer.usual(candidate.paths)?.path.steps.some(({ holder }) => namer.classOf(holder.address) === other.klass)
  )
    return true;
  // The key beside the value in the same hash.
  return (
    namer.isBuiltIn(candidate.klass) &&
    !namer.isBuiltIn(other.klass) &&
    namer.usual(candidate.paths)?.text === namer.usual(other.paths)?.text
  );
}

class RubyNamer {
  readonly #values: RubyValues;

  constructor(values: RubyValues) {
    this.#values = values;
  }

  classOf(address: number): number {
    return this.#values.word(address + 8);
  }

  name(klass: number): string {
    return this.#values.className(klass) ?? 'an object without a class name';
  }

  isBuiltIn(klass: number): boolean {
    return /^(?:String|Array|Hash|Float|Integer|Time|Symbol|Object|Thread::\w+|Regexp|MatchData|Set)$/.test(this.name(klass));
  }

  #typeAt(address: number): number {
    return (this.#values.word(address) % 2 ** 32) & 31;
  }

  /** What most of them are held by. */
  usual(paths: readonly RubyPath[]): { path: RubyPath; text: string } | null {
    const told = paths.map((path) => ({ path, text: this.#tell(path).join('\n') }));
    const counts = new Map<string, number>();
    for (const { text } of told) counts.set(text, (counts.get(text) ?? 0) + 1);
    const [most] = [...counts].sort((a, b) => b[1] - a[1]);
    return told.find(({ text }) => text === most?.[0]) ?? null;
  }

  #tell({ root, steps }: RubyPath): string[] {
    const named = steps.flatMap(({ holder, by }) => {
      const type = this.#typeAt(holder.address);
      if (type === rubyType.imemo) return [];
      const klass = this.classOf(holder.address);
      const name = this.#values.className(klass);
      return name === null || this.isBuiltIn(klass) ? [] : [`${name}${by === null ? '' : `#${by}`}`];
    });
    return [...(root === null ? [] : [root]), ...named.reverse()].slice(0, 12);
  }

  describe({ klass, counts, growthBytes, moreBytes, heldPart, paths }: Candidate): GrowingThing {
    const usual = this.usual(paths);
    const path = usual === null ? [] : this.#tell(usual.path);
    return {
      type: this.name(klass),
      place: null,
      counts,
      growthBytes: growthBytes + moreBytes,
      survival: heldPart,
      // Of a chain, who holds the first of it.
      owner: path.findLast((step) => step.split('#')[0] !== this.name(klass)) ?? path.at(-1) ?? null,
      path,
      pattern: this.#pattern(klass, usual?.path ?? null),
    };
  }

  #pattern(klass: number, path: RubyPath | null): LeakPattern | null {
    if (path?.root?.startsWith(ofThread) === true) return 'thread-local';
    if (this.name(klass) === 'Proc') return 'listener-never-removed';
    const collection = path?.steps
      .map(({ holder }) => this.#typeAt(holder.address))
      .find((type) => type === rubyType.hash || type === rubyType.array);
    if (collection === rubyType.hash) return 'map-without-eviction';
    return collection === rubyType.array ? 'list-only-grows' : null;
  }
}
