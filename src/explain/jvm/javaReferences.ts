/**
 * Which object refers to which, as it was in one walk over the heap: what holds an object is then found without the process, whatever its
 * collector moves meanwhile. Where the references of an object are is said by the map that the collector itself goes by, behind each class.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import { readPresent } from '../targetMemory.ts';
import type { Jvm } from './javaCensus.ts';
import type { JavaClass } from './javaClasses.ts';
import { addressOf, type ClassTable, type JavaHeapBounds, type JavaObject, unitOf } from './javaHeap.ts';

const windowWords = 1 << 18;
const unitBytes = 8;
/** Of each list so many at most; memory is taken only of what is written. */
const mostHolders = 20 << 20;
const mostReferences = 64 << 20;
const mostUnits = 2 ** 32;
const mostBlocks = 1_000;
const mostRounds = 6;
const leastTakenOutPart = 0.001;
/** A bit for each unit that is looked for, by as many of its own as tell most from one another. */
const filterBits = 21;
/** In place of the class of what is rubbish. */
const takenOut = 2 ** 32 - 1;
const noOffsets = new Int32Array(0);

export interface JavaReference {
  /** Address of what is referred to. */
  target: number;
  /** Address and class of what refers to it. */
  holder: number;
  classIndex: number;
  isYoung: boolean;
  /** In the object; null in an array. */
  offset: number | null;
}

/** What is kept of one look, and serves the next one again. */
export class ReferenceLists {
  /** Units of the objects that may refer to others. */
  readonly holders: Uint32Array;
  /** Of each the index of its class, twice; one more for what is young. */
  readonly classes: Uint32Array;
  /** Of each its first reference, and one more that there is not. */
  readonly firsts: Uint32Array;
  /** Units that are referred to, 0 for none; of arrays only those that lead somewhere. */
  readonly references: Uint32Array;

  constructor({ start, end }: JavaHeapBounds) {
    const units = (end - start) / unitBytes;
    const holders = Math.min(mostHolders, Math.ceil(units / 2));
    this.holders = new Uint32Array(holders);
    this.classes = new Uint32Array(holders);
    this.firsts = new Uint32Array(holders + 1);
    this.references = new Uint32Array(Math.min(mostReferences, units * 2));
  }
}

export class JavaReferences {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #holders: Uint32Array;
  readonly #classes: Uint32Array;
  readonly #firsts: Uint32Array;
  readonly #references: Uint32Array;
  /** How many there are. */
  #holderCount = 0;
  #referenceCount = 0;
  /** By class: offsets of the references in bytes; null of arrays and mirrors. */
  readonly #offsets: (Int32Array | null | undefined)[] = [];
  readonly #window = new Uint32Array(windowWords);
  readonly #referenceBytes: number;
  readonly #headerBytes: number;
  readonly #shift: number;
  readonly #base: number;
  readonly #mostUnit: number;
  /** Index of the first holder of each. */
  readonly #runs: number[] = [];
  #settled = 0;
  #isFull = false;

  /** What another one has in the same lists is gone. */
  constructor(jvm: Jvm, table: ClassTable) {
    this.#jvm = jvm;
    this.#table = table;
    const { holders, classes, firsts, references } = jvm.lists;
    this.#holders = holders;
    this.#classes = classes;
    this.#firsts = firsts;
    this.#references = references;
    const { oopShift, oopBase, start, end } = jvm.bounds;
    this.#referenceBytes = oopShift === null ? 8 : 4;
    this.#headerBytes = oopShift === null ? 16 : 12;
    this.#shift = 2 ** (oopShift ?? 0) / unitBytes;
    this.#base = (oopBase - start) / unitBytes + 1;
    this.#mostUnit = (end - start) / unitBytes + 1;
    this.#isFull = this.#mostUnit > mostUnits;
  }

  /** There were more than may be kept: what only those hold that were left out seems to be held by nothing. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Of what was added until now the objects are counted as settled. */
  settle(): void {
    this.#settled = this.#holderCount;
  }

