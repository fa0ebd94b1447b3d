/**
 * The objects in the heap of a HotSpot JVM, one after the other: header of 8 bytes of mark and 4 of class, then fields; the class tells
 * how long an object is. Where that leads to no header, as behind the end of what a thread has taken for itself, the next one is looked for.
 * G1, Parallel and Serial; compressed class pointers, which are the default.
 */
import type { TargetMemory } from '../targetMemory.ts';
import type { JavaClass, JavaClasses } from './javaClasses.ts';
import type { VmStructs } from './vmStructs.ts';

const windowBytes = 4 << 20;
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

  /** All but arrays of plain numbers. */
  holdsReferences(classIndex: number): boolean {
    return (this.#layouts[classIndex] ?? 0) >>> 30 !== plainArray;
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

export interface HeapVisitor {
  /** An object: its address, class as index of the table, bytes. */
  object?(address: number, classIndex: number, bytes: number): void;
  /** A piece of what may hold references, in order: `words[from]` to `words[to - 1]` lie at `offset` of the object. */
  fields?(address: number, classIndex: number, offset: number, words: Uint32Array, from: number, to: number): void;
}

/** An object that was begun and goes on in the next window. */
interface Unfinished {
  address: number;
  classIndex: number;
  end: number;
}

export function visitHeap(memory: TargetMemory, bounds: JavaHeapBounds, table: ClassTable, visitor: HeapVisitor): void {
  const buffer = new ArrayBuffer(windowBytes);
  const [bytes, words] = [new Uint8Array(buffer), new Uint32Array(buffer)];
  let last: Unfinished | null = null;
  for (const [start, end] of presentRanges(memory, bounds)) {
    for (let at = start; at < end; at += windowBytes) {
      const got = memory.read(at, bytes.subarray(0, Math.min(windowBytes, end - at))) >>> 2;
      last = walk(at, words, got, last, table, visitor);
    }
  }
}

function presentRanges(memory: TargetMemory, { start, end }: JavaHeapBounds): [number, number][] {
  return memory.regions().flatMap((region) => {
    const [from, to] = [Math.max(region.start, start), Math.min(region.end, end)];
    return from < to && region.writable ? memory.present(from, to) : [];
  });
}

function walk(
  window: number,
  words: Uint32Array,
  length: number,
  begun: Unfinished | null,
  table: ClassTable,
  visitor: HeapVisitor,
): Unfinished | null {
  const end = window + length * 4;
  let at = window;
  let last = begun;
  if (begun !== null && begun.end > window) {
    tellFields(begun, window, words, 0, Math.min(length, (begun.end - window) >>> 2), table, visitor);
    at = begun.end;
  }
  while (at + 16 <= end) {
    const word = (at - window) >>> 2;
    const classIndex = classAt(words, word, table);
    const bytes = classIndex < 0 ? 0 : table.objectBytes(words, word, classIndex);
    if (bytes < 16) {
      at += 8;
      continue;
    }
    visitor.object?.(at, classIndex, bytes);
    last = { address: at, classIndex, end: at + bytes };
    tellFields(last, window, words, word + 3, Math.min(length, word + (bytes >>> 2)), table, visitor);
    at += bytes;
  }
  return last;
}

function tellFields(
  of: Unfinished,
  window: number,
  words: Uint32Array,
  from: number,
  to: number,
  table: ClassTable,
  visitor: HeapVisitor,
): void {
  if (!table.holdsReferences(of.classIndex)) return;
  visitor.fields?.(of.address, of.classIndex, window + from * 4 - of.address, words, from, to);
}

/** Unlocked, perhaps hashed, or locked: what a mark can be while nothing moves. */
function classAt(words: Uint32Array, word: number, table: ClassTable): number {
  const [low, high] = [words[word] ?? 0, words[word + 1] ?? 0];
  if ((low & 7) === 1 ? high >= 128 : (low & 3) === 3 || (low === 0 && high === 0) || high > 0x7fff) return -1;
  return table.indexOf(words[word + 2] ?? 0);
}
