/**
 * Which object refers to which, as it was in one walk over the heap: what holds an object is then found without the process, whatever its
 * collector moves meanwhile. Where the references of an object are is said by the map that the collector itself goes by, behind each class.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import type { Jvm } from './javaCensus.ts';
import type { ClassTable, JavaObject } from './javaHeap.ts';

const partBits = 20;
const partLength = 1 << partBits;
const partMask = partLength - 1;
const filterSize = 1 << 16;
const windowWords = 1 << 18;
/** An address is kept as how many units of this it is behind the start of the heap, and one more. */
const unitBytes = 8;
const largestHeap = 2 ** 35;
const mostBlocks = 1_000;
const mostRounds = 6;
const leastTakenOutPart = 0.0001;
/** In place of the class of what is rubbish. */
const takenOut = 2 ** 32 - 1;

/** Numbers one after the other, in parts: nothing is copied when it grows. */
class LongList {
  readonly parts: Uint32Array[] = [];
  length = 0;

  push(value: number): void {
    const at = this.length & partMask;
    if (at === 0) this.parts.push(new Uint32Array(partLength));
    const part = this.parts[this.length >>> partBits];
    if (part !== undefined) part[at] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.parts[index >>> partBits]?.[index & partMask] ?? 0;
  }
}

export interface JavaReference {
  /** Address of what is referred to. */
  target: number;
  /** Address and class of what refers to it. */
  holder: number;
  classIndex: number;
  isYoung: boolean;
  /** In the object. */
  offset: number;
}

export class JavaReferences {
  readonly #jvm: Jvm;
  readonly #table: ClassTable;
  readonly #mostBytes: number;
  readonly #holders = new LongList();
  /** Index of the class, twice; one more for what is young. */
  readonly #classes = new LongList();
  /** Of each holder its first reference. */
  readonly #firsts = new LongList();
  readonly #references = new LongList();
  /** By class: offsets of the references in bytes; null of arrays and mirrors. */
  readonly #offsets: (Int32Array | null | undefined)[] = [];
  readonly #window = new Uint32Array(windowWords);
  readonly #referenceBytes: number;
  readonly #headerBytes: number;
  readonly #shift: number;
  readonly #base: number;
  /** Index of the first holder of each. */
  readonly #runs: number[] = [];
  #settled = 0;
  #isFull = false;

  constructor(jvm: Jvm, table: ClassTable, mostBytes: number) {
    this.#jvm = jvm;
    this.#table = table;
    this.#mostBytes = mostBytes;
    const { oopShift, oopBase, start, end } = jvm.bounds;
    this.#referenceBytes = oopShift === null ? 8 : 4;
    this.#headerBytes = oopShift === null ? 16 : 12;
    this.#shift = 2 ** (oopShift ?? 0) / unitBytes;
    this.#base = (oopBase - start) / unitBytes + 1;
    this.#isFull = end - start > largestHeap;
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
    if (this.#isFull || this.#table.isPlainArray(classIndex)) return;
    const offsets = this.#offsetsOf(classIndex);
    if (offsets !== null && offsets.length === 0) return;
    this.#holders.push(this.#unitOf(object.address));
    this.#classes.push(classIndex * 2 + Number(object.age !== 'old'));
    this.#firsts.push(this.#references.length);
    if (offsets === null) this.#addAll(object, this.#table.headerBytes(classIndex) || this.#headerBytes);
    else this.#addFields(object, offsets);
    const lists = this.#holders.length * 3 + this.#references.length;
    if (lists * 4 > this.#mostBytes) this.#isFull = true;
  }

  #addFields({ address, words, word, length, bytes }: JavaObject, offsets: Int32Array): void {
    const isWhole = word + bytes / 4 <= length;
    const from = isWhole ? words : this.#reread(address, Math.min(bytes, windowWords * 4));
    const first = isWhole ? word : 0;
    for (const offset of offsets) this.#addWord(from, first + (offset >>> 2));
  }

  /** Every element, or of a mirror every word: its static fields lie behind its own. */
  #addAll({ address, words, word, length, bytes }: JavaObject, fromByte: number): void {
    const step = this.#referenceBytes / 4;
    const inWindow = Math.min(bytes, (length - word) * 4);
    let at = fromByte;
    for (; at + this.#referenceBytes <= inWindow; at += this.#referenceBytes) this.#addWord(words, word + (at >>> 2));
    while (at + this.#referenceBytes <= bytes && !this.#isFull) {
      const count = Math.min(windowWords, (bytes - at) >>> 2);
      const rest = this.#reread(address + at, count * 4);
      for (let index = 0; index + step <= count; index += step) this.#addWord(rest, index);
      at += count * 4;
    }
  }

  #addWord(words: Uint32Array, word: number): void {
    const low = words[word] ?? 0;
    const reference = this.#referenceBytes === 8 ? low + (words[word + 1] ?? 0) * 2 ** 32 : low;
    const unit = reference === 0 ? 0 : reference * this.#shift + this.#base;
    this.#references.push(unit > 0 && unit < 2 ** 32 && Number.isInteger(unit) ? unit : 0);
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
    let found = this.#offsets[classIndex];
    if (found === undefined) {
      const isWords = classIndex === this.#table.mirrors || this.#table.headerBytes(classIndex) > 0;
      found = isWords ? null : this.#readOffsets(classIndex);
      this.#offsets[classIndex] = found;
    }
    return found;
  }