  /** What is added from here on begins at a lower address again. */
  beginRun(): void {
    this.#runs.push(this.#holderCount);
  }

  /** Objects of a run are added by address. */
  add(object: JavaObject): void {
    const { classIndex } = object;
    const offsets = this.#offsetsOf(classIndex);
    if (offsets !== null && offsets.length === 0) return;
    const most = offsets === null ? object.bytes / this.#referenceBytes : offsets.length;
    if (this.#referenceCount + most > this.#references.length || this.#holderCount === this.#holders.length) this.#isFull = true;
    if (this.#isFull) return;
    this.#holders[this.#holderCount] = object.unit;
    this.#classes[this.#holderCount] = classIndex * 2 + Number(!object.isOld);
    if (offsets === null) this.#addAll(object);
    else this.#addFields(object, offsets);
    this.#holderCount += 1;
    this.#firsts[this.#holderCount] = this.#referenceCount;
  }

  #addFields({ unit, words, word, length, bytes }: JavaObject, offsets: Int32Array): void {
    const isWhole = word + bytes / 4 <= length;
    const from = isWhole ? words : this.#reread(addressOf(this.#jvm.bounds, unit), Math.min(bytes, windowWords * 4));
    const first = isWhole ? word : 0;
    let at = this.#referenceCount;
    for (let index = 0; index < offsets.length; index += 1) {
      this.#references[at] = this.#unitIn(from, first + ((offsets[index] ?? 0) >>> 2));
      at += 1;
    }
    this.#referenceCount = at;
  }

  /** Every element, or of a mirror every word: its static fields lie behind its own. */
  #addAll({ unit, words, word, length, bytes, classIndex }: JavaObject): void {
    const ofArray = this.#table.headerBytes(classIndex);
    const firstByte = ofArray || this.#headerBytes;
    const inWindow = Math.min(bytes, (length - word) * 4);
    this.#addWords(words, word + (firstByte >>> 2), word + (inWindow >>> 2), ofArray > 0);
    const address = addressOf(this.#jvm.bounds, unit);
    for (let at = Math.max(firstByte, inWindow); at + this.#referenceBytes <= bytes; at += windowWords * 4) {
      const count = Math.min(windowWords, (bytes - at) >>> 2);
      this.#addWords(this.#reread(address + at, count * 4), 0, count, ofArray > 0);
    }
  }

  #addWords(words: Uint32Array, from: number, end: number, isOfArray: boolean): void {
    const step = this.#referenceBytes / 4;
    let at = this.#referenceCount;
    for (let word = from; word + step <= end; word += step) {
      const unit = this.#unitIn(words, word);
      if (unit === 0 && isOfArray) continue;
      this.#references[at] = unit;
      at += 1;
    }
    this.#referenceCount = at;
  }

