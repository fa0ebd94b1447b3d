/**
 * Which object refers to which, as it was in one walk over the heap: what holds an object is then found without the process, whatever its
 * collector moves meanwhile. Where the references of an object are is said by the map that the collector itself goes by, behind each class.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import type { Jvm } from './javaCensus.ts';
import type { JavaClass } from './javaClasses.ts';
import type { ClassTable, JavaObject } from './javaHeap.ts';
import { JavaReferrers } from './javaReferrers.ts';
import { LongList, partLength } from './longList.ts';

const windowWords = 1 << 18;
/** An address is kept as how many units of this it is behind the start of the heap, and one more. */
const unitBytes = 8;
const mostBytes = 400 << 20;
const mostUnits = 2 ** 32;
const mostBlocks = 1_000;
const mostRounds = 6;
const leastTakenOutPart = 0.001;
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
  readonly holders = new LongList();
  /** Of each the index of its class, twice; one more for what is young. */
  readonly classes = new LongList();
  /** Of each its first reference. */
  readonly firsts = new LongList();
  /** Units that are referred to, 0 for none; of arrays only those that lead somewhere. */
  readonly references = new LongList();
  /** Of those that lead somewhere the index, by where. */
  readonly byTarget = new LongList();

  clear(): void {
    for (const list of [this.holders, this.classes, this.firsts, this.references]) list.clear();
  }

  get bytes(): number {
    return (this.holders.length * 3 + this.references.length) * 4;
  }
}

export class JavaReferences {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #holders: LongList;
  readonly #classes: LongList;
  readonly #firsts: LongList;
  readonly #references: LongList;
  #referrers: JavaReferrers | null = null;
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
    jvm.lists.clear();
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

  /** There were more than may be kept: what holds what is not known. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Of what was added until now the objects are counted as settled. */
  settle(): void {
    this.#settled = this.#holders.length;
  }

  /** What is added from here on begins at a lower address again. */
  beginRun(): void {
    this.#runs.push(this.#holders.length);
  }

  /** Objects of a run are added by address. */
  add(object: JavaObject): void {
    const { classIndex } = object;
    const offsets = this.#offsetsOf(classIndex);
    if (offsets !== null && offsets.length === 0) return;
    if (this.#isFull) return;
    this.#holders.push(this.#unitOf(object.address));
    this.#classes.push(classIndex * 2 + Number(object.age !== 'old'));
    this.#firsts.push(this.#references.length);
    if (offsets === null) this.#addAll(object);
    else this.#addFields(object, offsets);
    if (this.#jvm.lists.bytes > mostBytes) this.#isFull = true;
  }

  #addFields({ address, words, word, length, bytes }: JavaObject, offsets: Int32Array): void {
    const isWhole = word + bytes / 4 <= length;
    const from = isWhole ? words : this.#reread(address, Math.min(bytes, windowWords * 4));
    const first = isWhole ? word : 0;
    for (let index = 0; index < offsets.length; index += 1) {
      this.#references.push(this.#unitIn(from, first + ((offsets[index] ?? 0) >>> 2)));
    }
  }

  /** Every element, or of a mirror every word: its static fields lie behind its own. */
  #addAll({ address, words, word, length, bytes, classIndex }: JavaObject): void {
    const ofArray = this.#table.headerBytes(classIndex);
    const step = this.#referenceBytes / 4;
    const inWindow = Math.min(bytes, (length - word) * 4);
    let at = ofArray || this.#headerBytes;
    for (; at + this.#referenceBytes <= inWindow; at += this.#referenceBytes) this.#addWord(words, word + (at >>> 2), ofArray > 0);
    while (at + this.#referenceBytes <= bytes && !this.#isFull) {
      const count = Math.min(windowWords, (bytes - at) >>> 2);
      const rest = this.#reread(address + at, count * 4);
      for (let index = 0; index + step <= count; index += step) this.#addWord(rest, index, ofArray > 0);
      at += count * 4;
    }
  }

  #addWord(words: Uint32Array, word: number, isOfArray: boolean): void {
    const unit = this.#unitIn(words, word);
    if (unit !== 0 || !isOfArray) this.#references.push(unit);
  }

