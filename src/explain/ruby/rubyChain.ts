/**
 * A list in which each object holds the next. To climb it from one to the other takes as many passes as it is long. It is gone through from its
 * beginning: what a variable, or another object, has of the class, and all of the class that this leads to.
 */
import { AddressNumbers } from '../addressNumbers.ts';
import { highHalf } from '../heapWindows.ts';
import { TargetPieces } from '../targetPieces.ts';
import { largestPageBytes, type RubyPage, smallestSlotBytes } from './rubyHeap.ts';
import { hasTable, type Place, rangeOf, readOwnPlace, usedWords } from './rubyOwners.ts';
import { picksOf, type RubyClasses, type RubyPart } from './rubyPart.ts';
import type { RubyRoots } from './rubyRoots.ts';
import type { RubyShapes } from './rubyShapes.ts';
import { isAddress, type RubyValues, wordIn } from './rubyValues.ts';

const slotsOfBlock = Math.ceil(largestPageBytes / smallestSlotBytes);
const asksOfClass = 16;
const mostStackBytes = 1 << 20;
/** Of one object; more of it is not looked at. */
const mostValues = 64;
/** What is added while the list is read is before its first, in pages that were not there yet. */
const roomForMore = 256;
/** Where objects lie in no order each takes one. */
const mostReads = 400_000;
/** Of more it is not known where what they lead to begins. */
const mostHeads = 65_534;

export interface ChainHead {
  /** Of the class: where the list begins. */
  first: number;
  /** The object that has it, which of its values that is, and where; null: a variable has it. */
  heldBy: { holder: number; index: number; at: number } | null;
}

export interface ChainSearch {
  values: RubyValues;
  classes: RubyClasses;
  parts: readonly RubyPart[];
  pages: readonly RubyPage[];
  roots: RubyRoots;
  stacks: readonly { start: number; end: number }[];
}

/** From what has a name first, then from what some of each other class have, then from what is on a stack. */
export function followChain({ values, classes, parts, pages, roots, stacks }: ChainSearch, klass: number): RubyChain {
  const chain = new RubyChain(values, pages, klass);
  const isOfClass = (value: number) => isAddress(value) && values.word(value + 8) === klass;
  const from = (first: number) => isOfClass(first) && chain.followFrom({ first, heldBy: null });
  for (const first of roots.keys()) from(first);
  // Of what there is little, little is rubbish that only leads there, too.
  const some = picksOf(parts, classes, [...classes.addresses.keys()], asksOfClass);
  for (const [number, picks] of [...some].sort(([, a], [, b]) => a.length - b.length)) {
    if (classes.addresses[number] === klass) continue;
    for (const holder of picks) {
      for (const { value, index, at } of valuesOf(values, holder)) {
        if (isOfClass(value)) chain.followFrom({ first: value, heldBy: { holder, index, at } });
      }
    }
  }
  for (const { start, end } of stacks) {
    const bytes = values.bytes(start, Math.min(end - start, mostStackBytes));
    for (let offset = 0; bytes !== null && offset + 8 <= bytes.length; offset += 8) from(wordIn(bytes, offset));
  }
  return chain;
}

/** What an object refers to, as far as it is looked at. */
function valuesOf(values: RubyValues, object: number): { value: number; index: number; at: number }[] {
  const range = rangeOf(values, object);
  const start = range?.start ?? object + 16;
  const word = values.word(object);
  const end = range?.end ?? start + usedWords(values.shapes, word % highHalf, Math.floor(word / highHalf)) * 8;
  const bytes = values.bytes(start, Math.min(mostValues * 8, end - start));
  return Array.from({ length: (bytes?.length ?? 0) >>> 3 }, (_, index) => ({
    value: bytes === null ? 0 : wordIn(bytes, index * 8),
    index,
    at: start + index * 8,
  }));
}

