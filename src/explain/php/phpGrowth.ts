/** From three looks at a PHP process to what grows in it, what it is called, and who holds it. */
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import { type Growing, spread, whatGrows } from '../threeLooks.ts';
import type { KnownChunks, ZendCensus } from './zendCensus.ts';
import { climb, type Holder, type HoldingPath } from './zendClimb.ts';
import type { ZendHeap } from './zendHeap.ts';
import { kinds, type ZendKinds } from './zendKinds.ts';
import { firstOfClass } from './zendReach.ts';
import { placeOfFunction, readRoots, setting, type ZendGlobals, type ZendRoots } from './zendRoots.ts';
import { isAddress, type ZendValues } from './zendValues.ts';

const mostCandidates = 8;
const climbedOfEach = 16;
const leastSurvival = 0.4;
/** Of what has become twice as many: a queue that is filled faster than it is emptied lets go of the old for the new. */
const leastSurvivalOfMany = 0.05;
const mostClimbs = 3;
/** PHP collects cycles when ten thousand values may be part of one; more of them than this wait in vain. */
const mostWaitingForCollector = 30_000;
const leastOfChain = 3;
const mostLongTexts = 8;
/** What grows by a smaller part of all than this, with what only it holds, is left alone. */
const leastPart = 0.002;

export interface PhpHeap {
  values: ZendValues;
  heap: ZendHeap;
  globals: ZendGlobals;
  kinds: ZendKinds;
  known: KnownChunks;
  /** So that `known` is as it is now. */
  lookAgain: () => void;
}

export type ThreeCensuses = readonly [ZendCensus, ZendCensus, ZendCensus];

interface Candidate extends Growing {
  targets: number[];
  paths: HoldingPath[];
  /** Bytes of those that only these hold. */
  heldBytes: number;
}

/** The most first. Empty when nothing grows. */
export function phpGrowth(php: PhpHeap, looks: ThreeCensuses): GrowingThing[] {
  const candidates = candidatesOf(looks);
  const leastBytes = leastPart * looks[2].bytes.reduce((sum, bytes) => sum + (bytes ?? 0), 0);
  if (candidates.reduce((sum, { growthBytes }) => sum + growthBytes, 0) < leastBytes) return [];
  climbAll(php, candidates);
  const namer = new PhpNamer(php, looks);
  const collects = setting(php.values, php.globals, 'zend.enable_gc') !== '0';
  const kept = candidates.filter((candidate) => areThere(php, candidate) && !(collects && waitsForCollector(candidate)));
  return outermost(kept, namer)
    .filter(({ growthBytes, heldBytes }) => growthBytes + heldBytes >= leastBytes)
    .sort((a, b) => score(b) - score(a))
    .map((candidate) => namer.describe(candidate));
}

/** What seems to be held by nobody may be in an array that was moved meanwhile, as one is that doubles: that does not happen again and again. */
function climbAll(php: PhpHeap, candidates: readonly Candidate[]): void {
  let left = candidates;
  for (let time = 0; time < mostClimbs && left.length > 0; time += 1) {
    if (time > 0) php.lookAgain();
    const roots = readRoots(php.values, php.globals);
    // Of those that became longer the survival is not known: they were there before.
    const areNew = time === 0 && left.every(({ survival }) => survival !== null);
    const targets = left.flatMap((candidate) => candidate.targets);
    const climbed = climb({ ...php, roots, targets, areNew });
    const rootsNow = readRoots(php.values, php.globals);
    const paths = climbed.map((path, index) => asHeldNow(path, targets[index] ?? 0, rootsNow));
    for (const candidate of left) {
      candidate.paths = withoutChain(php, rootsNow, { ...candidate, paths: paths.splice(0, candidate.targets.length) });
    }
    left = left.filter(({ paths: found }) => mostOf(found, ({ isUnheld }) => isUnheld));
  }
}

/** What a variable held when the climb began may have had its place taken by something else before it ended. */
function asHeldNow(path: HoldingPath, target: number, roots: ZendRoots): HoldingPath {
  const outermost = path.steps.at(-1)?.holder.address ?? target;
  return path.root === null || roots.has(outermost) ? path : { ...path, root: null };
}

