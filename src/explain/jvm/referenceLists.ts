/**
 * Columns of the objects that may refer to others, and of what they refer to: some 8 bytes for each object, of a heap that may have 60 million. What
 * is kept of one look serves the next one again.
 */
import type { JavaHeapBounds } from './javaHeap.ts';

const unitBytes = 8;
/** Memory is taken only of what is written, and of all columns together at most so much. */
const mostBytes = 470 << 20;
/** Beyond this part of it, of classes with many objects no more are kept. */
const commonPart = 0.92;
const mostHolders = 128 << 20;
const mostReferences = 118 << 20;
const bytesOfHolder = 3;
const bytesOfReference = 4;
/** With room for what one object, or those of one window, may refer to, which is counted before it is known whether it is kept. */
const spareReferences = 1 << 18;
const mostUnits = 2 ** 32 - 2;
const cellsOfWord = 16;
export const holdersOfBlock = 64;
const mostGap = 255;
const longReferences = 64;
const mostKinds = 2 ** 15;

/** No object is shorter than a cell, so that two of them never begin in the same; 0: nowhere. */
export function cellOf(unit: number): number {
  return (unit + 1) >>> 1;
}

/** Where one object is in the columns. */
export interface HolderPlace {
  /** Its index among all. */
  holder: number;
  unit: number;
  /** Index of its first reference, where it has one. */
  first: number;
  isOld: boolean;
}

export class ReferenceLists {
  /** A number for its class, twice, and one more where it refers to something. */
  readonly kinds: Uint16Array;
  /** Cells that are referred to, 0 for none, twice; one more for the last that an object has. Of arrays only those that lead somewhere. */
  readonly references: Uint32Array;
  /** Of each cell how often it is referred to, up to three times, which is also that nobody knows; in two bits. */
  readonly #counts: Int32Array;
  /** In units, from the one before in the block. */
  readonly #gaps: Uint8Array;
  /** Holders one after the other; by block the unit, index and reference of the first. */
  readonly #blockUnits: Uint32Array;
  readonly #blockHolders: Uint32Array;
  readonly #blockReferences: Uint32Array;
  readonly #blockAges: Uint8Array;
  /** First blocks of what begins at a lower address again. */
  readonly #runs: number[] = [];
  readonly #isTooLarge: boolean;
  /** In the block that is written. */
  #roomInBlock = 0;
  #isOld = false;
  #lastUnit = 0;
  blockCount = 0;
  holderCount = 0;
  referenceCount = 0;
  /** There were more than may be kept. */
  isFull = false;

  constructor({ start, end }: JavaHeapBounds) {
    const units = (end - start) / unitBytes;
    const holders = Math.min(mostHolders, Math.ceil(units / 2));
    const blocks = Math.ceil(holders / holdersOfBlock + units / mostGap) + 2;
    this.#isTooLarge = units >= mostUnits;
    this.kinds = new Uint16Array(holders);
    this.#gaps = new Uint8Array(holders);
    this.references = new Uint32Array(Math.min(mostReferences, units * 2) + spareReferences);
    this.#counts = new Int32Array(Math.ceil((cellOf(Math.min(units, mostUnits)) + 1) / cellsOfWord));
    this.#blockUnits = new Uint32Array(blocks);
    this.#blockHolders = new Uint32Array(blocks);
    this.#blockReferences = new Uint32Array(blocks);
    this.#blockAges = new Uint8Array(blocks);
  }

  clear(): void {
    this.blockCount = 0;
    this.holderCount = 0;
    this.referenceCount = 0;
    this.#runs.length = 0;
    this.isFull = this.#isTooLarge;
    this.#counts.fill(0);
  }

  /** What is added from here on begins at a lower address again; until the next one it is in order. */
  beginRun(): void {
    this.#runs.push(this.blockCount);
    this.#roomInBlock = 0;
  }

  /** What is added from here on is of this age. */
  beginWindow(isOld: boolean): void {
    this.#isOld = isOld;
    this.#roomInBlock = 0;
  }

  /** Whether so many objects with so many references more are kept; `isCommon`: of a class with many others. */
  hasRoom(holders: number, references: number, isCommon: boolean): boolean {
    const [withHolders, withReferences] = [this.holderCount + holders, this.referenceCount + references];
    const bytes = withHolders * bytesOfHolder + withReferences * bytesOfReference;
    const isThere =
      !this.#isTooLarge &&
      bytes <= mostBytes * (isCommon ? commonPart : 1) &&
      withHolders <= this.kinds.length &&
      withReferences <= this.references.length - spareReferences &&
      this.blockCount + holders < this.#blockUnits.length;
    if (!isThere) this.isFull = true;
    return isThere;
  }

  /** `end`: of the references that were written behind those there are. What is none at the end is left away: then it is the last one that says so. */
  add(unit: number, kind: number, end: number): void {
    const { references, referenceCount, holderCount } = this;
    let last = end;
    while (last > referenceCount && (references[last - 1] ?? 0) === 0) last -= 1;
    const gap = unit - this.#lastUnit;
    if (this.#roomInBlock === 0 || gap > mostGap) this.#beginBlock(unit);
    else this.#gaps[holderCount] = gap;
    this.#roomInBlock -= 1;
    this.#lastUnit = unit;
    this.holderCount = holderCount + 1;
    if (last === referenceCount) {
      this.kinds[holderCount] = kind * 2;
      return;
    }
    this.kinds[holderCount] = kind * 2 + 1;
    references[last - 1] = (references[last - 1] ?? 0) | 1;
    this.referenceCount = last;
    // What comes behind a long array is found without going over it.
    if (last - referenceCount > longReferences) this.#roomInBlock = 0;
  }

  #beginBlock(unit: number): void {
    const block = this.blockCount;
    this.#gaps[this.holderCount] = 0;
    this.#blockUnits[block] = unit;
    this.#blockHolders[block] = this.holderCount;
    this.#blockReferences[block] = this.referenceCount;
    this.#blockAges[block] = this.#isOld ? 1 : 0;
    this.blockCount = block + 1;
    this.#roomInBlock = holdersOfBlock;
  }

