/**
 * Which object refers to which, as it was in one walk over the heap: what holds an object is then found without the process, whatever its
 * collector moves meanwhile. Where the references of an object are is said by the map that the collector itself goes by, behind each class.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import type { ClassTable } from './classTable.ts';
import type { ReferenceLists } from './referenceLists.ts';

const mostRounds = 6;
const leastTakenOutPart = 0.001;
const mostFreed = 100_000;
/** In place of the class of what is rubbish. */
const takenOut = 2 ** 32 - 1;

export interface JavaReference {
  /** Unit and class of what refers to it. */
  holder: number;
  classIndex: number;
  isYoung: boolean;
  /** In the object; null in an array. */
  offset: number | null;
}

export class JavaReferences {
  readonly #table: ClassTable;
  readonly #lists: ReferenceLists;
  /** Index of the first holder of each. */
  readonly #runs: number[] = [];
  #settled = 0;

  /** What another one has in the same lists is gone. */
  constructor(table: ClassTable, lists: ReferenceLists) {
    this.#table = table;
    this.#lists = lists;
    lists.clear();
  }

  /** What only those hold that were left out seems to be held by nothing. */
  get isFull(): boolean {
    return this.#lists.isFull;
  }

  /** Of what was added until now the objects are counted as settled. */
  settle(): void {
    this.#settled = this.#lists.holderCount;
  }

  /** What is added from here on begins at a lower address again; until the next one it is in order. */
  beginRun(): void {
    this.#runs.push(this.#lists.holderCount);
  }