/** What is held by others of its kind, one by the next, is not climbed to its end: who has the first of them has them all. */
function withoutChain({ values, kinds: known }: PhpHeap, roots: ZendRoots, { kind, paths }: Candidate): HoldingPath[] {
  if (kind < kinds.firstClass) return paths;
  const entry = known.entryOf(kind);
  const name = values.className(entry);
  const isOfChain = ({ root, isUnheld, steps }: HoldingPath) => {
    const isLong = steps.length >= leastOfChain && steps.slice(0, leastOfChain).every(({ holder }) => holder.name === name);
    return isLong || (root === null && !isUnheld);
  };
  const first = mostOf(paths, isOfChain) ? firstOfClass(values, roots, entry) : null;
  return first === null ? paths : paths.map((path) => (isOfChain(path) ? first : path));
}

function score({ growthBytes, heldBytes, survival }: Candidate): number {
  return (growthBytes + heldBytes) * (survival ?? 1);
}

function candidatesOf(looks: ThreeCensuses): Candidate[] {
  return whatGrows(looks)
    .map((growing) => withTargets(growing, looks))
    .filter(stays)
    .slice(0, mostCandidates);
}

function stays({ survival, counts: [first, , third] }: Growing): boolean {
  return survival === null || survival >= (third >= 2 * first ? leastSurvivalOfMany : leastSurvival);
}

/** What is new and stayed; where it is not new ones that the memory went to, those that became longer. */
function withTargets(growing: Growing, looks: ThreeCensuses): Candidate {
  const candidate = { ...growing, targets: spread(growing.survivors, climbedOfEach), paths: [], heldBytes: 0 };
  if (growing.kind === kinds.array && growing.growthCount <= 0) {
    return { ...candidate, survival: null, targets: longerArrays(looks).slice(0, climbedOfEach) };
  }
  if (growing.kind !== kinds.text) return candidate;
  const longer = longerTexts(looks);
  const grownBytes = longer.reduce((sum, { bytes }) => sum + bytes, 0);
  if (grownBytes < growing.growthBytes) return candidate;
  return { ...candidate, survival: null, growthCount: 0, targets: longer.map(({ address }) => address) };
}

/** A text that is added to may move. */
function longerTexts([first, second, third]: ThreeCensuses): { address: number; bytes: number }[] {
  const before = [...first.longTexts.values()].sort((a, b) => b - a);
  const between = [...second.longTexts.values()].sort((a, b) => b - a);
  const now = [...third.longTexts].sort((a, b) => b[1] - a[1]).slice(0, mostLongTexts);
  return now.flatMap(([address, bytes], rank) => {
    const [earlier, later] = [before[rank] ?? 0, between[rank] ?? 0];
    return bytes > later && later > earlier ? [{ address, bytes: bytes - earlier }] : [];
  });
}

function longerArrays([first, second, third]: ThreeCensuses): number[] {
  const grown = [...third.longArrays].map(([address, count]) => ({ address, first: first.longArrays.get(address) ?? 0, count }));
  return grown
    .filter(({ address, first: before, count }) => {
      const between = second.longArrays.get(address) ?? 0;
      return between > before && count > between;
    })
    .sort((a, b) => b.count - b.first - (a.count - a.first))
    .map(({ address }) => address);
}

/** What is all gone by now did not stay; and where no array is new and none is longer, some have room for more. */
function areThere({ values, kinds: known }: PhpHeap, { kind, targets }: Candidate): boolean {
  if (kind === kinds.text || (kind !== kinds.array && targets.length === 0)) return true;
  const isThere = (target: number) => (kind === kinds.array ? values.array(target) !== null : known.of(values.word(target + 16)) === kind);
  return targets.some(isThere);
}

/** Cycles that nobody holds are collected some day, unless there are more of them than the collector lets wait. */
function waitsForCollector({ paths, counts }: Candidate): boolean {
  return mostOf(paths, ({ isCycle }) => isCycle) && counts[2] < mostWaitingForCollector;
}

function mostOf(paths: readonly HoldingPath[], are: (path: HoldingPath) => boolean): boolean {
  return paths.filter(are).length * 2 > paths.length;
}

/** What most of another candidate's lie in takes their bytes as well: the row, not the texts in it. */
function outermost(candidates: Candidate[], namer: PhpNamer): Candidate[] {
  const inside = new Set<Candidate>();
  for (const candidate of [...candidates].reverse()) {
    const around = candidates.find((other) => other !== candidate && !inside.has(other) && isMostlyIn(candidate, other, namer));
    if (around === undefined) continue;
    around.heldBytes += candidate.growthBytes + candidate.heldBytes;
    inside.add(candidate);
  }
  return candidates.filter((candidate) => !inside.has(candidate));
}

