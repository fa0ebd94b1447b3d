/** One look at the heap of a JVM: how many objects of each class there are, of each some at random, and what refers to what. */
import type { TargetMemory } from '../targetMemory.ts';
import { ClassTable } from './classTable.ts';
import { askChainHolders } from './javaChains.ts';
import type { JavaClasses } from './javaClasses.ts';
import { type JavaHeapBounds, unitBytes, visitHeap } from './javaHeap.ts';
import { type CountedObjects, JavaObjects } from './javaObjects.ts';
import { keepEarliest } from './javaPicks.ts';
import { JavaReferences } from './javaReferences.ts';
import { wordsOutside } from './javaRoots.ts';
import { javaSpaces, lessSpaces } from './javaSpaces.ts';
import type { ReferenceLists } from './referenceLists.ts';
import type { VmStructs } from './vmStructs.ts';

/** So little of the old generation may have moved. */
const mostMovedPart = 0.02;

export interface JavaKind {
  name: string;
  count: number;
  bytes: number;
  /** Less what nothing refers to; null of what refers to nothing itself, of which that is not looked at. */
  left: number | null;
  /** How many of what is left came while the look was taken, about: what let go of others meanwhile may have been read before. */
  came: number;
  /** How many classes have this name: more than one are of different loaders, or lambdas. */
  classes: number;
}

/** By name. */
export type JavaKinds = Map<string, JavaKind>;

export interface JavaCensus {
  /** Null where the collector ran meanwhile: what is young has moved. */
  whole: JavaKinds | null;
  /** What had outlived a collection when the look began; null where one came too early for that too. */
  settled: JavaKinds | null;
  /** Units of some objects of the class that are not taken out, each as likely as any other; `old`: of those that stay where they are. */
  picksOf(name: string, from: 'all' | 'old'): number[];
  references: JavaReferences;
  table: ClassTable;
  /** Units that something outside of the heap may refer to. */
  outside: ReadonlySet<number>;
}

export interface Jvm {
  memory: TargetMemory;
  vm: VmStructs;
  classes: JavaClasses;
  bounds: JavaHeapBounds;
  /** Those that are on. */
  switches: ReadonlySet<string>;
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
  const table = new ClassTable(jvm, jvm.bounds.oopShift === null ? 8 : 4);
  const references = new JavaReferences(table, jvm.lists);
  const objects = new JavaObjects(jvm, table, references);
  const visit = (spaces: Spaces) => {
    references.beginRun();
    visitHeap(jvm, spaces, (window) => objects.take(window));
  };
  const spaces = javaSpaces(jvm);
  const newBytes = newBytesOf(spaces);
  const [survivors, old] = [spaces.filter(({ age }) => age === 'survivor'), spaces.filter(({ age }) => age === 'old')];
  visit(survivors);
  const isSettled = isStill(jvm, collections);
  visit(old);
  references.settle();
  const settled = objects.counted();
  const later = javaSpaces(jvm);
  const hasMoved = !isStill(jvm, collections);
  if (hasMoved && !stayed(old, later)) return null;
  // A list may have got a larger array meanwhile: without it what is in it seems to be held by nobody.
  visit(lessSpaces(later, hasMoved ? old : inOrder([...survivors, ...old])));
  const after = javaSpaces(jvm);
  const isWhole = !hasMoved && isStill(jvm, collections);
  const outside = wordsOutside(jvm);
  askChainHolders(jvm, table, references, objects);
  const takenOut = references.takeOutRubbish(outside, !isWhole);
  const atStart = { counts: settled.counts, takenOut: takenOut.settled, laterPart: cameMeanwhile(newBytes, newBytesOf(after)) };
  return {
    whole: isWhole ? kindsOf(table, objects.counted(), takenOut.all, atStart) : null,
    settled: isSettled ? kindsOf(table, settled, takenOut.settled, null) : null,
    picksOf: (name, from) => picksOf(objects, references, { classIndexes: table.named(name), from }),
    references,
    table,
    outside,
  };
}

function newBytesOf(spaces: Spaces): number {
  return spaces.reduce((sum, { start, end, age }) => (age === 'new' ? sum + end - start : sum), 0);
}

/** Of what is new: so much of it was not there at the beginning. */
function cameMeanwhile(before: number, after: number): number {
  return after > before ? (after - before) / after : 0;
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

/** `atStart`: of what had outlived a collection. */
function kindsOf(
  table: ClassTable,
  { counts, units }: CountedObjects,
  takenOut: Float64Array,
  atStart: { counts: Float64Array; takenOut: Float64Array; laterPart: number } | null,
): JavaKinds {
  const kinds: JavaKinds = new Map();
  for (const [index, { name }] of table.classes.entries()) {
    let kind = kinds.get(name);
    if (kind === undefined) {
      kind = { name, count: 0, bytes: 0, left: null, came: 0, classes: 0 };
      kinds.set(name, kind);
    }
    const count = counts[index] ?? 0;
    kind.count += count;
    kind.bytes += (units[index] ?? 0) * unitBytes;
    kind.classes += 1;
    // What refers to nothing itself is not known to be referred to; where there is none, that need not be asked.
    if (count > 0 && table.referenceCount(index) === 0) continue;
    const left = count - (takenOut[index] ?? 0);
    kind.left = (kind.left ?? 0) + left;
    if (atStart !== null) kind.came += (left - (atStart.counts[index] ?? 0) + (atStart.takenOut[index] ?? 0)) * atStart.laterPart;
  }
  return kinds;
}

function picksOf(
  { old, young }: JavaObjects,
  references: JavaReferences,
  { classIndexes, from }: { classIndexes: readonly number[]; from: 'all' | 'old' },
): number[] {
  const units = classIndexes.flatMap((index) => [...old.of(index), ...(from === 'old' ? [] : young.of(index))]);
  return keepEarliest(units).filter((unit) => !references.isRubbish(unit));
}