  /**
   * Takes out what neither a root nor anything that is left refers to, round by round and the last few one by one: rubbish, but for what refers to
   * itself in a circle, and mostly the ends of long chains. `roots`: units. `youngMoved`: what is young may be referred to by another address, and stays. By class, how
   * many were taken out: of all, and of the settled.
   */
  takeOutRubbish(roots: ReadonlySet<number>, youngMoved: boolean): TakenOut {
    const { references, referenceCount, holderCount } = this.#lists;
    const isReferred = this.#bitsOfHolders();
    const taken = { all: new Float64Array(this.#table.classes.length), settled: new Float64Array(this.#table.classes.length) };
    let freed: number[] = [];
    for (let round = 0; round < mostRounds; round += 1) {
      freed = [];
      if (round > 0) isReferred.fill(0);
      for (const root of roots) setBit(isReferred, root);
      for (let index = 0; index < referenceCount; index += 1) setBit(isReferred, references[index] ?? 0);
      if (this.#takeOutUnreferred(isReferred, { youngMoved, taken, freed }) <= holderCount * leastTakenOutPart) break;
    }
    this.#lists.sortByTarget();
    this.#takeOutFreed(roots, { youngMoved, taken, freed });
    return taken;
  }

  /** Up to the last holder: a heap may be reserved far beyond what it has. */
  #bitsOfHolders(): Uint32Array {
    const { holders, holderCount } = this.#lists;
    const lasts = this.#runs.map((start, run) => holders[Math.max(start, this.#runs[run + 1] ?? holderCount) - 1] ?? 0);
    return this.#lists.clearedBits(Math.max(0, ...lasts) + 1);
  }

  #takeOutUnreferred(isReferred: Uint32Array, takingOut: TakingOut): number {
    const { holders, holderCount } = this.#lists;
    let count = 0;
    for (let index = 0; index < holderCount; index += 1) {
      if (hasBit(isReferred, holders[index] ?? 0)) continue;
      if (this.#takeOut(index, takingOut)) count += 1;
    }
    return count;
  }

  /** What the last that were taken out referred to, and nothing else does. */
  #takeOutFreed(roots: ReadonlySet<number>, takingOut: TakingOut): void {
    for (const unit of takingOut.freed) {
      if (roots.has(unit) || this.#lists.to(unit, 1).length > 0) continue;
      const index = this.#indexOf(unit);
      if (index >= 0) this.#takeOut(index, takingOut);
    }
  }

  #takeOut(index: number, { youngMoved, taken: { all, settled }, freed }: TakingOut): boolean {
    const { classes, firsts, references } = this.#lists;
    const of = classes[index] ?? 0;
    const classIndex = of >>> 1;
    if (of === takenOut || classIndex === this.#table.mirrors || (youngMoved && (of & 1) === 1)) return false;
    classes[index] = takenOut;
    for (let at = firsts[index] ?? 0; at < (firsts[index + 1] ?? 0); at += 1) {
      const unit = references[at] ?? 0;
      if (unit !== 0 && freed.length < mostFreed) freed.push(unit);
      references[at] = 0;
    }
    all[classIndex] = (all[classIndex] ?? 0) + 1;
    if (index < this.#settled) settled[classIndex] = (settled[classIndex] ?? 0) + 1;
    return true;
  }

  /** Whether an object that refers to others was seen there. */
  isKnown(unit: number): boolean {
    return this.#indexOf(unit) >= 0;
  }

  /** What an object refers to by the field that so many are before. */
  replace(holder: number, before: number, unit: number): void {
    const index = this.#indexOf(holder);
    const { firsts, references } = this.#lists;
    const at = (firsts[index] ?? 0) + before;
    if (index >= 0 && at < (firsts[index + 1] ?? 0)) references[at] = unit;
  }

  isRubbish(unit: number): boolean {
    const index = this.#indexOf(unit);
    return index >= 0 && this.#lists.classes[index] === takenOut;
  }

  #indexOf(unit: number): number {
    const { holders, holderCount } = this.#lists;
    let found = -1;
    for (let run = 0; run < this.#runs.length; run += 1) {
      const start = this.#runs[run] ?? 0;
      const index = lastAtMost(holders, unit, start, this.#runs[run + 1] ?? holderCount);
      if (index >= start && holders[index] === unit) found = index;
    }
    return found;
  }

  /** The first so many references to a unit. */
  to(unit: number, most: number): JavaReference[] {
    const { firsts, holderCount } = this.#lists;
    return this.#lists.to(unit, most).map((index) => this.#referenceAt(index, lastAtMost(firsts, index, 0, holderCount)));
  }

  /** Calls `use`, until that says false, for each reference to an object of a class from an object that is none of it. */
  toClassFromOutside(classIndex: number, use: (reference: JavaReference) => boolean): void {
    const { holders, classes, firsts, references, holderCount } = this.#lists;
    const isOfClass = this.#bitsOfHolders();
    for (let index = 0; index < holderCount; index += 1) {
      if ((classes[index] ?? 0) >>> 1 === classIndex) setBit(isOfClass, holders[index] ?? 0);
    }
    for (let index = 0; index < holderCount; index += 1) {
      if ((classes[index] ?? 0) >>> 1 === classIndex) continue;
      for (let at = firsts[index] ?? 0; at < (firsts[index + 1] ?? 0); at += 1) {
        const unit = references[at] ?? 0;
        if (unit !== 0 && hasBit(isOfClass, unit) && !use(this.#referenceAt(at, index))) return;
      }
    }
  }

  /** What an object refers to: units, the first so many; empty of what is not known. */
  from(unit: number, most: number): number[] {
    const { firsts, references } = this.#lists;
    const index = this.#indexOf(unit);
    if (index < 0) return [];
    const first = firsts[index] ?? 0;
    const targets = references.subarray(first, Math.min(first + most, firsts[index + 1] ?? 0));
    return [...targets].filter((target) => target !== 0);
  }

  #referenceAt(index: number, holder: number): JavaReference {
    const { holders, classes, firsts } = this.#lists;
    const classAndAge = classes[holder] ?? 0;
    const classIndex = classAndAge >>> 1;
    return {
      holder: holders[holder] ?? 0,
      classIndex,
      isYoung: (classAndAge & 1) === 1,
      offset: this.#table.offsetOf(classIndex, index - (firsts[holder] ?? 0)),
    };
  }
}

/** By class. */
interface TakenOut {
  all: Float64Array;
  settled: Float64Array;
}

interface TakingOut {
  youngMoved: boolean;
  taken: TakenOut;
  /** Units that what is taken out referred to. */
  freed: number[];
}

/** A bit for two units: no object is shorter, so that two of them never begin in the same. Beyond the last of them nothing is kept. */
function setBit(bits: Uint32Array, unit: number): void {
  bits[unit >>> 6] = (bits[unit >>> 6] ?? 0) | (1 << ((unit >>> 1) & 31));
}

function hasBit(bits: Uint32Array, unit: number): boolean {
  return (((bits[unit >>> 6] ?? 0) >>> ((unit >>> 1) & 31)) & 1) === 1;
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
