/** Memory outside of Ruby's heap that belongs to an object in it: where an array, a hash, a proc with its variables has its values. */
import { AddressFilter } from '../addressFilter.ts';
import { firstFrom } from '../numberColumns.ts';
import { type RubyPage, SlotReader, smallestSlotBytes } from './rubyHeap.ts';
import type { RubyPart } from './rubyPart.ts';
import type { RubyShapes } from './rubyShapes.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType } from './rubyValues.ts';

/** What a proc, a thread and the like have of their own. */
const dataBytes = 96;
/** Its kind, if it is in the slot. */
const dataInside = 3;
const wordsOfSlot = 3;
const blockBytes = 4096;
/** Of more it is not told apart where they are. */
const mostBlocks = 64;
const allBits = 0xffff_ffff;

export interface Place {
  start: number;
  end: number;
}

export interface OwnedRange extends Place {
  owner: number;
}

/** Ranges that do not overlap, by what lies in them. */
export class OwnedRanges {
  readonly #ranges: readonly OwnedRange[];
  readonly #starts: Float64Array;

  constructor(ranges: readonly OwnedRange[] = []) {
    this.#ranges = [...ranges].sort((a, b) => a.start - b.start);
    this.#starts = Float64Array.from(this.#ranges, ({ start }) => start);
  }

  at(address: number): OwnedRange | null {
    const range = this.#ranges[firstFrom(this.#starts, address + 1) - 1];
    return range === undefined || address >= range.end ? null : range;
  }
}

/** Which blocks of memory the objects of a part may have something in, at a glance. */
export class OwnedBlocks {
  readonly #bits = new Uint32Array(32);

  add({ start, end }: Place): void {
    const [first, last] = [Math.floor(start / blockBytes), Math.floor((end - 1) / blockBytes)];
    if (last - first >= mostBlocks) this.addAll();
    else for (let block = first; block <= last; block += 1) this.#add(block);
  }

  addAll(): void {
    this.#bits.fill(allBits);
  }