function isMostlyIn(candidate: Candidate, other: Candidate, namer: PhpNamer): boolean {
  if (other.growthCount <= 0) return false;
  const collections = new Set(other.paths.flatMap((path) => namer.collectionOf(path) ?? []));
  // An array that became longer by what is in it.
  if (candidate.growthCount <= 0 && candidate.targets.some((target) => collections.has(target))) return true;
  const around = candidate.paths.flatMap(({ steps }) => steps.find(({ holder }) => namer.kindOf(holder) === other.kind)?.holder ?? []);
  // Each in another one: all in the same one says only that it holds them.
  if (around.length * 2 > candidate.paths.length && new Set(around).size * 2 > around.length) return true;
  if (candidate.kind !== kinds.text) return false;
  const beside = candidate.paths.filter((path) => collections.has(namer.collectionOf(path) ?? 0));
  return beside.length * 3 > candidate.paths.length;
}

class PhpNamer {
  readonly #php: PhpHeap;
  readonly #looks: ThreeCensuses;

  constructor(php: PhpHeap, looks: ThreeCensuses) {
    this.#php = php;
    this.#looks = looks;
  }

  /** Of arrays only those that are no collection of others: rows. */
  kindOf(holder: Holder): number | null {
    if (holder.kind === 'array') return this.#looks[2].longArrays.has(holder.address) ? null : kinds.array;
    const type = this.#php.values.word(holder.address);
    if (Number.isNaN(type)) return null;
    const entry = holder.kind === 'reference' ? 0 : this.#php.values.word(holder.address + 16);
    if (holder.kind === 'object') return isAddress(entry) ? this.#php.kinds.of(entry) : null;
    return holder.kind === 'target' && this.#isArray(holder.address) ? kinds.array : this.#kindOfTarget(entry);
  }

