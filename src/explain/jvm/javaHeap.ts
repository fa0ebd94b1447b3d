/**
 * The objects in the heap of a HotSpot JVM, one after the other: header of 8 bytes of mark and 4 of class, then fields; the class tells
 * how long an object is. Where that leads to no header, as behind the end of what a thread has taken for itself, the next one is looked for.
 * G1, Parallel and Serial; compressed class pointers, which are the default.
 */
import type { TargetMemory } from '../targetMemory.ts';
import type { JavaClass, JavaClasses } from './javaClasses.ts';
import type { JavaSpace } from './javaSpaces.ts';
import type { VmStructs } from './vmStructs.ts';

const pageBytes = 4_096;
/** What is copied there is still in the nearest cache when it is looked at. */
const windowBytes = 1 << 20;
const unitBytes = 8;
/** Of the shortest object. */
const headerBytes = 16;
const largestHeap = 2 ** 41;
/** Upper bits of what tells the layout of a class. */
const plainArray = 3;

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

/** What tells the class of an object from its header in one look-up. */
export class ClassTable {
  readonly #slots: Int32Array;
  readonly #keys: Uint32Array;
  readonly classes: JavaClass[] = [];
  readonly #layouts: Int32Array;
  /** Of arrays, by class; 0 of what is none. */
  readonly #elementBytes: Float64Array;
  /** Of java.lang.Class, whose objects have the static fields of the class that they stand for. */
  #mirrors = -1;
  readonly #mirrorSize: number;

  constructor(vm: VmStructs, classes: JavaClasses) {
    this.#mirrorSize = vm.int(vm.field('java_lang_Class::_oop_size_offset'));
    const all = [...classes.entries()].filter(([key]) => key > 0 && key < 2 ** 32);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, all.length * 4)));
    this.#slots = new Int32Array(size).fill(-1);
    this.#keys = new Uint32Array(size);
    this.#layouts = Int32Array.from(all, ([, { layoutHelper }]) => layoutHelper);
    this.#elementBytes = Float64Array.from(this.#layouts, (layout) => (layout > 0 ? 0 : 2 ** (layout & 0xff)));
    for (const [index, [key, each]] of all.entries()) {
      let slot = this.#slot(key);
      while (this.#slots[slot] !== -1) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = index;
      this.#keys[slot] = key;
      this.classes.push(each);
      if (each.name === 'java.lang.Class') this.#mirrors = index;
    }
  }

  isPlainArray(classIndex: number): boolean {
    return (this.#layouts[classIndex] ?? 0) >>> 30 === plainArray;
  }

  /** Where its elements begin; 0 of what is no array. */
  headerBytes(classIndex: number): number {
    const layout = this.#layouts[classIndex] ?? 0;
    return layout > 0 ? 0 : (layout >> 16) & 0xff;
  }

  /** Its objects have the static fields of the classes that they stand for. */
  get mirrors(): number {
    return this.#mirrors;
  }

  /** Class of the object whose header is at `word`; -1 where there is none. A mark is unlocked, perhaps hashed, or locked, while nothing moves. */
  classAt(words: Uint32Array, word: number): number {
    const low = words[word] ?? 0;
    const high = words[word + 1] ?? 0;
    if ((low & 7) === 1 ? high >= 128 : (low & 3) === 3 || (low === 0 && high === 0) || high > 0x7fff) return -1;
    return this.indexOf(words[word + 2] ?? 0);
  }

  /** Bytes of the object whose header is at `word`. */
  objectBytes(words: Uint32Array, word: number, classIndex: number): number {
    const layout = this.#layouts[classIndex] ?? 0;
    if (classIndex === this.#mirrors) return (words[word + (this.#mirrorSize >>> 2)] ?? 0) * 8;
    if (layout > 0) return (layout >>> 3) << 3;
    const headerBytes = (layout >> 16) & 0xff;
    const length = words[word + (headerBytes === 24 ? 4 : 3)] ?? 0;
    return Math.ceil((headerBytes + length * (this.#elementBytes[classIndex] ?? 0)) / unitBytes) * unitBytes;
  }

  #slot(key: number): number {
    return (Math.imul(key, 0x9e37_79b1) >>> 8) & (this.#slots.length - 1);
  }

  /** Index of the class with this narrow pointer; -1 when there is none. */
  indexOf(key: number): number {
    let slot = this.#slot(key);
    for (;;) {
      const index = this.#slots[slot] ?? -1;
      if (index === -1 || this.#keys[slot] === key) return index;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
  }
}

export interface JavaObject {
  unit: number;
  classIndex: number;
  bytes: number;
  isOld: boolean;
  /** Where it is in `words`, of which there are `length`: only one that is longer than those goes on behind them. */
  words: Uint32Array;
  word: number;
  length: number;
}

/** How many units an address is behind the start of the heap, and one more. */
export function unitOf({ start }: JavaHeapBounds, address: number): number {
  return (address - start) / unitBytes + 1;
}

export function addressOf({ start }: JavaHeapBounds, unit: number): number {
  return start + (unit - 1) * unitBytes;
}

/** Calls `visit` for each object; what it is given lasts until it returns. Of what is longer than a window the rest is not read. */
export function visitHeap(
  { memory, bounds }: { memory: TargetMemory; bounds: JavaHeapBounds },
  spaces: readonly JavaSpace[],
  table: ClassTable,
  visit: (object: JavaObject) => void,
): void {
  const words = new Uint32Array(windowBytes / 4);
  const bytes = new Uint8Array(words.buffer);
  const object: JavaObject = { unit: 0, classIndex: 0, bytes: 0, isOld: false, words, word: 0, length: 0 };
  const regions = memory.regions().filter(({ writable }) => writable);
  for (const space of spaces) {
    object.isOld = space.age === 'old';
    let at = space.start;
    for (const [start, end] of presentOf(memory, regions, space)) {
      at = Math.max(at, start);
      while (at + headerBytes <= end) {
        object.length = memory.read(at, bytes.subarray(0, Math.min(windowBytes, end - at))) >>> 2;
        if (object.length * 4 < headerBytes) break;
        at += visitWindow(object, unitOf(bounds, at), space.end - at, table, visit);
      }
    }
  }
}

/** How far it came, in bytes: to the first object whose references are not all in the window. `unit`: of its first word; `spaceBytes`: from there on. */
function visitWindow(object: JavaObject, unit: number, spaceBytes: number, table: ClassTable, visit: (object: JavaObject) => void): number {
  const { words, length } = object;
  const windowEnd = length * 4;
  let at = 0;
  while (at + headerBytes <= windowEnd) {
    const word = at >>> 2;
    const classIndex = table.classAt(words, word);
    const bytes = classIndex < 0 ? 0 : table.objectBytes(words, word, classIndex);
    // What a thread writes meanwhile may look like any length.
    if (bytes < headerBytes || at + bytes > spaceBytes) {
      at += unitBytes;
      continue;
    }
    if (at + bytes > windowEnd && at > 0 && windowEnd < spaceBytes && !table.isPlainArray(classIndex)) return at;
    object.unit = unit + (word >>> 1);
    object.classIndex = classIndex;
    object.bytes = bytes;
    object.word = word;
    visit(object);
    at += bytes;
  }
  return at;
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
