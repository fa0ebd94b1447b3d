/** One look at the heap of a JVM: how many objects of each class there are, of each some at random, and what refers to what. */
import type { TargetMemory } from '../targetMemory.ts';
import type { JavaClasses } from './javaClasses.ts';
import { addressOf, ClassTable, type JavaHeapBounds, type JavaObject, visitHeap } from './javaHeap.ts';
import { JavaReferences, type ReferenceLists } from './javaReferences.ts';
import { wordsOutside } from './javaRoots.ts';
import { javaSpaces, lessSpaces } from './javaSpaces.ts';
import type { VmStructs } from './vmStructs.ts';

const picksOfClass = 320;
const leastBytesForPicks = 1_024;
/** So little of the old generation may have moved. */
const mostMovedPart = 0.02;

export interface JavaKind {
  name: string;
  count: number;
  bytes: number;
  /** Less what nothing refers to; null of what refers to nothing itself, of which that is not looked at. */
  left: number | null;
  /** How many classes have this name: more than one are of different loaders, or lambdas. */
  classes: number;
  /** Addresses of some of those that are left, each as likely as any other. */
  picks: number[];
}

/** By name. */
export type JavaKinds = Map<string, JavaKind>;

export interface JavaCensus {
  /** Null where the collector ran meanwhile: what is young has moved. */
  whole: JavaKinds | null;
  /** What had outlived a collection when the look began; null where one came too early for that too. */
  settled: JavaKinds | null;
  references: JavaReferences;
  table: ClassTable;
  /** Addresses that something outside of the heap may refer to. */
  outside: ReadonlySet<number>;
}

export interface Jvm {
  memory: TargetMemory;
  vm: VmStructs;
  classes: JavaClasses;
  bounds: JavaHeapBounds;
  collectors: ReadonlySet<string>;
  /** Of one look at a time. */
  lists: ReferenceLists;
}

/** How often the collector has run: each time, objects may move. A half while it runs. */
export function collectionsOf({ vm }: Jvm): number {
  const heap = vm.word(vm.field('Universe::_collectedHeap'));
  const isActive = vm.field('CollectedHeap::_is_gc_active', 'CollectedHeap::_is_stw_gc_active');
  return vm.int(heap + vm.field('CollectedHeap::_total_collections')) + ((vm.int(heap + isActive) & 0xff) === 1 ? 0.5 : 0);
}

/**
 * What survived a collection is read first, as long as it is where it was, then what is old, which stays, and at last what is new. Where the
 * collector ran meanwhile, what is young by then is only asked for what it refers to. Null: what is old has moved too.
 */
export function takeJavaCensus(jvm: Jvm): JavaCensus | null {
  const collections = collectionsOf(jvm);
  jvm.classes.refresh();
  const table = new ClassTable(jvm.vm, jvm.classes);
  const references = new JavaReferences(jvm, table);
  const counts = new Counts(table.classes.length);
  const visit = (spaces: Spaces) => {
    references.beginRun();
    visitHeap(jvm, spaces, table, (object) => {
      references.add(object);
      counts.add(object);
    });
  };
  const spaces = javaSpaces(jvm);
  const [survivors, old] = [spaces.filter(({ age }) => age === 'survivor'), spaces.filter(({ age }) => age === 'old')];
  visit(survivors);
  const isSettled = isStill(jvm, collections);
  visit(old);
  references.settle();
  const settled = counts.ofOld();
  const later = javaSpaces(jvm);
  const hasMoved = !isStill(jvm, collections);
  if (hasMoved && !stayed(old, later)) return null;
  // A list may have got a larger array meanwhile: without it what is in it seems to be held by nobody.
  visit(lessSpaces(later, hasMoved ? old : inOrder([...survivors, ...old])));
  const isWhole = !hasMoved && isStill(jvm, collections);
  const outside = wordsOutside(jvm);
  references.takeOutRubbish(outside, !isWhole);
  const left = references.leftOf();
  return {
    whole: isWhole ? kindsOf(jvm, table, references, counts.ofAll(), left.all) : null,
    settled: isSettled ? kindsOf(jvm, table, references, settled, left.settled) : null,
    references,
    table,
    outside,
  };
}

function inOrder(spaces: Spaces): Spaces {
  return spaces.sort((a, b) => a.start - b.start);
}

/** A JVM that does not say is taken at its word. */
function isStill(jvm: Jvm, before: number): boolean {
  const now = collectionsOf(jvm);
  return Number.isNaN(now) || (now === before && Number.isInteger(now));
}