  #add(block: number): void {
    const place = placeOf(block);
    this.#bits[place >>> 5] = (this.#bits[place >>> 5] ?? 0) | (1 << (place & 31));
  }

  mayHave(block: number): boolean {
    const place = placeOf(block);
    return (((this.#bits[place >>> 5] ?? 0) >>> (place & 31)) & 1) !== 0;
  }
}

/** Bit of 1,024; blocks that lie side by side have some side by side. */
function placeOf(block: number): number {
  return (block ^ (block >>> 10)) & 1023;
}

/** Of those addresses that are in memory of an object, which. Read anew each time: what gets longer is moved. */
export function ownersOf(values: RubyValues, parts: readonly RubyPart[], addresses: readonly number[]): Map<number, OwnedRange> {
  const found = new Map<number, OwnedRange>();
  if (addresses.length === 0) return found;
  const wanted = new WantedAddresses(addresses);
  const slots = new SlotReader(values);
  for (const page of parts.filter(({ owned }) => wanted.mayBeIn(owned)).flatMap(({ pages }) => pages)) {
    addOwners(found, page, slots.read(page), { values, wanted, slots });
  }
  return found;
}

interface OwnerSearch {
  values: RubyValues;
  wanted: WantedAddresses;
  slots: SlotReader;
}

function addOwners(found: Map<number, OwnedRange>, page: RubyPage, filled: number, { values, wanted, slots }: OwnerSearch): void {
  const place = { start: 0, end: 0 };
  for (let half = 0; half < filled; half += page.slotBytes / 4) {
    const owner = page.firstSlot + half * 4;
    if (!readPlace(values, owner, slots.halves, half, place)) continue;
    for (const address of wanted.within(place)) {
      // How much a proc or a thread has is not known: what begins nearer is surer.
      if ((found.get(address)?.start ?? 0) < place.start) found.set(address, { ...place, owner });
    }
  }
}

/** Where this object has its values; null when they are in its slot, or it can't be read. */
export function rangeOf(values: RubyValues, owner: number): OwnedRange | null {
  const slots = new SlotReader(values, smallestSlotBytes);
  const place = { start: 0, end: 0 };
  return slots.readOne(owner) && readPlace(values, owner, slots.halves, 0, place) ? { ...place, owner } : null;
}

/** There are few of them and many ranges: these are not brought into order, and most are told by where they begin and end. */
class WantedAddresses {
  readonly #sorted: Float64Array;
  readonly #numbers: readonly number[];
  readonly #blocks: AddressFilter;

  constructor(addresses: readonly number[]) {
    this.#sorted = Float64Array.from(addresses).sort();
    this.#numbers = [...new Set(addresses.map((address) => Math.floor(address / blockBytes)))];
    this.#blocks = new AddressFilter(this.#numbers.map((number) => number * 8));
  }

  mayBeIn(owned: OwnedBlocks): boolean {
    return this.#numbers.some((number) => owned.mayHave(number));
  }

  within({ start, end }: { start: number; end: number }): Float64Array | readonly number[] {
    if (end - start <= blockBytes && !this.#mayHave(start) && !this.#mayHave(end - 1)) return [];
    return this.#sorted.subarray(firstFrom(this.#sorted, start), firstFrom(this.#sorted, end));
  }

  #mayHave(address: number): boolean {
    return this.#blocks.mayHave((Math.floor(address / blockBytes) * 8) >>> 0);
  }
}

function readPlace(values: RubyValues, owner: number, halves: Uint32Array, half: number, place: Place): boolean {
  if (!hasTable(values.shapes, halves, half)) return readOwnPlace(values.shapes, halves, half, place);
  const isHash = ((halves[half] ?? 0) & 31) === rubyType.hash;
  const range = values.tableRange(isHash ? values.tableOf(owner) : wordAt(halves, half + 4));
  return range !== null && put(place, range.start, range.end - range.start);
}

/** A hash, or an object with variables of which much else has others, that leads to a table: that says where its entries are. */
export function hasTable(shapes: RubyShapes | null, halves: Uint32Array, half: number): boolean {
  const flags = halves[half] ?? 0;
  if ((flags & 31) === rubyType.hash) return (flags & rubyFlag.hashTable) !== 0;
  return shapes !== null && (flags & 31) === rubyType.object && shapes.isTable(halves[half + 1] ?? 0);
}

/** False for what has nothing outside of its slot. */
export function readOwnPlace(shapes: RubyShapes | null, halves: Uint32Array, half: number, place: Place): boolean {
  const flags = halves[half] ?? 0;
  const isEmbedded = (flags & rubyFlag.embedded) !== 0;
  switch (flags & 31) {
    case rubyType.array:
      return !isEmbedded && put(place, wordAt(halves, half + 8), wordAt(halves, half + 4) * 8);
    case rubyType.hash:
      // Small ones have up to eight pairs in one block; how many are used is in the flags. Of 3.3 they are in the slot.
      return shapes === null && put(place, wordAt(halves, half + 4), ((flags >>> 20) & 15) * 16);
    case rubyType.object:
      if (isEmbedded) return false;
      return shapes === null
        ? put(place, wordAt(halves, half + 6), (halves[half + 4] ?? 0) * 8)
        : put(place, wordAt(halves, half + 4), shapes.capacityOf(halves[half + 1] ?? 0) * 8);
    case rubyType.struct:
      return (flags & structInside(shapes)) === 0 && put(place, wordAt(halves, half + 6), wordAt(halves, half + 4) * 8);
    case rubyType.data:
      return wordAt(halves, half + 6) !== dataInside && put(place, wordAt(halves, half + 8), dataBytes);
    case rubyType.imemo:
      // The variables of a block: kind 0, where they are, how many.
      return ((flags >>> 12) & 15) === 0 && put(place, wordAt(halves, half + 6), (halves[half + 8] ?? 0) * 8);
    default:
      return false;
  }
}

/** These flags say how many values a struct has in its slot. */
function structInside(shapes: RubyShapes | null): number {
  return (shapes === null ? 3 : 127) << 13;
}

/** Of the words of a slot after its class, how many are its values or lead to them: behind that is what the object before it left. */
export function usedWords(shapes: RubyShapes | null, flags: number, shape: number): number {
  const type = flags & 31;
  if (type === rubyType.array && (flags & rubyFlag.embedded) !== 0) return (flags >>> 15) & (shapes === null ? 3 : 127);
  if (type === rubyType.struct && (flags & structInside(shapes)) !== 0) return (flags & structInside(shapes)) >>> 13;
  if (shapes === null) return wordsOfSlot;
  if (type === rubyType.object && (flags & rubyFlag.embedded) !== 0) return shapes.at(shape)?.variables ?? wordsOfSlot;
  // Up to eight pairs, behind what is known of their keys.
  return type === rubyType.hash ? 1 + 2 * ((flags >>> 20) & 15) : wordsOfSlot;
}

function wordAt(halves: Uint32Array, half: number): number {
  return (halves[half] ?? 0) + (halves[half + 1] ?? 0) * 2 ** 32;
}

function put(place: Place, start: number, bytes: number): boolean {
  place.start = start;
  place.end = start + bytes;
  return isAddress(start) && bytes > 0;
}
