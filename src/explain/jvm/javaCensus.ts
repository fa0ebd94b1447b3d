/** One look at the heap of a JVM: how many objects of each class there are, of each some at random, and what refers to what. */
import type { TargetMemory } from '../targetMemory.ts';
import type { JavaClasses } from './javaClasses.ts';
import { ClassTable, type JavaHeapBounds, type JavaObject, visitHeap } from './javaHeap.ts';
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
  const [all, settled] = [new Counts(table.classes.length, false), new Counts(table.classes.length, true)];
  const visit = (spaces: Spaces, counts: readonly Counts[]) => {
    references.beginRun();
    visitHeap(jvm.memory, spaces, table, (object) => {
      references.add(object);
      for (const count of counts) count.add(object);
    });
  };
  const spaces = javaSpaces(jvm);
  const [survivors, old] = [spaces.filter(({ age }) => age === 'survivor'), spaces.filter(({ age }) => age === 'old')];
  visit(survivors, [all, settled]);
  const isSettled = isStill(jvm, collections);
  visit(old, [all, settled]);
  references.settle();
  const later = javaSpaces(jvm);
  const hasMoved = !isStill(jvm, collections);
  if (hasMoved && !stayed(old, later)) return null;
  // A list may have got a larger array meanwhile: without it what is in it seems to be held by nobody.
  visit(lessSpaces(later, hasMoved ? old : inOrder([...survivors, ...old])), [all]);
  const isWhole = !hasMoved && isStill(jvm, collections);
  const outside = wordsOutside(jvm);
  references.takeOutRubbish(outside, !isWhole);
  const left = references.leftOf();
  return {
    whole: isWhole ? all.byName(table, references, left.all) : null,
    settled: isSettled ? settled.byName(table, references, left.settled) : null,
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

/**
 * Of each class the objects whose addresses come first in an order that is none of theirs: any is as likely as any other, and what stays where it
 * is is picked by each look again.
 */
class Counts {
  readonly #counts: Float64Array;
  readonly #bytes: Float64Array;
  readonly #picks = new Map<number, Pick[]>();
  /** By class: what comes later than this is not picked any more. */
  readonly #latest: Float64Array;
  readonly #isOfOld: boolean;

  /** `isOfOld`: what is picked is. */
  constructor(classes: number, isOfOld: boolean) {
    this.#isOfOld = isOfOld;
    this.#counts = new Float64Array(classes);
    this.#bytes = new Float64Array(classes);
    this.#latest = new Float64Array(classes).fill(Number.POSITIVE_INFINITY);
  }

  add({ classIndex: index, address, bytes, age }: JavaObject): void {
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#bytes[index] = (this.#bytes[index] ?? 0) + bytes;
    // Of what moves it is not known any more who holds it.
    if (this.#isOfOld && age !== 'old') return;
    const place = placeOf(address);
    if (place < (this.#latest[index] ?? 0)) this.#pick(index, { address, place });
  }

  #pick(index: number, pick: Pick): void {
    const picks = this.#picks.get(index) ?? [];
    picks.push(pick);
    if (picks.length >= 2 * picksOfClass) this.#latest[index] = earliest(picks);
    this.#picks.set(index, picks);
  }

  byName({ classes }: ClassTable, references: JavaReferences, left: Float64Array): JavaKinds {
    const kinds: JavaKinds = new Map();
    for (const [index, { name }] of classes.entries()) {
      const kind = kinds.get(name) ?? { name, count: 0, bytes: 0, left: null, classes: 0, picks: [] };
      kind.count += this.#counts[index] ?? 0;
      kind.bytes += this.#bytes[index] ?? 0;
      kind.classes += 1;
      if (references.holdsReferences(index)) kind.left = (kind.left ?? 0) + (left[index] ?? 0);
      if (kind.bytes >= leastBytesForPicks) {
        const picks = this.#picks.get(index) ?? [];
        earliest(picks);
        for (const { address } of picks) if (!references.isRubbish(address)) kind.picks.push(address);
      }
      kinds.set(name, kind);
    }
    return kinds;
  }
}

interface Pick {
  address: number;
  place: number;
}

/** Leaves as many as are picked; the place of the last. */
function earliest(picks: Pick[]): number {
  picks.sort((a, b) => a.place - b.place).splice(picksOfClass);
  return picks.at(-1)?.place ?? 0;
}

/** Of an address in an order that looks like chance: the last step of MurmurHash3. */
function placeOf(address: number): number {
  let place = address / 8;
  place = Math.imul(place ^ (place >>> 16), 0x85eb_ca6b);
  place = Math.imul(place ^ (place >>> 13), 0xc2b2_ae35);
  return (place ^ (place >>> 16)) >>> 0;
}
