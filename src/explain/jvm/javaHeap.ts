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
const windowBytes = 1 << 17;
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
    const [low, high] = [words[word] ?? 0, words[word + 1] ?? 0];
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
    return Math.ceil((headerBytes + length * 2 ** (layout & 0xff)) / 8) * 8;
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
  address: number;
  classIndex: number;
  bytes: number;
  age: JavaSpace['age'];
  /** Where it is in `words`, of which there are `length`: an object may go on behind them. */
  words: Uint32Array;
  word: number;
  length: number;
}

/** Calls `visit` for each object; what it is given lasts until it returns. */
export function visitHeap(
  memory: TargetMemory,
  spaces: readonly JavaSpace[],
  table: ClassTable,
  visit: (object: JavaObject) => void,
): void {
  const object: JavaObject = { address: 0, classIndex: 0, bytes: 0, age: 'old', words: new Uint32Array(0), word: 0, length: 0 };
  // Objects may be longer than a window, or lie across two of them, but not across two spaces.
  let [next, inSpace] = [0, -1];
  heapWindows(memory, spaces, (window, words, length, space) => {
    if (space.start !== inSpace) [next, inSpace] = [space.start, space.start];
    const end = window + length * 4;
    let at = Math.max(window, next);
    Object.assign(object, { words, length, age: space.age });
    while (at + 16 <= end) {
      const word = (at - window) >>> 2;
      const classIndex = table.classAt(words, word);
      const bytes = classIndex < 0 ? 0 : table.objectBytes(words, word, classIndex);
      // What a thread writes meanwhile may look like any length.
      if (bytes < 16 || at + bytes > space.end) {
        at += 8;
        continue;
      }
      object.address = at;
      object.classIndex = classIndex;
      object.bytes = bytes;
      object.word = word;
      visit(object);
      at += bytes;
    }
    next = at;
  });
}

/** All of the spaces that is in memory, a piece at a time: `words` has `length` words from the address `window` on. */
function heapWindows(
  memory: TargetMemory,
  spaces: readonly JavaSpace[],
  look: (window: number, words: Uint32Array, length: number, space: JavaSpace) => void,
): void {
  const buffer = new ArrayBuffer(windowBytes);
  const [bytes, words] = [new Uint8Array(buffer), new Uint32Array(buffer)];
  const regions = memory.regions().filter(({ writable }) => writable);
  for (const space of spaces) {
    for (const region of regions) {
      const [from, to] = [Math.max(region.start, space.start), Math.min(region.end, space.end)];
      if (from >= to) continue;
      for (const [start, end] of memory.present(pageOf(from), pageOf(to + pageBytes - 1))) {
        for (let at = Math.max(start, from); at < Math.min(end, to); at += windowBytes) {
          const length = memory.read(at, bytes.subarray(0, Math.min(windowBytes, Math.min(end, to) - at))) >>> 2;
          look(at, words, length, space);
        }
      }
    }
  }
}

function pageOf(address: number): number {
  return address - (address % pageBytes);
}