  #kindOfTarget(entry: number): number | null {
    const kind = isAddress(entry) ? this.#php.kinds.of(entry) : -1;
    return kind < 0 ? null : kind;
  }

  #isArray(address: number): boolean {
    return this.#php.values.array(address) !== null && !this.#looks[2].longArrays.has(address);
  }

  describe(candidate: Candidate): GrowingThing {
    const { kind, counts, growthBytes, heldBytes, survival } = candidate;
    const rows = kind === kinds.array ? this.#outermostRows(candidate) : candidate;
    const { targets } = rows;
    const { path, owner, collection } = this.#usualPath(rows.paths);
    const isClosure = kind >= kinds.firstClass && this.#className(kind) === 'Closure';
    const place = isClosure ? mostCommon(targets.map((address) => this.#placeOfClosure(address))) : null;
    return {
      type: this.#typeOf(kind, targets),
      place,
      counts,
      growthBytes: growthBytes + heldBytes,
      survival,
      owner,
      path,
      pattern: this.#pattern(candidate, owner, path, collection, isClosure),
    };
  }

  /** Of arrays in arrays, those that are in no other but such as were there before: each path from there on. */
  #outermostRows({ targets, paths }: Candidate): { targets: number[]; paths: HoldingPath[] } {
    const rows = paths.map((path, index) => {
      const old = path.steps.findIndex(({ holder }) => holder.kind === 'array' && this.#wasThere(holder.address));
      const within = old < 0 ? path.steps : path.steps.slice(0, old);
      const last = within.findLastIndex(({ holder }) => this.kindOf(holder) === kinds.array);
      const target = path.steps[last]?.holder.address ?? targets[index] ?? 0;
      return { target, path: { ...path, steps: path.steps.slice(last + 1) } };
    });
    return { targets: rows.map(({ target }) => target), paths: rows.map(({ path }) => path) };
  }

  /** As far as the sample of the first look tells. */
  #wasThere(address: number): boolean {
    const { addresses, kinds: sampled } = this.#looks[0].sample;
    let [low, high] = [0, addresses.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((addresses[middle] ?? 0) <= address) low = middle + 1;
      else high = middle - 1;
    }
    return addresses[high] === address && sampled[high] === kinds.array;
  }

  #typeOf(kind: number, targets: readonly number[]): string {
    if (kind === kinds.text) return 'string';
    if (kind === kinds.array) return mostCommon(targets.map((address) => this.#shapeOf(address))) ?? 'array';
    return this.#className(kind);
  }

  #className(kind: number): string {
    return this.#php.values.className(this.#php.kinds.entryOf(kind)) ?? 'object';
  }

  /** `array{id, name, price}`, as static analysers write it; of a list, what is in it. */
  #shapeOf(address: number): string | null {
    const array = this.#php.values.array(address);
    if (array === null) return null;
    const keys = this.#php.values.entries(array, 12).map(({ key }) => key);
    if (array.count > 12 || keys.some((key) => key === null)) return array.packed ? 'array (list)' : 'array (map)';
    return `array{${keys.join(', ')}}`;
  }

  /** zend_closure: the function comes after the object and its one unused property. */
  #placeOfClosure(address: number): string | null {
    return placeOfFunction(this.#php.values, address + 56);
  }

  /** What most of them are held by, from the variable down. */
  #usualPath(paths: readonly HoldingPath[]): { path: string[]; owner: string | null; collection: number | null } {
    const told = paths.map((each) => ({ each, path: this.#tell(each) }));
    const usual = mostCommon(told.map(({ path }) => path.join('\n')));
    const found = told.find(({ path }) => path.join('\n') === usual);
    if (found === undefined) return { path: [], owner: null, collection: null };
    return { path: found.path, owner: ownerIn(found.each), collection: this.collectionOf(found.each) };
  }

  /** The long array that they are in. */
  collectionOf({ steps }: HoldingPath): number | null {
    return steps.find(({ holder }) => holder.kind === 'array' && this.#looks[2].longArrays.has(holder.address))?.holder.address ?? null;
  }

  #tell({ root, steps, isCycle }: HoldingPath): string[] {
    const told: string[] = [];
    for (const [index, { holder, by }] of steps.entries()) {
      if (holder.kind === 'object' || (holder.kind === 'target' && by !== null)) {
        told.unshift(`${holder.name ?? 'itself'}${by === null ? '' : `->${by}`}`);
      } else if (holder.kind === 'array' && by !== null) told.unshift(`['${by}']`);
      else if (holder.kind === 'array' && index === 0) told.unshift('[…]');
    }
    if (root !== null) told.unshift(root);
    else if (isCycle) told.unshift('only each other: a cycle');
    return told.slice(0, 12);
  }

  #pattern(
    candidate: Candidate,
    owner: string | null,
    path: readonly string[],
    collection: number | null,
    isClosure: boolean,
  ): LeakPattern | null {
    if (mostOf(candidate.paths, ({ isCycle }) => isCycle)) return 'cycle-never-collected';
    if (isClosure) return 'listener-never-removed';
    if (candidate.kind === kinds.text && candidate.growthCount <= 0) return 'text-only-grows';
    if (owner?.startsWith('static $') === true) return 'memo-without-limit';
    const array = collection === null ? null : this.#php.values.array(collection);
    if (owner?.includes('::$') === true) return 'static-field';
    if (array === null) return patternOfCollection(path);
    return array.packed ? 'list-only-grows' : 'map-without-eviction';
  }
}

/** The first with a name, from the target outwards; of a collection of PHP's own, the property that it is in. */
function ownerIn({ root, steps }: HoldingPath): string | null {
  const objects = steps.filter(({ holder }) => holder.kind === 'object');
  const told = objects.find(({ holder, by }, index) => by !== null || index === objects.length - 1 || !isCollection(holder.name));
  if (told === undefined || (told.by === null && root !== null && isCollection(told.holder.name))) return root;
  return `${told.holder.name ?? 'object'}${told.by === null ? '' : `->${told.by}`}`;
}

function patternOfCollection(path: readonly string[]): LeakPattern | null {
  if (path.some((step) => /^(?:SplObjectStorage|WeakMap|Ds\\(?:Map|Set))/.test(step))) return 'map-without-eviction';
  return path.some((step) => isCollection(step)) ? 'list-only-grows' : null;
}

function isCollection(name: string | null): boolean {
  return name !== null && /^(?:Spl|Ds\\|Array(?:Object|Iterator)$|WeakMap$)/.test(name);
}

function mostCommon(of: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>();
  for (const each of of) if (each !== null) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
