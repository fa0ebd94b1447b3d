/**
 * The objects in the heap of a HotSpot JVM, one after the other: header of 8 bytes of mark and 4 of class, then fields; the class tells
 * how long an object is. Where that leads to no header, as behind the end of what a thread has taken for itself, the next one is looked for.
 * Where the references of an object are is said by the map that the collector itself goes by, behind each class. Millions of objects go through
 * here in each look: it is kept plain.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import { readPresent } from '../targetMemory.ts';
import type { ClassTable } from './classTable.ts';
import type { Jvm } from './javaCensus.ts';
import { addressOf, type HeapWindow, headerBytes, ReferencedUnits } from './javaHeap.ts';
import { JavaPicks } from './javaPicks.ts';
import type { ReferenceLists } from './referenceLists.ts';

const pieceWords = 1 << 18;

/** By class. */
export interface CountedObjects {
  counts: Float64Array;
  bytes: Float64Array;
}

export class JavaObjects {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #lists: ReferenceLists;
  readonly #units: ReferencedUnits;
  readonly #counted: CountedObjects;
  readonly old: JavaPicks;
  /** Of what moves it is not known later who holds it. */
  readonly young: JavaPicks;
  readonly #piece = new Uint32Array(pieceWords);

  constructor(jvm: Jvm, table: ClassTable) {
    this.#jvm = jvm;
    this.#table = table;
    this.#lists = jvm.lists;
    this.#units = new ReferencedUnits(jvm.bounds);
    this.#counted = { counts: new Float64Array(table.classes.length), bytes: new Float64Array(table.classes.length) };
    this.old = new JavaPicks(table.classes.length);
    this.young = new JavaPicks(table.classes.length);
  }

  /** Until now. */
  counted(): CountedObjects {
    return { counts: this.#counted.counts.slice(), bytes: this.#counted.bytes.slice() };
  }

  /** How far it came, in bytes: to the first object that is not all in the window, and over one that is longer. */
  take(window: HeapWindow): number {
    const { words, length, unit, spaceBytes, isOld } = window;
    const table = this.#table;
    const lists = this.#lists;
    const picks = isOld ? this.old : this.young;
    const { counts, bytes: sums } = this.#counted;
    const isKept = lists.hasRoom(length, length);
    let word = 0;
    while (word + headerBytes / 4 <= length) {
      const classIndex = table.classAt(words, word);
      const bytes = classIndex < 0 ? 0 : table.objectBytes(words, word, classIndex);
      // What a thread writes meanwhile may look like any length.
      if (bytes < headerBytes || word * 4 + bytes > spaceBytes) {
        word += 2;
        continue;
      }
      const isWhole = bytes <= (length - word) * 4;
      if (!isWhole && word > 0 && length * 4 < spaceBytes && !table.isPlainArray(classIndex)) break;
      counts[classIndex] = (counts[classIndex] ?? 0) + 1;
      sums[classIndex] = (sums[classIndex] ?? 0) + bytes;
      picks.offer(classIndex, unit + (word >>> 1));
      if (!isWhole) {
        this.#takeLong(unit + (word >>> 1), classIndex, bytes, isOld);
        return word * 4 + bytes;
      }
      const references = table.referenceCount(classIndex);
      if (references !== 0 && isKept) {
        if (references > 0) this.#takeFields(words, word, classIndex, references);
        else this.#takeWords(words, word + table.firstWord(classIndex), word + (bytes >>> 2), classIndex);
        lists.addHolder(unit + (word >>> 1), classIndex, isOld);
      }
      word += bytes >>> 2;
    }
    return word * 4;
  }

  #takeFields(words: Uint32Array, word: number, classIndex: number, count: number): void {
    const { offsets } = this.#table;
    const { references, referenceCount } = this.#lists;
    const units = this.#units;
    const first = this.#table.firstOffset(classIndex);
    for (let index = 0; index < count; index += 1) {
      const at = word + (offsets[first + index] ?? 0);
      references[referenceCount + index] = units.isNarrow
        ? units.ofNarrow(words[at] ?? 0)
        : units.ofWide(words[at] ?? 0, words[at + 1] ?? 0);
    }
    this.#lists.referenceCount = referenceCount + count;
  }

  /** Every element of an array, or of a mirror every word: its static fields lie behind its own. */
  #takeWords(words: Uint32Array, from: number, end: number, classIndex: number): void {
    const { references } = this.#lists;
    const units = this.#units;
    const isOfMirror = classIndex === this.#table.mirrors;
    const step = units.isNarrow ? 1 : 2;
    let { referenceCount } = this.#lists;
    for (let at = from; at + step <= end; at += step) {
      const unit = units.isNarrow ? units.ofNarrow(words[at] ?? 0) : units.ofWide(words[at] ?? 0, words[at + 1] ?? 0);
      if (unit === 0 && !isOfMirror) continue;
      references[referenceCount] = unit;
      referenceCount += 1;
    }
    this.#lists.referenceCount = referenceCount;
  }

  /** What does not fit into a window is read on in pieces; one that is cut off, too. */
  #takeLong(unit: number, classIndex: number, bytes: number, isOld: boolean): void {
    const references = this.#table.referenceCount(classIndex);
    if (references === 0 || !this.#lists.hasRoom(1, bytes / 4)) return;
    const address = addressOf(this.#jvm.bounds, unit);
    if (references > 0) this.#takeFields(this.#read(address, Math.min(bytes, pieceWords * 4)), 0, classIndex, references);
    else {
      for (let at = this.#table.firstWord(classIndex) * 4; at < bytes; at += pieceWords * 4) {
        const more = Math.min(pieceWords * 4, bytes - at);
        this.#takeWords(this.#read(address + at, more), 0, more >>> 2, classIndex);
      }
    }
    this.#lists.addHolder(unit, classIndex, isOld);
  }

  #read(address: number, bytes: number): Uint32Array {
    readPresent(this.#jvm.memory, address, new Uint8Array(this.#piece.buffer, 0, bytes));
    return this.#piece;
  }
}
