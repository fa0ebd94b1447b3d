/** What tells the class of an object from its header in one look-up, how long it is, and where it refers to others. Compressed class pointers, which are the default. */
import type { Jvm } from './javaCensus.ts';
import type { JavaClass, JavaClasses } from './javaClasses.ts';
import { classKey, type ObjectHeader, objectHeader } from './objectHeader.ts';

const unitBytes = 8;
/** Upper bits of what tells the layout of a class. */
const plainArray = 3;
const mirrorName = 'java.lang.Class';
const textName = 'java.lang.String';
const textArrayName = 'byte[]';
/** Elements of an array whose bytes surely are a number of 32 bits. */
const shortArray = 2 ** 24;
/** In place of how many references an object of a class has: not asked yet; any of its words may be one. */
const notAsked = -2;
const anyWord = -1;

export class ClassTable {
  readonly #slots: Int32Array;
  readonly #keys: Uint32Array;
  readonly classes: JavaClass[] = [];
  readonly #layouts: Int32Array;
  /** Of each object, by class; 0 of arrays and mirrors. */
  readonly #fixedUnits: Int32Array;
  /** Of java.lang.Class, whose objects have the static fields of the class that they stand for. */
  #mirrors = -1;
  #texts = -1;
  #textArrays = -1;
  readonly #mirrorSizeWord: number;
  readonly header: ObjectHeader;
  readonly #known: JavaClasses;
  readonly #referenceBytes: number;
  /** Of references in words, of one class after the other; by class where they begin, and how many they are. */
  readonly offsets: number[] = [];
  readonly #firstOffsets: Int32Array;
  readonly #referenceCounts: Int32Array;

  /** A reference has so many bytes. */
  constructor({ vm, classes, switches }: Jvm, referenceBytes: number) {
    this.header = objectHeader(vm, switches);
    this.#known = classes;
    this.#referenceBytes = referenceBytes;
    this.#mirrorSizeWord = vm.int(vm.field('java_lang_Class::_oop_size_offset')) >>> 2;
    const all = [...classes.entries()].filter(([key]) => key > 0 && key < 2 ** 32);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, all.length * 4)));
    this.#slots = new Int32Array(size).fill(-1);
    this.#keys = new Uint32Array(size);
    this.#layouts = Int32Array.from(all, ([, { layoutHelper }]) => layoutHelper);
    this.#fixedUnits = Int32Array.from(all, ([, { name, layoutHelper }]) => (name === mirrorName ? 0 : Math.max(0, layoutHelper) >>> 3));
    this.#firstOffsets = new Int32Array(all.length);
    this.#referenceCounts = new Int32Array(all.length).fill(notAsked);
    for (const [index, [key, each]] of all.entries()) {
      let slot = this.#slot(key);
      while (this.#slots[slot] !== -1) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = index;
      this.#keys[slot] = key;
      this.classes.push(each);
      if (each.name === mirrorName) this.#mirrors = index;
      if (each.name === textName) this.#texts = index;
      if (each.name === textArrayName) this.#textArrays = index;
    }
  }

  /** Indexes of the classes of this name: of different loaders, or lambdas. */
  named(name: string): number[] {
    return this.classes.flatMap((each, index) => (each.name === name ? [index] : []));
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

  /** Texts, each of which refers to an array of its own, and to nothing else. */
  get texts(): number {
    return this.#texts;
  }

  get textArrays(): number {
    return this.#textArrays;
  }

  /** Where in an array its elements begin, or in a mirror the first of its words that may be a reference. */
  firstWord(classIndex: number): number {
    return (this.headerBytes(classIndex) || Math.ceil(this.header.bytes / this.#referenceBytes) * this.#referenceBytes) >>> 2;
  }

  /** Class of the object whose header is at `word`; -1 where there is none. */
  classAt(words: Uint32Array, word: number): number {
    const key = classKey(this.header, words[word] ?? 0, words[word + 1] ?? 0, words[word + 2] ?? 0);
    return key === 0 ? -1 : this.indexOf(key);
  }

  /** How many units the object has whose header is at `word`; of what is no length less than any has. Whole numbers of 32 bits. */
  unitsAt(words: Uint32Array, word: number, classIndex: number): number {
    const fixed = this.#fixedUnits[classIndex] ?? 0;
    if (fixed > 0) return fixed;
    if (classIndex === this.#mirrors) return (words[word + this.#mirrorSizeWord] ?? 0) | 0;
    const layout = this.#layouts[classIndex] ?? 0;
    const header = (layout >> 16) & 0xff;
    const length = words[word + (header === 24 ? 4 : this.header.lengthWord)] ?? 0;
    if (length < shortArray) return (header + (length << (layout & 0xff)) + unitBytes - 1) >>> 3;
    return Math.ceil((header + length * 2 ** (layout & 0xff)) / unitBytes) | 0;
  }

  /** How many an object has; below 0: any of its words may be one. */
  referenceCount(classIndex: number): number {
    const known = this.#referenceCounts[classIndex] ?? 0;
    return known === notAsked ? this.#ask(classIndex) : known;
  }

  #ask(classIndex: number): number {
    const of = this.classes[classIndex];
    const isAnyWord = classIndex === this.#mirrors || (this.headerBytes(classIndex) > 0 && !this.isPlainArray(classIndex));
    const hasNone = of === undefined || this.isPlainArray(classIndex);
    const found = isAnyWord || hasNone ? [] : this.#known.referenceOffsets(of, this.#referenceBytes);
    this.#firstOffsets[classIndex] = this.offsets.length;
    for (const offset of found) this.offsets.push(offset >>> 2);
    const count = isAnyWord ? anyWord : found.length;
    this.#referenceCounts[classIndex] = count;
    return count;
  }

  /** In bytes, of the reference of an object that has so many before it; null in an array. */
  offsetOf(classIndex: number, before: number): number | null {
    if (this.referenceCount(classIndex) >= 0) return (this.offsets[this.firstOffset(classIndex) + before] ?? 0) * 4;
    return classIndex === this.#mirrors ? this.firstWord(classIndex) * 4 + before * this.#referenceBytes : null;
  }

  /** Index in `offsets`. */
  firstOffset(classIndex: number): number {
    return this.#firstOffsets[classIndex] ?? 0;
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