  /** Of an object that is not kept: what its references lead to is known to be held by something. */
  leaveOut(end: number): void {
    for (let index = this.referenceCount; index < end; index += 1) this.keepHeld((this.references[index] ?? 0) >>> 1);
  }

  countReferences(): void {
    const { references, referenceCount } = this;
    const counts = this.#counts;
    for (let index = 0; index < referenceCount; index += 1) {
      const cell = (references[index] ?? 0) >>> 1;
      const shift = (cell & 15) * 2;
      const word = counts[cell >>> 4] ?? 0;
      if (((word >>> shift) & 3) !== 3) counts[cell >>> 4] = (word + (1 << shift)) | 0;
    }
  }

  isHeld(cell: number): boolean {
    return (((this.#counts[cell >>> 4] ?? 0) >>> ((cell & 15) * 2)) & 3) !== 0;
  }

  /** Whatever is taken out. */
  keepHeld(cell: number): void {
    this.#counts[cell >>> 4] = (this.#counts[cell >>> 4] ?? 0) | (3 << ((cell & 15) * 2));
  }

  /** By one less. Whether that was the last one. */
  letGo(cell: number): boolean {
    const shift = (cell & 15) * 2;
    const word = this.#counts[cell >>> 4] ?? 0;
    const count = (word >>> shift) & 3;
    if (count === 0 || count === 3) return false;
    this.#counts[cell >>> 4] = word - (1 << shift);
    return count === 1;
  }

  /** Index of the first reference from there on to a cell that has its bit in the filter, which has a power of two of words; -1: none. */
  nextTo(filter: Int32Array, from: number): number {
    const { references, referenceCount } = this;
    const mask = filter.length - 1;
    for (let at = from; at < referenceCount; at += 1) {
      const reference = references[at] ?? 0;
      if ((((filter[(reference >>> 6) & mask] ?? 0) >>> ((reference >>> 1) & 31)) & 1) === 1) return at;
    }
    return -1;
  }

  /** Beyond the last of them. */
  get cells(): number {
    return this.#counts.length * cellsOfWord;
  }

  firstHolder(block: number): number {
    return block < this.blockCount ? (this.#blockHolders[block] ?? 0) : this.holderCount;
  }

  isOld(block: number): boolean {
    return this.#blockAges[block] === 1;
  }

  /** Of its holders the units; how many they are. */
  unitsIn(block: number, into: Float64Array): number {
    const [from, to] = [this.firstHolder(block), this.firstHolder(block + 1)];
    let unit = this.#blockUnits[block] ?? 0;
    for (let holder = from; holder < to; holder += 1) {
      unit += this.#gaps[holder] ?? 0;
      into[holder - from] = unit;
    }
    return to - from;
  }

  /** Of its holders the indexes of the first references. */
  firstsIn(block: number, into: Float64Array): void {
    const [from, to] = [this.firstHolder(block), this.firstHolder(block + 1)];
    let at = this.#blockReferences[block] ?? 0;
    for (let holder = from; holder < to; holder += 1) {
      into[holder - from] = at;
      if (holder + 1 < to && ((this.kinds[holder] ?? 0) & 1) === 1) at = this.endOf(at);
    }
  }

  /** Behind the last reference of the object whose first one it is. */
  endOf(first: number): number {
    let at = first;
    while (((this.references[at] ?? 1) & 1) === 0) at += 1;
    return at + 1;
  }

  /** Whose reference it is. */
  holderOfReference(index: number): HolderPlace {
    return this.#lastIn(lastAtMost(this.#blockReferences, index, 0, this.blockCount), mostUnits, index);
  }

  /** Of an address that was read twice, the later one. */
  holderAt(cell: number): HolderPlace | null {
    for (let run = this.#runs.length - 1; run >= 0; run -= 1) {
      const from = this.#runs[run] ?? 0;
      const block = lastAtMost(this.#blockUnits, cell * 2, from, this.#runs[run + 1] ?? this.blockCount);
      const last = block < from ? null : this.#lastIn(block, cell * 2, this.referenceCount);
      if (last !== null && cellOf(last.unit) === cell) return last;
    }
    return null;
  }

  /** Of a block the last holder up to this unit, and up to this reference. */
  #lastIn(block: number, mostUnit: number, mostFirst: number): HolderPlace {
    const lastHolder = this.firstHolder(block + 1) - 1;
    let holder = this.firstHolder(block);
    let unit = this.#blockUnits[block] ?? 0;
    let first = this.#blockReferences[block] ?? 0;
    while (holder < lastHolder) {
      const next = ((this.kinds[holder] ?? 0) & 1) === 1 ? this.endOf(first) : first;
      const gap = this.#gaps[holder + 1] ?? 0;
      if (unit + gap > mostUnit || next > mostFirst) break;
      holder += 1;
      unit += gap;
      first = next;
    }
    return { holder, unit, first, isOld: this.isOld(block) };
  }

  /** Whether there are numbers for so many kinds. */
  static hasKinds(count: number): boolean {
    return count < mostKinds;
  }
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
