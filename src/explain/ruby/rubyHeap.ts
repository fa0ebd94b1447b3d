/** The pages of MRI's heap: 64 KiB each, 16 KiB in older ones, with slots of one size; where the first one begins, its record tells. */
import { readPresent } from '../targetMemory.ts';
import { isAddress, type RubyValues, wordIn } from './rubyValues.ts';

export const largestPageBytes = 1 << 16;
const smallestPageBytes = 1 << 14;
const recordBytes = 96;
export const smallestSlotBytes = 40;
const mostBytesBefore = 256;
const slotSizes = new Set([40, 80, 160, 320, 640]);

export interface RubyPage {
  address: number;
  end: number;
  firstSlot: number;
  slotBytes: number;
  slots: number;
}

/** Whether a page may begin in that range: each begins with the address of its record. */
export function mayHavePages(values: RubyValues, start: number, end: number): boolean {
  for (let address = firstPlace(start); address < end; address += smallestPageBytes) if (isAddress(values.word(address))) return true;
  return false;
}

/** Those that begin in a window of memory. */
export function pagesIn(values: RubyValues, window: number, halves: Uint32Array, count: number): RubyPage[] {
  const pages: RubyPage[] = [];
  const end = window + count * 4;
  for (let address = firstPlace(window); address < end; ) {
    const half = (address - window) / 4;
    const page = pageAt(values, address, (halves[half] ?? 0) + (halves[half + 1] ?? 0) * 2 ** 32);
    if (page !== null) pages.push(page);
    address = page?.end ?? address + smallestPageBytes;
  }
  return pages;
}

function firstPlace(start: number): number {
  return Math.ceil(start / smallestPageBytes) * smallestPageBytes;
}

/** Slots fill their page, but for what lies before the first and after the last. Null: these are in no page. */
function pageBytesOf(slots: number, slotBytes: number): number | null {
  const sizes = [smallestPageBytes, largestPageBytes];
  return sizes.find((bytes) => slots * slotBytes < bytes && slots * slotBytes > bytes - mostBytesBefore - 2 * slotBytes) ?? null;
}

/** The page that this address would be in; there may be none. */
export function pageOf(pages: ReadonlyMap<number, RubyPage>, address: number): RubyPage | undefined {
  const small = pages.get(Math.floor(address / smallestPageBytes) * smallestPageBytes);
  const page = small ?? pages.get(Math.floor(address / largestPageBytes) * largestPageBytes);
  return page !== undefined && address >= page.firstSlot && address < page.firstSlot + page.slots * page.slotBytes ? page : undefined;
}

/** heap_page: bytes of a slot (from 3.1 on), slots in all, slots that are free; somewhere after that where the first one is. */
function pageAt(values: RubyValues, address: number, recordAddress: number): RubyPage | null {
  const record = values.bytes(recordAddress, recordBytes);
  if (record === null) return null;
  const hasSize = slotSizes.has(record.readUInt16LE(0));
  const slotBytes = hasSize ? record.readUInt16LE(0) : smallestSlotBytes;
  const slots = record.readUInt16LE(hasSize ? 2 : 0);
  const free = record.readUInt16LE(hasSize ? 4 : 2);
  const bytes = pageBytesOf(slots, slotBytes);
  if (bytes === null || free > slots || address % bytes !== 0) return null;
  const end = address + bytes;
  for (let offset = 8; offset < recordBytes; offset += 8) {
    const firstSlot = wordIn(record, offset);
    if (isAddress(firstSlot) && firstSlot > address && firstSlot < address + mostBytesBefore) {
      return { address, end, firstSlot, slotBytes, slots: Math.min(slots, Math.floor((end - firstSlot) / slotBytes)) };
    }
  }
  return null;
}

/** The slots of one page after the other, as halves of words, the lower first. */
export class SlotReader {
  readonly halves: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #values: RubyValues;

  constructor(values: RubyValues, mostBytes = largestPageBytes) {
    this.#values = values;
    this.halves = new Uint32Array(mostBytes / 4);
    this.#bytes = new Uint8Array(this.halves.buffer);
  }

  /** How many halves there are now. What is not in memory is as if it were free. */
  read({ firstSlot, slots, slotBytes }: RubyPage): number {
    const length = slots * slotBytes;
    readPresent(this.#values.memory, firstSlot, this.#bytes.subarray(0, length));
    return length / 4;
  }

  /** One slot alone, as far as all sizes have it. False where it can't be read. */
  readOne(address: number): boolean {
    return this.#values.memory.read(address, this.#bytes.subarray(0, smallestSlotBytes)) === smallestSlotBytes;
  }

  word(half: number): number {
    return (this.halves[half] ?? 0) + (this.halves[half + 1] ?? 0) * 2 ** 32;
  }
}
