/**
 * The objects in the heap of a HotSpot JVM, one after the other: a header with its mark and its class, then fields; the class tells
 * how long an object is. Where that leads to no header, as behind the end of what a thread has taken for itself, the next one is looked for.
 * Where the references of an object are is said by the map that the collector itself goes by, behind each class. Millions of objects go through
 * here in each look: it is kept plain.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import { readPresent } from '../targetMemory.ts';
import type { ClassTable } from './classTable.ts';
import type { Jvm } from './javaCensus.ts';
import { addressOf, type HeapWindow, headerUnits, unitBytes, windowBytes } from './javaHeap.ts';
import { JavaPicks } from './javaPicks.ts';
import type { ReferenceLists } from './referenceLists.ts';
import { type ReferenceWords, referenceWords } from './referenceWords.ts';

const pieceWords = 1 << 18;
const longest = 2 ** 31 - 1;

/** By class. */
export interface CountedObjects {
  counts: Float64Array;
  units: Float64Array;
}

export class JavaObjects {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #lists: ReferenceLists;
  readonly #references: ReferenceWords;
  readonly #counted: CountedObjects;
  readonly old: JavaPicks;
  /** Of what moves it is not known later who holds it. */
  readonly young: JavaPicks;
  /** Of the objects in one window that may refer to others: where they are, in units, and their classes. */
  readonly #places = new Int32Array(windowBytes / unitBytes);
  readonly #classes = new Int32Array(this.#places.length);
  readonly #piece = new Uint32Array(pieceWords);

  constructor(jvm: Jvm, table: ClassTable) {
    this.#jvm = jvm;
    this.#table = table;
    this.#lists = jvm.lists;
    this.#references = referenceWords(jvm.bounds);
    this.#counted = { counts: new Float64Array(table.classes.length), units: new Float64Array(table.classes.length) };
    this.old = new JavaPicks(table.classes.length);
    this.young = new JavaPicks(table.classes.length);
  }

  /** Until now. */
  counted(): CountedObjects {
    return { counts: this.#counted.counts.slice(), units: this.#counted.units.slice() };
  }

  /** How far it came, in bytes: to the first object that is not all in the window, and over one that is longer. */
  take(window: HeapWindow): number {
    const { words, length, unit: firstUnit, spaceBytes, isOld } = window;
    const table = this.#table;
    const [places, classes] = [this.#places, this.#classes];
    const { counts, units: sums } = this.#counted;
    const picks = isOld ? this.old : this.young;
    const leastUnits = table.header.leastUnits;
    const mostUnits = Math.min(spaceBytes / unitBytes, longest) | 0;
    const windowUnits = length >>> 1;
    let holders = 0;
    let long = 0;
    let at = 0;
    while (at + headerUnits <= windowUnits) {
      const classIndex = table.classAt(words, at * 2);
      const units = classIndex < 0 ? 0 : table.unitsAt(words, at * 2, classIndex);
      // What a thread writes meanwhile may look like any length.
      if (units < leastUnits || units > mostUnits - at) {
        at += 1;
        continue;
      }
      const isWhole = units <= windowUnits - at;
      if (!isWhole && at > 0 && windowUnits < mostUnits && !table.isPlainArray(classIndex)) break;
      counts[classIndex] = (counts[classIndex] ?? 0) + 1;
      sums[classIndex] = (sums[classIndex] ?? 0) + units;
      picks.offer(classIndex, firstUnit + at);
      if (!isWhole) {
        long = units;
        break;
      }
      if (table.referenceCount(classIndex) !== 0) {
        places[holders] = at;
        classes[holders] = classIndex;
        holders += 1;
      }
      at += units;
    }
    this.#takeReferences(window, holders);
    if (long > 0) this.#takeLong(firstUnit + at, table.classAt(words, at * 2), long, isOld);
    return (at + long) * unitBytes;
  }

  /** Of the first so many objects of the window. Two loops are faster than one: each is small enough to be compiled as a whole. */
  #takeReferences({ words, length, unit, isOld }: HeapWindow, count: number): void {
    const table = this.#table;
    const lists = this.#lists;
    if (!lists.hasRoom(count, length)) return;
    const { holders, classes, firsts, references } = lists;
    let { holderCount, referenceCount } = lists;
    for (let index = 0; index < count; index += 1) {
      const at = this.#places[index] ?? 0;
      const classIndex = this.#classes[index] ?? 0;
      const fields = table.referenceCount(classIndex);
      if (fields > 0) {
        this.#references.fields(words, at * 2, table.offsets, table.firstOffset(classIndex), fields, references, referenceCount);
        referenceCount += fields;
      } else {
        const end = at * 2 + table.unitsAt(words, at * 2, classIndex) * 2;
        const isMirror = classIndex === table.mirrors;
        referenceCount = this.#references.all(words, at * 2 + table.firstWord(classIndex), end, isMirror, references, referenceCount);
      }
      holders[holderCount] = unit + at;
      classes[holderCount] = classIndex * 2 + (isOld ? 0 : 1);
      holderCount += 1;
      firsts[holderCount] = referenceCount;
    }
    lists.holderCount = holderCount;
    lists.referenceCount = referenceCount;
  }

  #takeFields(words: Uint32Array, word: number, classIndex: number, count: number): void {
    const lists = this.#lists;
    const { offsets } = this.#table;
    this.#references.fields(words, word, offsets, this.#table.firstOffset(classIndex), count, lists.references, lists.referenceCount);
    lists.referenceCount += count;
  }

  /** Every element of an array, or of a mirror every word: its static fields lie behind its own. */
  #takeWords(words: Uint32Array, from: number, end: number, classIndex: number): void {
    const lists = this.#lists;
    const withNulls = classIndex === this.#table.mirrors;
    lists.referenceCount = this.#references.all(words, from, end, withNulls, lists.references, lists.referenceCount);
  }

  /** What does not fit into a window is read on in pieces; one that is cut off, too. */
  #takeLong(unit: number, classIndex: number, units: number, isOld: boolean): void {
    const count = this.#table.referenceCount(classIndex);
    if (count === 0 || !this.#lists.hasRoom(1, units * 2)) return;
    const address = addressOf(this.#jvm.bounds, unit);
    const bytes = units * unitBytes;
    if (count > 0) this.#takeFields(this.#read(address, Math.min(bytes, pieceWords * 4)), 0, classIndex, count);
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
