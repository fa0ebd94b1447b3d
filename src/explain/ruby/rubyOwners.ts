/** Memory outside of Ruby's heap that belongs to an object in it: where an array, a hash, a proc with its variables has its values. */
import { AddressFilter } from '../addressFilter.ts';
import { firstFrom } from '../numberColumns.ts';
import { type RubyPage, SlotReader, smallestSlotBytes } from './rubyHeap.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType } from './rubyValues.ts';

/** What a proc, a thread and the like have of their own. */
const dataBytes = 96;
const blockBytes = 4096;

export interface OwnedRange {
  /** Where the memory begins. */
  start: number;
  end: number;
  owner: number;
}

/** Of those addresses that are in memory of an object, which. Read anew each time: what gets longer is moved. */
export function ownersOf(values: RubyValues, pages: readonly RubyPage[], addresses: readonly number[]): Map<number, OwnedRange> {
  const found = new Map<number, OwnedRange>();
  if (addresses.length === 0) return found;
  const wanted = new WantedAddresses(addresses);
  const slots = new SlotReader(values);
  const place = { start: 0, end: 0 };
  for (const page of pages) {
    const filled = slots.read(page);
    const slotHalves = page.slotBytes / 4;
    for (let half = 0; half < filled; half += slotHalves) {
      if (!readPlace(values, slots, half, place)) continue;
      for (const address of wanted.within(place)) found.set(address, { ...place, owner: page.firstSlot + half * 4 });
    }
  }
  return found;
}

/** Where this object has its values; null when they are in its slot, or it can't be read. */
export function rangeOf(values: RubyValues, owner: number): OwnedRange | null {
  const slots = new SlotReader(values, smallestSlotBytes);
  const place = { start: 0, end: 0 };
  return slots.readOne(owner) && readPlace(values, slots, 0, place) ? { ...place, owner } : null;
}

/** There are few of them and many ranges: these are not brought into order, and most are told by where they begin and end. */
class WantedAddresses {
  readonly #sorted: Float64Array;
  readonly #blocks: AddressFilter;

  constructor(addresses: readonly number[]) {
    this.#sorted = Float64Array.from(addresses).sort();
    this.#blocks = new AddressFilter(addresses.map((address) => Math.floor(address / blockBytes) * 8));
  }

  within({ start, end }: { start: number; end: number }): Float64Array | readonly number[] {
    if (end - start <= blockBytes && !this.#mayHave(start) && !this.#mayHave(end - 1)) return [];
    return this.#sorted.subarray(firstFrom(this.#sorted, start), firstFrom(this.#sorted, end));
  }

  #mayHave(address: number): boolean {
    return this.#blocks.mayHave((Math.floor(address / blockBytes) * 8) >>> 0);
  }
}

/** False for what has nothing outside of its slot. */
function readPlace(values: RubyValues, slots: SlotReader, half: number, place: { start: number; end: number }): boolean {
  const flags = slots.halves[half] ?? 0;
  const isEmbedded = (flags & rubyFlag.embedded) !== 0;
  switch (flags & 31) {
    case rubyType.array:
      return !isEmbedded && put(place, slots.word(half + 8), slots.word(half + 4) * 8);
    case rubyType.hash:
      // Small ones have up to eight pairs in one block; how many are used is in the flags.
      if ((flags & rubyFlag.hashTable) === 0) return put(place, slots.word(half + 4), ((flags >>> 20) & 15) * 16);
      return putTable(values, place, slots.word(half + 4));
    case rubyType.object:
      return !isEmbedded && put(place, slots.word(half + 6), (slots.halves[half + 4] ?? 0) * 8);
    case rubyType.struct:
      return (flags & rubyFlag.structEmbedded) === 0 && put(place, slots.word(half + 6), slots.word(half + 4) * 8);
    case rubyType.data:
      return put(place, slots.word(half + 8), dataBytes);
    case rubyType.imemo:
      // The variables of a block: kind 0, where they are, how many.
      return ((flags >>> 12) & 15) === 0 && put(place, slots.word(half + 6), (slots.halves[half + 8] ?? 0) * 8);
    default:
      return false;
  }
}

function put(place: { start: number; end: number }, start: number, bytes: number): boolean {
  place.start = start;
  place.end = start + bytes;
  return isAddress(start) && bytes > 0;
}

function putTable(values: RubyValues, place: { start: number; end: number }, table: number): boolean {
  const range = values.tableRange(table);
  return range !== null && put(place, range.start, range.end - range.start);
}
