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
import { addressOf, type HeapWindow, leastUnits, unitBytes } from './javaHeap.ts';
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

  /**
   * How far it came, in bytes: to the first object that is not all in the window, and over one that is longer. The lists are in variables, and all
   * numbers have 32 bits: what is slow here is slow some million times.
   */
  take({ words, length, unit: firstUnit, spaceBytes, isOld }: HeapWindow): number {
    const table = this.#table;
    const lists = this.#lists;
    const { holders, classes, firsts, references } = lists;
    const { counts, units: sums } = this.#counted;
    const picks = isOld ? this.old : this.young;
    const age = isOld ? 0 : 1;
    const isKept = lists.hasRoom(length, length);
    const mostUnits = Math.min(spaceBytes / unitBytes, longest) | 0;
    const windowUnits = length >>> 1;
    let { holderCount, referenceCount } = lists;
    let at = 0;
    let long = 0;
    while (at + leastUnits <= windowUnits) {
      const word = at * 2;
      const classIndex = table.classAt(words, word);
      const units = classIndex < 0 ? 0 : table.unitsAt(words, word, classIndex);
      // What a thread writes meanwhile may look like any length.
      if (units < leastUnits || units > mostUnits - at) {
        at += 1;
        continue;
      }
      if (units > windowUnits - at) {
        if (at > 0 && windowUnits < mostUnits && !table.isPlainArray(classIndex)) break;
        long = units;
      }
      counts[classIndex] = (counts[classIndex] ?? 0) + 1;
      sums[classIndex] = (sums[classIndex] ?? 0) + units;
      picks.offer(classIndex, firstUnit + at);
      if (long > 0) break;
      const count = table.referenceCount(classIndex);
      if (count !== 0 && isKept) {
        if (count > 0) {
          this.#references.fields(words, word, table.offsets, table.firstOffset(classIndex), count, references, referenceCount);
          referenceCount += count;
        } else {
          const first = word + table.firstWord(classIndex);
          referenceCount = this.#references.all(words, first, word + units * 2, classIndex === table.mirrors, references, referenceCount);
        }
        holders[holderCount] = firstUnit + at;
        classes[holderCount] = classIndex * 2 + age;
        holderCount += 1;
        firsts[holderCount] = referenceCount;
      }
      at += units;
    }
    lists.holderCount = holderCount;
    lists.referenceCount = referenceCount;
    if (long > 0) this.#takeLong(firstUnit + at, table.classAt(words, at * 2), long * unitBytes, isOld);
    return (at + long) * unitBytes;
  }

  /** What does not fit into a window is read on in pieces; one that is cut off, too. */
  #takeLong(unit: number, classIndex: number, bytes: number, isOld: boolean): void {
    const count = this.#table.referenceCount(classIndex);
    if (count === 0 || !this.#lists.hasRoom(1, bytes / 4)) return;
    const address = addressOf(this.#jvm.bounds, unit);
    const lists = this.#lists;
    const words = this.#references;
    const firstByte = this.#table.firstWord(classIndex) * 4;
    if (count > 0) {
      const { offsets } = this.#table;
      const piece = this.#read(address, Math.min(bytes, pieceWords * 4));
      words.fields(piece, 0, offsets, this.#table.firstOffset(classIndex), count, lists.references, lists.referenceCount);
      lists.referenceCount += count;
    } else {
      for (let at = firstByte; at < bytes; at += pieceWords * 4) {
        const more = Math.min(pieceWords * 4, bytes - at);
        const piece = this.#read(address + at, more);
        lists.referenceCount = words.all(piece, 0, more >>> 2, classIndex === this.#table.mirrors, lists.references, lists.referenceCount);
      }
    }
    this.#lists.addHolder(unit, classIndex, isOld);
  }

  #read(address: number, bytes: number): Uint32Array {
    readPresent(this.#jvm.memory, address, new Uint8Array(this.#piece.buffer, 0, bytes));
    return this.#piece;
  }
}
