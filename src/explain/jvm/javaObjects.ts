/**
 * The objects in the heap of a HotSpot JVM, one after the other: header of 8 bytes of mark and 4 of class, then fields; the class tells
 * how long an object is. Where that leads to no header, as behind the end of what a thread has taken for itself, the next one is looked for.
 * Where the references of an object are is said by the map that the collector itself goes by, behind each class. Millions of objects go through
 * here in each look.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import { readPresent } from '../targetMemory.ts';
import type { ClassTable } from './classTable.ts';
import type { Jvm } from './javaCensus.ts';
import { addressOf, type HeapWindow, headerBytes, ReferencedUnits } from './javaHeap.ts';
import { JavaPicks } from './javaPicks.ts';
import type { ReferenceLists } from './referenceLists.ts';

const windowWords = 1 << 18;

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
  readonly #wordsOfReference: number;
  readonly #counted: CountedObjects;
  readonly old: JavaPicks;
  /** Of what moves it is not known later who holds it. */
  readonly young: JavaPicks;
  readonly #window = new Uint32Array(windowWords);

  constructor(jvm: Jvm, table: ClassTable) {
    this.#jvm = jvm;
    this.#table = table;
    this.#lists = jvm.lists;
    this.#units = new ReferencedUnits(jvm.bounds);
    this.#wordsOfReference = this.#units.isNarrow ? 1 : 2;
    this.#counted = { counts: new Float64Array(table.classes.length), bytes: new Float64Array(table.classes.length) };
    this.old = new JavaPicks(table.classes.length);
    this.young = new JavaPicks(table.classes.length);
  }

  /** How far it came, in bytes: to the first object whose references are not all in the window. */
  take({ words, length, unit, spaceBytes, isOld }: HeapWindow): number {
    const table = this.#table;
    const lists = this.#lists;
    const { counts, bytes: sums } = this.#counted;
    const picks = isOld ? this.old : this.young;
    let word = 0;
    while (word + headerBytes / 4 <= length) {
      const classIndex = table.classAt(words, word);
      const bytes = classIndex < 0 ? 0 : table.objectBytes(words, word, classIndex);
      // What a thread writes meanwhile may look like any length.
      if (bytes < headerBytes || word * 4 + bytes > spaceBytes) {
        word += 2;
        continue;
      }
      const end = word + bytes / 4;
      if (end > length && word > 0 && length * 4 < spaceBytes && !table.isPlainArray(classIndex)) break;
      counts[classIndex] = (counts[classIndex] ?? 0) + 1;
      sums[classIndex] = (sums[classIndex] ?? 0) + bytes;
      picks.offer(classIndex, unit + (word >>> 1));
      const references = table.referenceCount(classIndex);
      if (references > 0 ? lists.hasRoom(references) : references < 0 && lists.hasRoom(bytes / 4)) {
        if (references > 0 && end <= length) this.#takeFields(words, word, classIndex);
        else if (references > 0) this.#takeFields(this.#reread(unit + (word >>> 1), 0, Math.min(bytes, windowWords * 4)), 0, classIndex);
        else this.#takeWords(words, word, Math.min(end, length), unit + (word >>> 1), bytes, classIndex);
        lists.addHolder(unit + (word >>> 1), classIndex, isOld);
      }
      word = end;
    }
    return word * 4;
  }

  /** Until now. */
  counted(): CountedObjects {
    return { counts: this.#counted.counts.slice(), bytes: this.#counted.bytes.slice() };
  }

  /** Where an object of the class has its references. */
  #takeFields(words: Uint32Array, word: number, classIndex: number): void {
    const { offsets } = this.#table;
    const units = this.#units;
    const lists = this.#lists;
    const first = this.#table.firstOffset(classIndex);
    const end = first + this.#table.referenceCount(classIndex);
    for (let index = first; index < end; index += 1) {
      const at = word + (offsets[index] ?? 0);
      const low = words[at] ?? 0;
      lists.addReference(units.isNarrow ? units.ofNarrow(low) : units.ofWide(low, words[at + 1] ?? 0));
    }
  }

  /** Every element of an array, or of a mirror every word: its static fields lie behind its own. */
  #takeWords(words: Uint32Array, word: number, end: number, unit: number, bytes: number, classIndex: number): void {
    const header = this.#table.headerBytes(classIndex);
    const firstByte = header || this.#table.mirrorHeaderBytes;
    this.#takeElements(words, word + (firstByte >>> 2), end, header > 0);
    for (let at = Math.max(firstByte, (end - word) * 4); at + this.#wordsOfReference * 4 <= bytes; at += windowWords * 4) {
      const more = Math.min(windowWords * 4, bytes - at);
      this.#takeElements(this.#reread(unit, at, more), 0, more >>> 2, header > 0);
    }
  }

  #takeElements(words: Uint32Array, from: number, end: number, isOfArray: boolean): void {
    const units = this.#units;
    const lists = this.#lists;
    const step = this.#wordsOfReference;
    for (let at = from; at + step <= end; at += step) {
      const low = words[at] ?? 0;
      const unit = units.isNarrow ? units.ofNarrow(low) : units.ofWide(low, words[at + 1] ?? 0);
      if (unit !== 0 || !isOfArray) lists.addReference(unit);
    }
  }

  #reread(unit: number, offset: number, bytes: number): Uint32Array {
    readPresent(this.#jvm.memory, addressOf(this.#jvm.bounds, unit) + offset, new Uint8Array(this.#window.buffer, 0, bytes));
    return this.#window;
  }
}
