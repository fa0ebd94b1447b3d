/**
 * Which object refers to which, as it was in one walk over the heap: what holds an object is then found without the process, whatever its
 * collector moves meanwhile. Where the references of an object are is said by the map that the collector itself goes by, behind each class.
 * https://github.com/openjdk/jdk/blob/master/src/hotspot/share/oops/instanceKlass.hpp
 */
import type { ClassTable } from './classTable.ts';
import { cellOf, type HolderPlace, holdersOfBlock, ReferenceLists } from './referenceLists.ts';
import { TargetIndex } from './targetIndex.ts';

const mostSweeps = 6;
const leastTakenOutPart = 0.001;
const mostFreed = 100_000;
/** In place of the class of what is rubbish. */
const takenOut = 0;
/** Some of the frontier share one, of 2,000 it is one in a hundred that is none of it. */
const filterPlaces = 1 << 18;
const mostSharing = 255;
const mostOfKind = 16;
const mostMet = 1_024;

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
  /** By class a number for it, from 1 on, of those of which there are any; and by number the class. */
  readonly #kindOfClass: Uint16Array;
  readonly #classes: number[] = [-1];
  readonly #mirrors: { unit: number; first: number; end: number }[] = [];
  /** A bit for each place, so that all of it stays in the nearest cache, and how many of the frontier are at each. */
  readonly #filter = new Int32Array(filterPlaces / 32);
  readonly #sharing = new Uint8Array(filterPlaces);
  readonly #units = new Float64Array(holdersOfBlock);
  readonly #firsts = new Float64Array(holdersOfBlock);
  #settled = 0;
  /** Made when it is asked for first, and rubbish was taken out. */
  #index: { of: TargetIndex | null } | null = null;

  /** What another one has in the same lists is gone. */
  constructor(table: ClassTable, lists: ReferenceLists) {
    this.#table = table;
    this.#lists = lists;
    this.#kindOfClass = new Uint16Array(table.classes.length);
    lists.clear();
  }

  /** Of some objects it is not known to what they refer. */
  get isFull(): boolean {
    return this.#lists.isFull;
  }

  /** Of what was added until now the objects are counted as settled. */
  settle(): void {
    this.#settled = this.#lists.holderCount;
  }

  beginRun(): void {
    this.#lists.beginRun();
  }

  /** Takes the number of its class from here; 0: there are more classes than there are numbers for. */
  kindOf(classIndex: number): number {
    const known = this.#kindOfClass[classIndex] ?? 0;
    if (known !== 0 || !ReferenceLists.hasKinds(this.#classes.length)) return known;
    this.#kindOfClass[classIndex] = this.#classes.length;
    return this.#classes.push(classIndex) - 1;
  }

  /** That the last one that was added is a mirror, with these references. */
  addMirror(unit: number, first: number, end: number): void {
    this.#mirrors.push({ unit, first, end });
  }

  /** By cell the references of mirrors, which static fields are among: of an object to which thousands refer they would not be met. */
  ofMirrors(): Map<number, JavaReference[]> {
    const found = new Map<number, JavaReference[]>();
    const classIndex = this.#table.mirrors;
    for (const { unit, first, end } of this.#mirrors) {
      for (let at = first; at < end; at += 1) {
        const cell = (this.#lists.references[at] ?? 0) >>> 1;
        if (cell === 0) continue;
        const reference = { holder: unit, classIndex, isYoung: false, offset: this.#table.offsetOf(classIndex, at - first) };
        const others = found.get(cell);
        if (others === undefined) found.set(cell, [reference]);
        else if (others.length < mostOfKind) others.push(reference);
      }
    }
    return found;
  }

  /**
   * Takes out what neither a root nor anything that is left refers to, and then what only that referred to: rubbish, but for what refers to itself in a
   * circle. Over all of it once from the end, where what is new refers to what is older, then from the beginning, and so on; the last few one by one.
   * `roots`: units. `youngMoved`: what is young may be referred to by another address, and stays. By class, how many were taken out: of all, and of the
   * settled.
   */
  takeOutRubbish(roots: ReadonlySet<number>, youngMoved: boolean): TakenOut {
    const lists = this.#lists;
    const classes = this.#table.classes.length;
    const takingOut: TakingOut = {
      youngMoved,
      taken: { all: new Float64Array(classes), settled: new Float64Array(classes) },
      freed: [],
    };
    lists.countReferences();
    for (const root of roots) lists.keepHeld(cellOf(root));
    for (let sweep = 0; sweep < mostSweeps; sweep += 1) {
      takingOut.freed.length = 0;
      if (this.#sweep(sweep % 2 === 0, takingOut) <= lists.holderCount * leastTakenOutPart) break;
    }
    for (const cell of takingOut.freed) {
      const place = lists.isHeld(cell) ? null : lists.holderAt(cell);
      if (place !== null) this.#takeOut(place.holder, place.first, place.isOld, takingOut);
    }
    return takingOut.taken;
  }

  /** How many were taken out. */
  #sweep(isBackwards: boolean, takingOut: TakingOut): number {
    const lists = this.#lists;
    let taken = 0;
    for (let step = 0; step < lists.blockCount; step += 1) {
      const block = isBackwards ? lists.blockCount - 1 - step : step;
      if (!takingOut.youngMoved || lists.isOld(block)) taken += this.#sweepBlock(block, isBackwards, takingOut);
    }
    return taken;
  }

  #sweepBlock(block: number, isBackwards: boolean, takingOut: TakingOut): number {
    const lists = this.#lists;
    const count = lists.unitsIn(block, this.#units);
    const firstHolder = lists.firstHolder(block);
    let hasFirsts = false;
    let taken = 0;
    for (let step = 0; step < count; step += 1) {
      const index = isBackwards ? count - 1 - step : step;
      if (lists.isHeld(cellOf(this.#units[index] ?? 0))) continue;
      if (!hasFirsts) lists.firstsIn(block, this.#firsts);
      hasFirsts = true;
      if (this.#takeOut(firstHolder + index, this.#firsts[index] ?? 0, lists.isOld(block), takingOut)) taken += 1;
    }
    return taken;
  }

  #takeOut(holder: number, first: number, isOld: boolean, { youngMoved, taken: { all, settled }, freed }: TakingOut): boolean {
    const { kinds, references } = this.#lists;
    const kind = kinds[holder] ?? 0;
    const classIndex = this.#classes[kind >>> 1] ?? -1;
    if (kind >>> 1 === takenOut || classIndex === this.#table.mirrors || (youngMoved && !isOld)) return false;
    const hasReferences = kind & 1;
    kinds[holder] = takenOut * 2 + hasReferences;
    const end = hasReferences === 1 ? this.#lists.endOf(first) : first;
    for (let at = first; at < end; at += 1) {
      const reference = references[at] ?? 0;
      references[at] = reference & 1;
      if (this.#lists.letGo(reference >>> 1) && freed.length < mostFreed) freed.push(reference >>> 1);
    }
    all[classIndex] = (all[classIndex] ?? 0) + 1;
    if (holder < this.#settled) settled[classIndex] = (settled[classIndex] ?? 0) + 1;
    return true;
  }

  /** Whether an object that may refer to others was seen there. */
  isKnown(unit: number): boolean {
    return this.#lists.holderAt(cellOf(unit)) !== null;
  }

  /** What an object refers to by the field that so many are before; before rubbish is taken out. */
  replace(holder: number, before: number, unit: number): void {
    const { kinds, references } = this.#lists;
    const place = this.#lists.holderAt(cellOf(holder));
    if (place === null || ((kinds[place.holder] ?? 0) & 1) === 0) return;
    const at = place.first + before;
    if (at < this.#lists.endOf(place.first)) references[at] = cellOf(unit) * 2 + ((references[at] ?? 0) & 1);
  }

  isRubbish(unit: number): boolean {
    const place = this.#lists.holderAt(cellOf(unit));
    return place !== null && (this.#lists.kinds[place.holder] ?? 0) >>> 1 === takenOut;
  }

  /** Perhaps by one of those that were not kept. */
  isHeldByLeftOut(unit: number): boolean {
    return this.isFull && this.#lists.isHeld(cellOf(unit));
  }

  /**
   * Of each of these units the first so many references to it, with its index; of those of one class only some, because an object may have any number
   * of its own inner ones that refer back to it. Of a large heap, which is gone through once for all of them, there is no index.
   */
  toEach(units: readonly number[], most: number, use: (index: number, reference: JavaReference) => void): void {
    const lists = this.#lists;
    this.#index ??= { of: TargetIndex.of(lists.references, lists.referenceCount, lists.cells) };
    const take = (asked: Asked, at: number) => {
      const reference = this.#referenceAt(at);
      if (asked.isOneMore(reference.classIndex)) use(asked.index, reference);
      return !asked.isEnough;
    };
    const { of: index } = this.#index;
    const asked = units.map((_, place) => new Asked(place, most));
    if (index === null) this.#toAll(new Map(asked.map((each) => [cellOf(units[each.index] ?? 0), each])), take);
    else for (const each of asked) index.to(cellOf(units[each.index] ?? 0), (at) => take(each, at));
  }

  /** Goes over all that there are. */
  #toAll(wanted: Map<number, Asked>, take: (asked: Asked, at: number) => boolean): void {
    const filter = this.#filter.fill(0);
    const sharing = this.#sharing.fill(0);
    for (const cell of wanted.keys()) {
      const place = cell % filterPlaces;
      sharing[place] = Math.min(mostSharing, (sharing[place] ?? 0) + 1);
      filter[place >>> 5] = (filter[place >>> 5] ?? 0) | (1 << (place & 31));
    }
    for (let at = this.#lists.nextTo(filter, 0); at >= 0; at = this.#lists.nextTo(filter, at + 1)) {
      const cell = (this.#lists.references[at] ?? 0) >>> 1;
      const asked = wanted.get(cell);
      if (asked === undefined || take(asked, at)) continue;
      wanted.delete(cell);
      const place = cell % filterPlaces;
      const others = (sharing[place] ?? 0) - 1;
      if (others < mostSharing - 1) sharing[place] = others;
      if (others === 0) filter[place >>> 5] = (filter[place >>> 5] ?? 0) & ~(1 << (place & 31));
    }
  }

  /** Calls `use`, until that says false, for each reference to an object of a class from an object that is none of it. */
  toClassFromOutside(classIndex: number, use: (reference: JavaReference) => boolean): void {
    const lists = this.#lists;
    const { kinds, references } = lists;
    const ofClass = this.#kindOfClass[classIndex] ?? 0;
    const isOfClass = this.#cellsOfKind(ofClass);
    for (let block = 0; block < lists.blockCount; block += 1) {
      const [from, to] = [lists.firstHolder(block), lists.firstHolder(block + 1)];
      lists.firstsIn(block, this.#firsts);
      for (let holder = from; holder < to; holder += 1) {
        const kind = kinds[holder] ?? 0;
        if (kind >>> 1 === ofClass || (kind & 1) === 0) continue;
        const first = this.#firsts[holder - from] ?? 0;
        const end = lists.endOf(first);
        for (let at = first; at < end; at += 1) {
          const cell = (references[at] ?? 0) >>> 1;
          if (cell !== 0 && (((isOfClass[cell >>> 5] ?? 0) >>> (cell & 31)) & 1) === 1 && !use(this.#referenceAt(at))) return;
        }
      }
    }
  }

  /** A bit for each cell. */
  #cellsOfKind(kind: number): Int32Array {
    const lists = this.#lists;
    const found = new Int32Array(lists.cells / 32 + 1);
    for (let block = 0; block < lists.blockCount; block += 1) {
      const count = lists.unitsIn(block, this.#units);
      const firstHolder = lists.firstHolder(block);
      for (let index = 0; index < count; index += 1) {
        if ((lists.kinds[firstHolder + index] ?? 0) >>> 1 !== kind) continue;
        const cell = cellOf(this.#units[index] ?? 0);
        found[cell >>> 5] = (found[cell >>> 5] ?? 0) | (1 << (cell & 31));
      }
    }
    return found;
  }

  /** What an object refers to: cells, the first so many; empty of what is not known. */
  from(unit: number, most: number): number[] {
    const { kinds, references } = this.#lists;
    const place = this.#lists.holderAt(cellOf(unit));
    if (place === null || ((kinds[place.holder] ?? 0) & 1) === 0) return [];
    const first = references.subarray(place.first, place.first + most);
    const last = first.findIndex((reference) => (reference & 1) === 1);
    return [...(last < 0 ? first : first.subarray(0, last + 1))].map((reference) => reference >>> 1).filter((cell) => cell !== 0);
  }

  #referenceAt(index: number): JavaReference {
    const { holder, unit, first, isOld }: HolderPlace = this.#lists.holderOfReference(index);
    const classIndex = this.#classes[(this.#lists.kinds[holder] ?? 0) >>> 1] ?? -1;
    return { holder: unit, classIndex, isYoung: !isOld, offset: this.#table.offsetOf(classIndex, index - first) };
  }
}

/** Of an object that is asked for, which references to it there were already. */
class Asked {
  readonly index: number;
  readonly #most: number;
  #met = 0;
  #used = 0;
  /** Kept of those to which many refer. */
  #ofClass: Map<number, number> | null = null;

  constructor(index: number, most: number) {
    this.index = index;
    this.#most = most;
  }

  /** Whether one from an object of this class is told. */
  isOneMore(classIndex: number): boolean {
    this.#met += 1;
    if (this.#met > mostOfKind) {
      this.#ofClass ??= new Map();
      const ofClass = this.#ofClass.get(classIndex) ?? 0;
      this.#ofClass.set(classIndex, ofClass + 1);
      if (ofClass >= mostOfKind) return false;
    }
    this.#used += 1;
    return true;
  }

  get isEnough(): boolean {
    return this.#used >= this.#most || this.#met >= mostMet;
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
  /** Cells that only what is taken out referred to. */
  freed: number[];
}
