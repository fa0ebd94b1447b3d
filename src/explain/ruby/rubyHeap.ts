/** The pages of MRI's heap: 64 KiB each, 16 KiB in older ones, with slots of one size; where the first one begins, its record tells. */
import { highHalf } from '../heapWindows.ts';
import { isAddress, type RubyValues, wordIn } from './rubyValues.ts';

const largestPageBytes = 1 << 16;
const smallestPageBytes = 1 << 14;
const recordBytes = 96;
const slotSizes = new Set([40, 80, 160, 320, 640]);

export interface RubyPage {
  address: number;
  firstSlot: number;
  slotBytes: number;
  slots: number;
}

export function heapPages(values: RubyValues): RubyPage[] {
  const pages: RubyPage[] = [];
  for (const region of values.memory.regions()) {
    if (!region.writable || (region.path !== '' && region.path !== '[heap]')) continue;
    let address = Math.ceil(region.start / smallestPageBytes) * smallestPageBytes;
    for (const [start, end] of values.memory.present(region.start, region.end)) {
      while (address < start) address += smallestPageBytes;
      while (address < end && address + smallestPageBytes <= region.end) {
        const page = pageAt(values, address);
        if (page !== null) pages.push(page);
        address += page === null ? smallestPageBytes : pageBytes(page);
      }
    }
  }
  return pages;
}

export function pageBytes({ slots, slotBytes }: Pick<RubyPage, 'slots' | 'slotBytes'>): number {
  return slots * slotBytes > smallestPageBytes ? largestPageBytes : smallestPageBytes;
}

/** The page that this address would be in; there may be none. */
export function pageOf(pages: ReadonlyMap<number, RubyPage>, address: number): RubyPage | undefined {
  const small = pages.get(Math.floor(address / smallestPageBytes) * smallestPageBytes);
  const page = small ?? pages.get(Math.floor(address / largestPageBytes) * largestPageBytes);
  return page !== undefined && address >= page.firstSlot && address < page.firstSlot + page.slots * page.slotBytes ? page : undefined;
}

/** heap_page: bytes of a slot (from 3.1 on), slots in all, slots that are free; somewhere after that where the first one is. */
function pageAt(values: RubyValues, address: number): RubyPage | null {
  const record = values.bytes(values.word(address), recordBytes);
  if (record === null) return null;
  const hasSize = slotSizes.has(record.readUInt16LE(0));
  const slotBytes = hasSize ? record.readUInt16LE(0) : 40;
  const slots = record.readUInt16LE(hasSize ? 2 : 0);
  const free = record.readUInt16LE(hasSize ? 4 : 2);
  const end = address + pageBytes({ slots, slotBytes });
  if (slots < 16 || free > slots || slots * slotBytes > largestPageBytes || address % (end - address) !== 0) return null;
  for (let offset = 8; offset < recordBytes; offset += 8) {
    const firstSlot = wordIn(record, offset);
    if (isAddress(firstSlot) && firstSlot > address && firstSlot < address + 256) {
      return { address, firstSlot, slotBytes, slots: Math.min(slots, Math.floor((end - firstSlot) / slotBytes)) };
    }
  }
  return null;
}

/** A page as it was when it was read, in halves of words. */
export class PageReader {
  readonly #bytes = new Uint8Array(largestPageBytes);
  readonly halves = new Uint32Array(this.#bytes.buffer);

  /** Calls `visit` for each slot that has something in it, with where in the page its words begin. */
  visit(values: RubyValues, page: RubyPage, visit: (address: number, flags: number, half: number) => void): void {
    const length = page.slots * page.slotBytes;
    if (values.memory.read(page.firstSlot, this.#bytes.subarray(0, length)) < length) return;
    for (let at = 0; at < length; at += page.slotBytes) {
      const flags = this.halves[at >>> 2] ?? 0;
      if ((flags & 31) !== 0) visit(page.firstSlot + at, flags, at >>> 2);
    }
  }

  word(half: number): number {
    return (this.halves[half] ?? 0) + (this.halves[half + 1] ?? 0) * highHalf;
  }
}