  /** Where a reference leads; 0: nowhere in the heap. */
  #unitIn(words: Uint32Array, word: number): number {
    const low = words[word] ?? 0;
    const reference = this.#referenceBytes === 8 ? low + (words[word + 1] ?? 0) * 2 ** 32 : low;
    const unit = reference === 0 ? 0 : reference * this.#shift + this.#base;
    return unit > 0 && unit < this.#mostUnit && Number.isInteger(unit) ? unit : 0;
  }

  /** Only pages that are in memory; zero where nothing is. */
  #reread(address: number, bytes: number): Uint32Array {
    const { memory } = this.#jvm;
    const into = new Uint8Array(this.#window.buffer);
    into.fill(0, 0, bytes);
    const [firstPage, endPage] = [address - (address % 4_096), address + bytes + 4_095];
    for (const [from, to] of memory.present(firstPage, endPage - (endPage % 4_096))) {
      const [start, end] = [Math.max(from, address), Math.min(to, address + bytes)];
      if (start < end) memory.read(start, into.subarray(start - address, end - address));
    }
    return this.#window;
  }

  #unitOf(address: number): number {
    return (address - this.#jvm.bounds.start) / unitBytes + 1;
  }

  #addressOf(unit: number): number {
    return this.#jvm.bounds.start + (unit - 1) * unitBytes;
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
    // Only of what may be taken out it is asked: a heap may be reserved far beyond what it has.
    const last = Math.max(0, ...this.#runs.map((_, run) => this.#holders.at((this.#runs[run + 1] ?? this.#holders.length) - 1)));
    const isReferred = new Uint8Array(Math.ceil((last + 1) / 8));
    for (let round = 0; round < mostRounds; round += 1) {
      isReferred.fill(0);
      for (const root of roots) setBit(isReferred, this.#unitOf(root));
      this.#markReferred(isReferred);
      if (this.#takeOutUnreferred(isReferred, youngMoved) <= this.#holders.length * leastTakenOutPart) break;
    }
    this.#referrers = new JavaReferrers(this.#references, this.#jvm.lists.byTarget, this.#mostUnit);
  }

  #markReferred(isReferred: Uint8Array): void {
    const { length } = this.#references;
    for (let first = 0; first < length; first += partLength) {
      const part = this.#references.partFrom(first, length);
      for (let at = 0; at < part.length; at += 1) setBit(isReferred, part[at] ?? 0);
    }
  }

  #takeOutUnreferred(isReferred: Uint8Array, youngMoved: boolean): number {
    const { length } = this.#holders;
    const mirrors = this.#table.mirrors;
    let count = 0;
    for (let first = 0; first < length; first += partLength) {
      const [holders, classes] = [this.#holders.partFrom(first, length), this.#classes.partFrom(first, length)];
      for (let index = 0; index < holders.length; index += 1) {
        if (hasBit(isReferred, holders[index] ?? 0)) continue;
        const of = classes[index] ?? 0;
        if (of === takenOut || of >>> 1 === mirrors || (youngMoved && (of & 1) === 1)) continue;
        classes[index] = takenOut;
        this.#references.clearFrom(this.#firsts.at(first + index), this.#endOf(first + index));
        count += 1;
      }
    }
    return count;
  }

  /** By class, how many objects are left: all, and of those the settled. */
  leftOf(): { all: Float64Array; settled: Float64Array } {
    const [all, settled] = [new Float64Array(this.#table.classes.length), new Float64Array(this.#table.classes.length)];
    const { length } = this.#classes;
    for (let first = 0; first < length; first += partLength) {
      const classes = this.#classes.partFrom(first, length);
      for (let at = 0; at < classes.length; at += 1) {
        const of = classes[at] ?? 0;
        if (of === takenOut) continue;
        all[of >>> 1] = (all[of >>> 1] ?? 0) + 1;
        if (first + at < this.#settled) settled[of >>> 1] = (settled[of >>> 1] ?? 0) + 1;
      }
    }
    return { all, settled };
  }

  holdsReferences(classIndex: number): boolean {
    return this.#offsetsOf(classIndex)?.length !== 0;
  }

  isRubbish(address: number): boolean {
    const index = this.#indexOf(address);
    return index >= 0 && this.#classes.at(index) === takenOut;
  }

  #indexOf(address: number): number {
    const unit = this.#unitOf(address);
    let found = -1;
    for (const [run, start] of this.#runs.entries()) {
      const index = this.#holders.lastAtMost(unit, start, this.#runs[run + 1]);
      if (index >= start && this.#holders.at(index) === unit) found = index;
    }
    return found;
  }

  /** Calls `use`, until that says false, for each reference to this address. */
  to(address: number, use: (reference: JavaReference) => boolean): void {
    this.#toUnit(this.#unitOf(address), use);
  }

  /** Calls `use`, until that says false, for each reference to an object of a class from an object that is none of it. */
  toClassFromOutside(classIndex: number, use: (reference: JavaReference) => boolean): void {
    let goesOn = true;
    for (let index = 0; index < this.#holders.length && goesOn; index += 1) {
      if (this.#classes.at(index) >>> 1 !== classIndex) continue;
      this.#toUnit(this.#holders.at(index), (reference) => {
        goesOn = reference.classIndex === classIndex || use(reference);
        return goesOn;
      });
    }
  }

  #toUnit(unit: number, use: (reference: JavaReference) => boolean): void {
    this.#referrers?.to(unit, (index) => use(this.#referenceAt(unit, index, this.#firsts.lastAtMost(index))));
  }

  /** What an object refers to: addresses; empty of what is not known. */
  from(address: number): number[] {
    const index = this.#indexOf(address);
    if (index < 0) return [];
    const targets: number[] = [];
    for (let at = this.#firsts.at(index); at < this.#endOf(index); at += 1) {
      const target = this.#references.at(at);
      if (target !== 0) targets.push(this.#addressOf(target));
    }
    return targets;
  }

  #referenceAt(unit: number, index: number, holder: number): JavaReference {
    const classAndAge = this.#classes.at(holder);
    const [classIndex, place] = [classAndAge >>> 1, index - this.#firsts.at(holder)];
    const ofMirror = classIndex === this.#table.mirrors ? this.#headerBytes + place * this.#referenceBytes : null;
    const offset = this.#offsetsOf(classIndex)?.[place] ?? ofMirror;
    const isYoung = (classAndAge & 1) === 1;
    return { target: this.#addressOf(unit), holder: this.#addressOf(this.#holders.at(holder)), classIndex, isYoung, offset };
  }

  #endOf(holder: number): number {
    return holder + 1 < this.#firsts.length ? this.#firsts.at(holder + 1) : this.#references.length;
  }
}

function setBit(bits: Uint8Array, index: number): void {
  bits[index >>> 3] = (bits[index >>> 3] ?? 0) | (1 << (index & 7));
}

function hasBit(bits: Uint8Array, index: number): boolean {
  return (((bits[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1;
}
