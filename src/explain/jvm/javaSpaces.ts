/**
 * In which parts of the heap there are objects: what a collector emptied, or has not given out yet, still has old ones in it. Of G1 its regions,
 * of the older collectors their spaces.
 */
import type { Jvm } from './javaCensus.ts';
import { javaThreads } from './javaThreads.ts';
import type { VmStructs } from './vmStructs.ts';

const mostRegions = 200_000;
/** Of the kind of a region of G1. */
const free = 0;
const eden = 2;
const survivors = 3;
const goesOn = 0b101;
const youngSpaces = ['_eden_space', '_from_space', '_to_space'];
const ages: readonly JavaSpace['age'][] = ['new', 'survivor', 'survivor'];

export interface JavaSpace {
  start: number;
  /** Where what was given out ends. */
  end: number;
  /** What every collection moves, outlived one or is new; the rest stays where it is, but for a few regions now and then. */
  age: 'new' | 'survivor' | 'old';
}

/** In order; of a collector that isn't known, all of the heap, any part of which may move. */
export function javaSpaces({ vm, switches, bounds }: Pick<Jvm, 'vm' | 'switches' | 'bounds'>): JavaSpace[] {
  const heap = vm.word(vm.field('Universe::_collectedHeap'));
  const found: JavaSpace[] = switches.has('UseG1GC')
    ? regionsOf(vm, heap)
    : switches.has('UseParallelGC')
      ? parallelSpaces(vm, heap)
      : switches.has('UseSerialGC')
        ? serialSpaces(vm, heap)
        : [];
  const sound = found.filter(({ start, end }) => start >= bounds.start && end > start && end <= bounds.end && start % 8 === 0);
  const wholeHeap: JavaSpace = { start: bounds.start, end: bounds.end, age: 'new' };
  const spaces = sound.length === 0 ? [wholeHeap] : sound.sort((a, b) => a.start - b.start);
  return without(spaces, untaken(vm));
}

function regionsOf(vm: VmStructs, heap: number): JavaSpace[] {
  const table = heap + vm.field('G1CollectedHeap::_hrm') + vm.field('HeapRegionManager::_regions', 'G1HeapRegionManager::_regions');
  const base = vm.word(table + vm.field('G1HeapRegionTable::_base'));
  const count = Math.min(mostRegions, vm.word(table + vm.field('G1HeapRegionTable::_length')) || 0);
  const of = (name: string) => vm.field(`HeapRegion::${name}`, `G1HeapRegion::${name}`);
  const [bottom, top, tag] = [of('_bottom'), of('_top'), of('_type') + vm.field('HeapRegionType::_tag', 'G1HeapRegionType::_tag')];
  const spaces: JavaSpace[] = [];
  for (let index = 0; index < count; index += 1) {
    const region = vm.word(base + index * 8);
    const kind = region > 0 ? vm.int(region + tag) : free;
    if (kind === free || Number.isNaN(kind)) continue;
    const age = kind === eden ? 'new' : kind === survivors ? 'survivor' : 'old';
    const space: JavaSpace = { start: vm.word(region + bottom), end: vm.word(region + top), age };
    const before = spaces.at(-1);
    // What goes on from a region before has no object of its own at its beginning.
    if ((kind & goesOn) === goesOn && before !== undefined) before.end = space.end;
    else spaces.push(space);
  }
  return spaces;
}

function parallelSpaces(vm: VmStructs, heap: number): JavaSpace[] {
  const young = pointerAt(vm, heap, vm.field('ParallelScavengeHeap::_young_gen'));
  const old = pointerAt(vm, heap, vm.field('ParallelScavengeHeap::_old_gen'));
  const [bottom, top] = [vm.field('MutableSpace::_bottom'), vm.field('MutableSpace::_top')];
  return [
    ...youngSpaces.map((name) => vm.word(young + vm.field(`PSYoungGen::${name}`))),
    vm.word(old + vm.field('PSOldGen::_object_space')),
  ].map((space, index) => ({ start: vm.word(space + bottom), end: vm.word(space + top), age: ages[index] ?? 'old' }));
}

function serialSpaces(vm: VmStructs, heap: number): JavaSpace[] {
  const young = vm.word(heap + vm.field('GenCollectedHeap::_young_gen', 'SerialHeap::_young_gen'));
  const old = vm.word(heap + vm.field('GenCollectedHeap::_old_gen', 'SerialHeap::_old_gen'));
  const [bottom, top] = [vm.field('Space::_bottom', 'ContiguousSpace::_bottom'), vm.field('ContiguousSpace::_top')];
  return [
    ...youngSpaces.map((name) => vm.word(young + vm.field(`DefNewGeneration::${name}`))),
    vm.word(old + vm.field('TenuredGeneration::_the_space')),
  ].map((space, index) => ({ start: vm.word(space + bottom), end: vm.word(space + top), age: ages[index] ?? 'old' }));
}

/** A field of the heap, or in some versions a variable. */
function pointerAt(vm: VmStructs, heap: number, field: number): number {
  return vm.word(field < 2 ** 20 ? heap + field : field);
}

/** What threads have taken for themselves and not yet used: there are old objects in it, whose lengths lead nowhere. */
function untaken(vm: VmStructs): Pick<JavaSpace, 'start' | 'end'>[] {
  const buffer = vm.field('Thread::_tlab', 'JavaThread::_tlab');
  const [top, end] = [vm.field('ThreadLocalAllocBuffer::_top'), vm.field('ThreadLocalAllocBuffer::_end')];
  return javaThreads(vm)
    .map((thread) => ({ start: vm.word(thread + buffer + top), end: vm.word(thread + buffer + end) }))
    .filter((hole) => hole.end > hole.start && hole.start % 8 === 0 && hole.end % 8 === 0)
    .sort((a, b) => a.start - b.start);
}

function without(spaces: readonly JavaSpace[], holes: readonly Pick<JavaSpace, 'start' | 'end'>[]): JavaSpace[] {
  return lessSpaces(
    spaces,
    // A hole that goes beyond a space is none of it.
    holes.filter((hole) => spaces.some(({ start, end }) => hole.start >= start && hole.end <= end)),
  );
}

/** What is in the first and not in the second, both in order. */
export function lessSpaces(spaces: readonly JavaSpace[], less: readonly Pick<JavaSpace, 'start' | 'end'>[]): JavaSpace[] {
  let first = 0;
  return spaces.flatMap(({ start, end, age }) => {
    while (first < less.length && (less[first]?.end ?? 0) <= start) first += 1;
    const parts: JavaSpace[] = [];
    let from = start;
    for (let index = first; index < less.length; index += 1) {
      const hole = less[index];
      if (hole === undefined || hole.start >= end) break;
      if (hole.start > from) parts.push({ start: from, end: hole.start, age });
      from = Math.max(from, hole.end);
    }
    return from < end ? [...parts, { start: from, end, age }] : parts;
  });
}
