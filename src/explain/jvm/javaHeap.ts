/** Where the heap of a HotSpot JVM is, and what is in memory of it, piece by piece. G1, Parallel and Serial. */
import type { TargetMemory } from '../targetMemory.ts';
import type { JavaSpace } from './javaSpaces.ts';
import type { VmStructs } from './vmStructs.ts';

const pageBytes = 4_096;
/** What is copied there is still in the nearest cache when it is looked at. */
export const windowBytes = 1 << 18;
export const unitBytes = 8;
/** Whether something is an object, and how long, is looked at where so many are there. */
export const headerUnits = 2;
const headerBytes = headerUnits * unitBytes;
const largestHeap = 2 ** 41;

export interface JavaHeapBounds {
  start: number;
  end: number;
  /** References are 4 bytes, shifted by this and counted from `oopBase`; null: they are 8 bytes. */
  oopShift: number | null;
  oopBase: number;
}

/** Null where the heap is none that can be read: ZGC colours its references. */
export function heapBounds(vm: VmStructs): JavaHeapBounds | null {
  const reserved = vm.word(vm.field('Universe::_collectedHeap')) + vm.field('CollectedHeap::_reserved');
  const start = vm.word(reserved + vm.field('MemRegion::_start'));
  const bytes = vm.word(reserved + vm.field('MemRegion::_word_size')) * 8;
  if (!(start > 0) || !(bytes > 0) || bytes > largestHeap) return null;
  const oopBase = vm.word(vm.field('CompressedOops::_base', 'CompressedOops::_narrow_oop._base'));
  const oopShift = vm.int(vm.field('CompressedOops::_shift', 'CompressedOops::_narrow_oop._shift'));
  const isCompressed = start + bytes - oopBase <= 2 ** 32 * 2 ** oopShift;
  return { start, end: start + bytes, oopShift: isCompressed ? oopShift : null, oopBase };
}

/** How many units an address is behind the start of the heap, and one more. */
export function unitOf({ start }: JavaHeapBounds, address: number): number {
  return (address - start) / unitBytes + 1;
}

export function addressOf({ start }: JavaHeapBounds, unit: number): number {
  return start + (unit - 1) * unitBytes;
}

/** A piece of a space. */
export interface HeapWindow {
  /** They last until the next window is read. */
  words: Uint32Array;
  /** How many of them are there. */
  length: number;
  /** Of the first word. */
  unit: number;
  /** From there to the end of the space. */
  spaceBytes: number;
  isOld: boolean;
}

/** `use` tells how many bytes it came through: the next window begins there. */
export function visitHeap(
  { memory, bounds }: { memory: TargetMemory; bounds: JavaHeapBounds },
  spaces: readonly JavaSpace[],
  use: (window: HeapWindow) => number,
): void {
  const words = new Uint32Array(windowBytes / 4);
  const bytes = new Uint8Array(words.buffer);
  const regions = memory.regions().filter(({ writable }) => writable);
  for (const space of spaces) {
    let at = space.start;
    for (const [start, end] of presentOf(memory, regions, space)) {
      at = Math.max(at, start);
      while (at + headerBytes <= end) {
        const length = memory.read(at, bytes.subarray(0, Math.min(windowBytes, end - at))) >>> 2;
        if (length * 4 < headerBytes) break;
        at += use({ words, length, unit: unitOf(bounds, at), spaceBytes: space.end - at, isOld: space.age === 'old' });
      }
    }
  }
}

/** The parts of a space that are in memory. */
function presentOf(memory: TargetMemory, regions: readonly { start: number; end: number }[], space: JavaSpace): [number, number][] {
  return regions
    .filter(({ start, end }) => start < space.end && end > space.start)
    .flatMap(({ start, end }) => memory.present(pageOf(Math.max(start, space.start)), pageOf(Math.min(end, space.end) + pageBytes - 1)))
    .map(([start, end]) => [Math.max(start, space.start), Math.min(end, space.end)]);
}

function pageOf(address: number): number {
  return address - (address % pageBytes);
}