  /** Behind the tables of methods of a class: offset and count of each run of references. */
  #readOffsets(classIndex: number): Int32Array {
    const { vm } = this.#jvm;
    const { klass, layoutHelper } = this.#table.classes[classIndex] ?? { klass: 0, layoutHelper: 0 };
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
    const { start, end } = this.#jvm.bounds;
    const isReferred = new Uint8Array(Math.ceil(((end - start) / unitBytes + 2) / 8));
    for (let round = 0; round < mostRounds; round += 1) {
      isReferred.fill(0);
      for (const root of roots) setBit(isReferred, this.#unitOf(root));
      this.#markReferred(isReferred);
      if (this.#takeOutUnreferred(isReferred, youngMoved) <= this.#holders.length * leastTakenOutPart) return;
    }
  }

  #markReferred(isReferred: Uint8Array): void {
    const { parts } = this.#references;
    for (let index = 0, at = 0; index < this.#holders.length; index += 1) {
      const after = this.#endOf(index);
      if (this.#classes.at(index) === takenOut) {
        at = after;
        continue;
      }
      while (at < after) {
        const part = parts[at >>> partBits] ?? new Uint32Array(0);
        const until = Math.min(after, (at | partMask) + 1);
        for (; at < until; at += 1) setBit(isReferred, part[at & partMask] ?? 0);
      }
    }
  }

  #takeOutUnreferred(isReferred: Uint8Array, youngMoved: boolean): number {
    let count = 0;
    for (const [number, holders] of this.#holders.parts.entries()) {
      const classes = this.#classes.parts[number] ?? new Uint32Array(0);
      const length = Math.min(partLength, this.#holders.length - number * partLength);
      for (let index = 0; index < length; index += 1) {
        const of = classes[index] ?? 0;
        if (hasBit(isReferred, holders[index] ?? 0) || of === takenOut || of >>> 1 === this.#table.mirrors) continue;
        if (youngMoved && (of & 1) === 1) continue;
        classes[index] = takenOut;
        count += 1;
      }
    }
    return count;
  }

  /** By class, how many objects are left: all, and of those the settled. */
  leftOf(): { all: Float64Array; settled: Float64Array } {
    const [all, settled] = [new Float64Array(this.#table.classes.length), new Float64Array(this.#table.classes.length)];
    for (let index = 0; index < this.#holders.length; index += 1) {
      const of = this.#classes.at(index);
      if (of === takenOut) continue;
      all[of >>> 1] = (all[of >>> 1] ?? 0) + 1;
      if (index < this.#settled) settled[of >>> 1] = (settled[of >>> 1] ?? 0) + 1;
    }
    return { all, settled };
  }

  holdsReferences(classIndex: number): boolean {
    return !this.#table.isPlainArray(classIndex) && this.#offsetsOf(classIndex)?.length !== 0;
  }

  isRubbish(address: number): boolean {
    const index = this.#indexOf(address);
    return index >= 0 && this.#classes.at(index) === takenOut;
  }

  #indexOf(address: number): number {
    const unit = this.#unitOf(address);
    let found = -1;
    for (const [run, start] of this.#runs.entries()) {
      const index = lastAtMost(this.#holders, unit, start, this.#runs[run + 1] ?? this.#holders.length);
      if (index >= start && this.#holders.at(index) === unit) found = index;
    }
    return found;
  }

  /** Calls `use` for each reference to one of these addresses. */
  to(targets: ReadonlyMap<number, unknown>, use: (reference: JavaReference) => void): void {
    const units = new Set([...targets.keys()].map((address) => this.#unitOf(address)));
    const filter = new Uint8Array(filterSize);
    for (const unit of units) filter[unit & (filterSize - 1)] = 1;
    this.#each(filter, (unit, index) => {
      if (!units.has(unit)) return;
      const holder = lastAtMost(this.#firsts, index);
      if (this.#classes.at(holder) !== takenOut) use(this.#referenceAt(unit, index, holder));
    });
  }

  /** Calls `use`, until that says false, for each reference to an object of a class from an object that is none of it. */
  toClassFromOutside(classIndex: number, use: (reference: JavaReference) => boolean): void {
    const { start, end } = this.#jvm.bounds;
    const isOfClass = new Uint8Array(Math.ceil(((end - start) / unitBytes + 2) / 8));
    for (let index = 0; index < this.#holders.length; index += 1) {
      if (this.#classes.at(index) >>> 1 === classIndex) setBit(isOfClass, this.#holders.at(index));
    }
    for (let index = 0; index < this.#holders.length; index += 1) {
      const of = this.#classes.at(index);
      if (of === takenOut || of >>> 1 === classIndex) continue;
      for (let at = this.#firsts.at(index); at < this.#endOf(index); at += 1) {
        const unit = this.#references.at(at);
        if (unit !== 0 && hasBit(isOfClass, unit) && !use(this.#referenceAt(unit, at, index))) return;
      }
    }
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

  /** Kept plain, because it sees every reference. */
  #each(filter: Uint8Array, use: (unit: number, index: number) => void): void {
    for (const [part, references] of this.#references.parts.entries()) {
      const length = Math.min(partLength, this.#references.length - part * partLength);
      for (let at = 0; at < length; at += 1) {
        const unit = references[at] ?? 0;
        if (unit !== 0 && filter[unit & (filterSize - 1)] !== 0) use(unit, part * partLength + at);
      }
    }
  }

  #referenceAt(unit: number, index: number, holder: number): JavaReference {
    const classAndAge = this.#classes.at(holder);
    const [classIndex, place] = [classAndAge >>> 1, index - this.#firsts.at(holder)];
    const header = this.#table.headerBytes(classIndex) || this.#headerBytes;
    const offset = this.#offsets[classIndex]?.[place] ?? header + place * this.#referenceBytes;
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

/** Index of the last that is not more, of a list in order from `start` to `end`; one before the start: all are more. */
function lastAtMost(list: LongList, value: number, start = 0, end = list.length): number {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list.at(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