export class RubyChain {
  readonly #pieces: TargetPieces;
  readonly #shapes: RubyShapes | null;
  readonly #lowOfClass: number;
  readonly #topOfClass: number;
  readonly #blocks: AddressNumbers;
  /** By slot: one more than the number of the head that it was come to from. */
  readonly #marks: Uint16Array;
  readonly #heads: ChainHead[] = [];
  readonly #slot = new Uint32Array(smallestSlotBytes / 4);
  readonly #place: Place = { start: 0, end: 0 };

  constructor(values: RubyValues, pages: readonly RubyPage[], klass: number) {
    this.#pieces = new TargetPieces(values.memory);
    this.#shapes = values.shapes;
    this.#lowOfClass = klass >>> 0;
    this.#topOfClass = Math.floor(klass / highHalf);
    this.#blocks = new AddressNumbers(pages.length + roomForMore);
    for (const { address } of pages) this.#blocks.add(address - (address % largestPageBytes));
    this.#marks = new Uint16Array((this.#blocks.count + roomForMore) * slotsOfBlock);
  }

  /** Goes through the list that begins there, as far as it was not gone through from elsewhere. */
  followFrom(head: ChainHead): void {
    if ((this.#marks[this.#slotOf(head.first)] ?? 0) !== 0) return;
    // The first may be newer than what was read.
    this.#pieces.forget();
    const open: number[] = [];
    const meet = (address: number) => {
      const slot = this.#slotOf(address);
      if (slot < 0 || this.#marks[slot] !== 0 || !this.#isInstance(address)) return;
      this.#marks[slot] = this.#heads.length + 1;
      open.push(address);
    };
    meet(head.first);
    if (open.length === 0) return;
    for (let object = open.pop(); object !== undefined && this.#pieces.reads < mostReads; object = open.pop())
      this.#eachValue(object, meet);
    if (this.#heads.length < mostHeads) this.#heads.push(head);
  }

  /** Null: no list that was gone through has it. */
  headOf(address: number): ChainHead | null {
    return this.#heads[(this.#marks[this.#slotOf(address)] ?? 0) - 1] ?? null;
  }

  #isInstance(address: number): boolean {
    const half = this.#pieces.at(address + 8);
    return this.#pieces.halves[half] === this.#lowOfClass && this.#pieces.halves[half + 1] === this.#topOfClass;
  }

  #eachValue(object: number, use: (value: number) => void): void {
    const { halves } = this.#pieces;
    for (let half = 0; half < this.#slot.length; half += 2) {
      const from = this.#pieces.at(object + half * 4);
      this.#slot[half] = halves[from] ?? 0;
      this.#slot[half + 1] = halves[from + 1] ?? 0;
    }
    // What has a table is no link of a list.
    if (hasTable(this.#shapes, this.#slot, 0)) return;
    const isOutside = readOwnPlace(this.#shapes, this.#slot, 0, this.#place);
    const start = isOutside ? this.#place.start : object + 16;
    const end = isOutside
      ? Math.min(this.#place.end, start + mostValues * 8)
      : start + usedWords(this.#shapes, this.#slot[0] ?? 0, this.#slot[1] ?? 0) * 8;
    for (let at = start; at < end; at += 8) {
      const half = this.#pieces.at(at);
      const [low, top] = [halves[half] ?? 0, halves[half + 1] ?? 0];
      if (top !== 0 && low % 8 === 0) use(low + top * highHalf);
    }
  }

  /** -1: outside of the heap. */
  #slotOf(address: number): number {
    const low = address >>> 0;
    const [inBlock, top] = [low % largestPageBytes, (address - low) / highHalf];
    let block = this.#blocks.of(low - inBlock, top);
    if (block < 0 && isAddress(address) && this.#isInstance(address)) block = this.#blocks.add(address - inBlock);
    return block < 0 ? -1 : block * slotsOfBlock + Math.floor(inBlock / smallestSlotBytes);
  }
}
