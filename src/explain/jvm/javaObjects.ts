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
import { JavaPicks, placeOf } from './javaPicks.ts';
import type { JavaReferences } from './javaReferences.ts';
import { cellOf, type ReferenceLists } from './referenceLists.ts';
import { type ReferenceWords, referenceWords } from './referenceWords.ts';

const pieceWords = 1 << 18;
const longest = 2 ** 31 - 1;
/** Of a class of which there are so many, more are left out where there is no room for all. */
const manyOfClass = 1 << 16;

/** By class. */
export interface CountedObjects {
  counts: Float64Array;
  units: Float64Array;
}

export class JavaObjects {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #lists: ReferenceLists;
  readonly #words: ReferenceWords;
  readonly #kinds: JavaReferences;
  readonly #counted: CountedObjects;
  readonly old: JavaPicks;
  /** Of what moves it is not known later who holds it. */
  readonly young: JavaPicks;
  /** Of the objects in one window that may refer to others: where they are, in units, and their classes. */
  readonly #places = new Int32Array(windowBytes / unitBytes);
  readonly #classes = new Int32Array(this.#places.length);
  readonly #piece = new Uint32Array(pieceWords);

  constructor(jvm: Jvm, table: ClassTable, references: JavaReferences) {
    this.#jvm = jvm;
    this.#table = table;
    this.#lists = jvm.lists;
    this.#words = referenceWords(jvm.bounds);
    this.#kinds = references;
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
    const { references } = lists;
    lists.beginWindow(isOld);
    const hasRoomForAll = lists.hasRoom(count, length, true);
    const latestArray = (isOld ? this.old : this.young).latest(table.textArrays);
    for (let index = 0; index < count; index += 1) {
      const at = this.#places[index] ?? 0;
      const classIndex = this.#classes[index] ?? 0;
      const fields = table.referenceCount(classIndex);
      const first = lists.referenceCount;
      let end = first;
      if (fields > 0) {
        this.#words.fields(words, at * 2, table.offsets, table.firstOffset(classIndex), fields, references, first);
        // An array that is not picked is not asked for who holds it.
        if (classIndex !== table.texts || placeOf((references[first] ?? 0) >>> 1) <= latestArray) end += fields;
        // What was taken out of a queue refers to itself, and nothing is held by that.
        const own = cellOf(unit + at) * 2;
        for (let each = first; each < end; each += 1) if (references[each] === own) references[each] = 0;
      } else {
        const endWord = at * 2 + table.unitsAt(words, at * 2, classIndex) * 2;
        end = this.#words.all(words, at * 2 + table.firstWord(classIndex), endWord, classIndex === table.mirrors, references, first);
      }
      const kind = this.#kinds.kindOf(classIndex);
      if (hasRoomForAll && kind > 0) lists.add(unit + at, kind, end);
      else this.#addIfRoom(unit + at, classIndex, end);
      if (classIndex === table.mirrors) this.#kinds.addMirror(unit + at, first, lists.referenceCount);
    }
  }

  #addIfRoom(unit: number, classIndex: number, end: number): void {
    const lists = this.#lists;
    const isCommon = (this.#counted.counts[classIndex] ?? 0) >= manyOfClass;
    const kind = this.#kinds.kindOf(classIndex);
    if (kind > 0 && lists.hasRoom(1, end - lists.referenceCount, isCommon)) lists.add(unit, kind, end);
    else lists.leaveOut(end);
  }

  /** What does not fit into a window is read on in pieces; one that is cut off, too. */
  #takeLong(unit: number, classIndex: number, units: number, isOld: boolean): void {
    const table = this.#table;
    const lists = this.#lists;
    const count = table.referenceCount(classIndex);
    if (count === 0) return;
    lists.beginWindow(isOld);
    const address = addressOf(this.#jvm.bounds, unit);
    const bytes = units * unitBytes;
    let end = lists.referenceCount;
    if (count > 0) {
      const words = this.#read(address, Math.min(bytes, pieceWords * 4));
      this.#words.fields(words, 0, table.offsets, table.firstOffset(classIndex), count, lists.references, end);
      end += count;
    } else {
      for (let at = table.firstWord(classIndex) * 4; at < bytes; at += pieceWords * 4) {
        const more = Math.min(pieceWords * 4, bytes - at);
        // Of what has no room at all, the pieces before are known to be held.
        if (!lists.hasRoom(1, end - lists.referenceCount + pieceWords, false)) {
          lists.leaveOut(end);
          end = lists.referenceCount;
        }
        end = this.#words.all(this.#read(address + at, more), 0, more >>> 2, classIndex === table.mirrors, lists.references, end);
      }
    }
    this.#addIfRoom(unit, classIndex, end);
  }

  #read(address: number, bytes: number): Uint32Array {
    readPresent(this.#jvm.memory, address, new Uint8Array(this.#piece.buffer, 0, bytes));
    return this.#piece;
  }
}