  /** Where a reference leads; 0: nowhere in the heap. */
  #unitIn(words: Uint32Array, word: number): number {
    const low = words[word] ?? 0;
    const reference = this.#referenceBytes === 8 ? low + (words[word + 1] ?? 0) * 2 ** 32 : low;
    const unit = reference === 0 ? 0 : reference * this.#shift + this.#base;
    return unit > 0 && unit < this.#mostUnit && Number.isInteger(unit) ? unit : 0;
  }

  #reread(address: number, bytes: number): Uint32Array {
    readPresent(this.#jvm.memory, address, new Uint8Array(this.#window.buffer, 0, bytes));
    return this.#window;
  }

  #offsetsOf(classIndex: number): Int32Array | null {
    const known = this.#offsets[classIndex];
    if (known !== undefined) return known;
    const found = this.#findOffsets(classIndex);
    this.#offsets[classIndex] = found;
    return found;
  }

  #findOffsets(classIndex: number): Int32Array | null {
    const of = this.#table.classes[classIndex];
    if (of === undefined || this.#table.isPlainArray(classIndex)) return noOffsets;
    if (classIndex === this.#table.mirrors || this.#table.headerBytes(classIndex) > 0) return null;
    return this.#readOffsets(of);
  }

  /** Behind the tables of methods of a class: offset and count of each run of references. */
  #readOffsets({ klass, layoutHelper }: JavaClass): Int32Array {
    const { vm } = this.#jvm;
    const int = (name: string) => vm.int(klass + vm.field(name));
    const tables = int('Klass::_vtable_len') + int('InstanceKlass::_itable_len');
    const blocks = Math.min(mostBlocks, int('InstanceKlass::_nonstatic_oop_map_size'));
    const offsets: number[] = [];
    for (let block = 0; block < blocks; block += 1) {
      const at = klass + vm.size('InstanceKlass') + tables * 8 + block * 8;
      const [offset, count] = [vm.int(at), vm.int(at + 4)];
      if (!(offset >= 8 && count > 0 && offset + count * this.#referenceBytes <= layoutHelper)) break;
      for (let index = 0; index < count; index += 1) offsets.push(offset + index * this.#referenceBytes);
    }
    return Int32Array.from(offsets);
  }

  /**
   * Takes out, round by round, what neither a root nor anything that is left refers to: rubbish, but for what refers to itself in a circle and
   * for the ends of long chains. `roots`: addresses. `youngMoved`: what is young may be referred to by another address, and stays.
   */
  takeOutRubbish(roots: ReadonlySet<number>, youngMoved: boolean): void {
    const isReferred = this.#bitsOfHolders();
    for (let round = 0; round < mostRounds; round += 1) {
      isReferred.fill(0);
      for (const root of roots) setBit(isReferred, unitOf(this.#jvm.bounds, root));
      for (let index = 0; index < this.#referenceCount; index += 1) setBit(isReferred, this.#references[index] ?? 0);
      if (this.#takeOutUnreferred(isReferred, youngMoved) <= this.#holderCount * leastTakenOutPart) break;
    }
  }

  /** One for each unit up to the last holder: a heap may be reserved far beyond what it has. */
  #bitsOfHolders(): Uint32Array {
    const lasts = this.#runs.map((start, run) => this.#holders[Math.max(start, this.#runs[run + 1] ?? this.#holderCount) - 1] ?? 0);
    return new Uint32Array(Math.ceil((Math.max(0, ...lasts) + 1) / 32));
  }

  #takeOutUnreferred(isReferred: Uint32Array, youngMoved: boolean): number {
    const { mirrors } = this.#table;
    let count = 0;
    for (let index = 0; index < this.#holderCount; index += 1) {
      if (hasBit(isReferred, this.#holders[index] ?? 0)) continue;
      const of = this.#classes[index] ?? 0;
      if (of === takenOut || of >>> 1 === mirrors || (youngMoved && (of & 1) === 1)) continue;
      this.#classes[index] = takenOut;
      this.#references.fill(0, this.#firsts[index], this.#firsts[index + 1]);
      count += 1;
    }
    return count;
  }

  /** By class, how many objects are left: all, and of those the settled. */
  leftOf(): { all: Float64Array; settled: Float64Array } {
    const left = new Float64Array(this.#table.classes.length);
    let settled = left.slice();
    for (let index = 0; index < this.#holderCount; index += 1) {
      if (index === this.#settled) settled = left.slice();
      const of = this.#classes[index] ?? 0;
      if (of !== takenOut) left[of >>> 1] = (left[of >>> 1] ?? 0) + 1;
    }
    return { all: left, settled: this.#settled < this.#holderCount ? settled : left };
  }

  holdsReferences(classIndex: number): boolean {
    return this.#offsetsOf(classIndex)?.length !== 0;
  }

  isRubbish(address: number): boolean {
    const index = this.#indexOf(address);
    return index >= 0 && this.#classes[index] === takenOut;
  }

  #indexOf(address: number): number {
    const unit = unitOf(this.#jvm.bounds, address);
    let found = -1;
    for (let run = 0; run < this.#runs.length; run += 1) {
      const start = this.#runs[run] ?? 0;
      const index = lastAtMost(this.#holders, unit, start, this.#runs[run + 1] ?? this.#holderCount);
      if (index >= start && this.#holders[index] === unit) found = index;
    }
    return found;
  }

  /** Calls `use` for each reference to one of these addresses, for the first `mostOfEach` of each. */
  to(addresses: Iterable<number>, mostOfEach: number, use: (reference: JavaReference) => void): void {
    const left = new Map<number, number>();
    const filter = new Uint32Array(2 ** filterBits / 32);
    for (const address of addresses) {
      const unit = unitOf(this.#jvm.bounds, address);
      left.set(unit, mostOfEach);
      setBit(filter, unit % 2 ** filterBits);
    }
    for (let index = this.#nextIn(filter, 0); index < this.#referenceCount; index = this.#nextIn(filter, index + 1)) {
      const unit = this.#references[index] ?? 0;
      const more = left.get(unit) ?? 0;
      if (more === 0) continue;
      left.set(unit, more - 1);
      use(this.#referenceAt(unit, index, lastAtMost(this.#firsts, index, 0, this.#holderCount)));
    }
  }

  /** Index of the next reference that may be one of those; kept plain, because it sees every reference. */
  #nextIn(filter: Uint32Array, from: number): number {
    const references = this.#references;
    const count = this.#referenceCount;
    let index = from;
    while (index < count && !hasBit(filter, (references[index] ?? 0) & (2 ** filterBits - 1))) index += 1;
    return index;
  }

  /** Calls `use`, until that says false, for each reference to an object of a class from an object that is none of it. */
  toClassFromOutside(classIndex: number, use: (reference: JavaReference) => boolean): void {
    const isOfClass = this.#bitsOfHolders();
    for (let index = 0; index < this.#holderCount; index += 1) {
      if ((this.#classes[index] ?? 0) >>> 1 === classIndex) setBit(isOfClass, this.#holders[index] ?? 0);
    }
    for (let index = 0; index < this.#holderCount; index += 1) {
      if ((this.#classes[index] ?? 0) >>> 1 === classIndex) continue;
      for (let at = this.#firsts[index] ?? 0; at < (this.#firsts[index + 1] ?? 0); at += 1) {
        const unit = this.#references[at] ?? 0;
        if (unit !== 0 && hasBit(isOfClass, unit) && !use(this.#referenceAt(unit, at, index))) return;
      }
    }
  }

  /** What an object refers to: addresses; empty of what is not known. */
  from(address: number): number[] {
    const index = this.#indexOf(address);
    const targets = index < 0 ? [] : [...this.#references.subarray(this.#firsts[index], this.#firsts[index + 1])];
    return targets.filter((unit) => unit !== 0).map((unit) => addressOf(this.#jvm.bounds, unit));
  }

  #referenceAt(unit: number, index: number, holder: number): JavaReference {
    const { bounds } = this.#jvm;
    const classAndAge = this.#classes[holder] ?? 0;
    const [classIndex, place] = [classAndAge >>> 1, index - (this.#firsts[holder] ?? 0)];
    const ofMirror = classIndex === this.#table.mirrors ? this.#headerBytes + place * this.#referenceBytes : null;
    const offset = this.#offsetsOf(classIndex)?.[place] ?? ofMirror;
    const isYoung = (classAndAge & 1) === 1;
    return { target: addressOf(bounds, unit), holder: addressOf(bounds, this.#holders[holder] ?? 0), classIndex, isYoung, offset };
  }
}

/** Beyond the last of them nothing is kept. */
function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

function hasBit(bits: Uint32Array, index: number): boolean {
  return (((bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
}

/** Index of the last that is not more, of a list in order from `start` to `end`; one before the start: all are more. */
function lastAtMost(list: Uint32Array, value: number, start: number, end: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