type Spaces = ReturnType<typeof javaSpaces>;

/** Only a large collection gives up what is old, or moves it together. */
function stayed(old: Spaces, later: Spaces): boolean {
  const now = new Map(later.map((space) => [space.start, space]));
  let [moved, bytes] = [0, 0];
  for (const { start, end } of old) {
    bytes += end - start;
    const space = now.get(start);
    if (space?.age !== 'old' || space.end < end) moved += end - start;
  }
  return bytes > 0 && moved <= bytes * mostMovedPart;
}

/** By class. */
interface Counted {
  counts: Float64Array;
  bytes: Float64Array;
  picks: readonly Picks[];
}

class Counts {
  readonly #counts: Float64Array;
  readonly #bytes: Float64Array;
  readonly #picksOfOld: Picks;
  /** Of what moves it is not known later who holds it. */
  readonly #picksOfYoung: Picks;

  constructor(classes: number) {
    this.#counts = new Float64Array(classes);
    this.#bytes = new Float64Array(classes);
    this.#picksOfOld = new Picks(classes);
    this.#picksOfYoung = new Picks(classes);
  }

  add({ classIndex: index, unit, bytes, isOld }: JavaObject): void {
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#bytes[index] = (this.#bytes[index] ?? 0) + bytes;
    const picks = isOld ? this.#picksOfOld : this.#picksOfYoung;
    picks.offer(index, unit);
  }

  /** Until now, and picked are those that stay where they are. */
  ofOld(): Counted {
    return { counts: this.#counts.slice(), bytes: this.#bytes.slice(), picks: [this.#picksOfOld] };
  }

  ofAll(): Counted {
    return { counts: this.#counts, bytes: this.#bytes, picks: [this.#picksOfOld, this.#picksOfYoung] };
  }
}

/**
 * Of each class the objects whose units come first in an order that is none of theirs: any is as likely as any other, and what stays where it is
 * is picked by each look again.
 */
class Picks {
  readonly #ofClass = new Map<number, Pick[]>();
  /** By class: what comes later than this is not picked any more. */
  readonly #latest: Float64Array;

  constructor(classes: number) {
    this.#latest = new Float64Array(classes).fill(Number.POSITIVE_INFINITY);
  }

  offer(index: number, unit: number): void {
    const place = placeOf(unit);
    if (place < (this.#latest[index] ?? 0)) this.#take(index, { unit, place });
  }

  #take(index: number, pick: Pick): void {
    const picks = this.#ofClass.get(index);
    if (picks === undefined) {
      this.#ofClass.set(index, [pick]);
      return;
    }
    picks.push(pick);
    if (picks.length < 2 * picksOfClass) return;
    keepEarliest(picks);
    this.#latest[index] = picks.at(-1)?.place ?? 0;
  }

  of(index: number): readonly Pick[] {
    return this.#ofClass.get(index) ?? [];
  }
}

function kindsOf(
  { bounds }: Jvm,
  { classes }: ClassTable,
  references: JavaReferences,
  { counts, bytes, picks }: Counted,
  left: Float64Array,
): JavaKinds {
  const kinds: JavaKinds = new Map();
  for (const [index, { name }] of classes.entries()) {
    const kind = kinds.get(name) ?? { name, count: 0, bytes: 0, left: null, classes: 0, picks: [] };
    kind.count += counts[index] ?? 0;
    kind.bytes += bytes[index] ?? 0;
    kind.classes += 1;
    if (references.holdsReferences(index)) kind.left = (kind.left ?? 0) + (left[index] ?? 0);
    if (kind.bytes >= leastBytesForPicks) {
      const ofClass = picks.flatMap((each) => each.of(index));
      keepEarliest(ofClass);
      const addresses = ofClass.map(({ unit }) => addressOf(bounds, unit));
      kind.picks.push(...addresses.filter((address) => !references.isRubbish(address)));
    }
    kinds.set(name, kind);
  }
  return kinds;
}

interface Pick {
  unit: number;
  place: number;
}

function keepEarliest(picks: Pick[]): void {
  picks.sort((a, b) => a.place - b.place).splice(picksOfClass);
}

/** In an order that looks like chance: the last step of MurmurHash3. */
function placeOf(unit: number): number {
  let place = unit;
  place = Math.imul(place ^ (place >>> 16), 0x85eb_ca6b);
  place = Math.imul(place ^ (place >>> 13), 0xc2b2_ae35);
  return (place ^ (place >>> 16)) >>> 1;
}
