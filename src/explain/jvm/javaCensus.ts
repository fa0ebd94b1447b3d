/** One look at the heap of a JVM: how many objects of each class there are, and of each some at random. */
import type { TargetMemory } from '../targetMemory.ts';
import type { JavaClasses } from './javaClasses.ts';
import { ClassTable, type JavaHeapBounds, ObjectStarts, visitHeap } from './javaHeap.ts';
import { javaSpaces } from './javaSpaces.ts';
import type { VmStructs } from './vmStructs.ts';

const picksOfClass = 320;
const leastBytesForPicks = 1_024;

export interface JavaKind {
  name: string;
  count: number;
  bytes: number;
  /** How many classes have this name: more than one are of different loaders, or lambdas. */
  classes: number;
  /** Addresses of some, each as likely as any other. */
  picks: number[];
}

export interface JavaCensus {
  kinds: Map<string, JavaKind>;
  starts: ObjectStarts;
  /** As they were before it. */
  collections: number;
}

export interface Jvm {
  memory: TargetMemory;
  vm: VmStructs;
  classes: JavaClasses;
  bounds: JavaHeapBounds;
  collectors: ReadonlySet<string>;
}

/** How often the collector has run: each time, objects may move. A half while it runs. */
export function collectionsOf({ vm }: Jvm): number {
  const heap = vm.word(vm.field('Universe::_collectedHeap'));
  const isActive = vm.field('CollectedHeap::_is_gc_active', 'CollectedHeap::_is_stw_gc_active');
  return vm.int(heap + vm.field('CollectedHeap::_total_collections')) + ((vm.int(heap + isActive) & 0xff) === 1 ? 0.5 : 0);
}

export function takeJavaCensus(jvm: Jvm): JavaCensus {
  const collections = collectionsOf(jvm);
  jvm.classes.refresh();
  const table = new ClassTable(jvm.vm, jvm.classes);
  const counts = new Float64Array(table.classes.length);
  const bytes = new Float64Array(table.classes.length);
  const picks = new Map<number, number[]>();
  const random = xorshift();
  const starts = new ObjectStarts(jvm.memory, jvm.bounds);
  visitHeap(jvm.memory, javaSpaces(jvm), table, (address, index, size) => {
    starts.add(address);
    const seen = (counts[index] ?? 0) + 1;
    counts[index] = seen;
    bytes[index] = (bytes[index] ?? 0) + size;
    const place = seen <= picksOfClass ? seen - 1 : random() % seen;
    if (place >= picksOfClass) return;
    let chosen = picks.get(index);
    if (chosen === undefined) {
      chosen = [];
      picks.set(index, chosen);
    }
    chosen[place] = address;
  });
  const kinds = new Map<string, JavaKind>();
  for (const [index, { name }] of table.classes.entries()) {
    const kind = kinds.get(name) ?? { name, count: 0, bytes: 0, classes: 0, picks: [] };
    kind.count += counts[index] ?? 0;
    kind.bytes += bytes[index] ?? 0;
    kind.classes += 1;
    if (kind.bytes >= leastBytesForPicks) kind.picks.push(...(picks.get(index) ?? []));
    kinds.set(name, kind);
  }
  return { kinds, starts, collections };
}

/** The same for each look: who looks again finds the same. */
function xorshift(): () => number {
  let state = 0x9e37_79b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
