/** The pages of MRI's heap: 64 KiB each, 16 KiB in older ones, with slots of one size; where the first one begins, its record tells. */
import { isAddress, type RubyValues, wordIn } from './rubyValues.ts';

export const largestPageBytes = 1 << 16;
const smallestPageBytes = 1 << 14;
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
    while (address + smallestPageBytes <= region.end) {
      const page = values.memory.isPresent(address) ? pageAt(values, address) : null;
      if (page !== null) pages.push(page);
      address += page === null ? smallestPageBytes : pageBytes(page.slots * page.slotBytes);
    }
  }
  return pages;
}

function pageBytes(slotsBytes: number): number {
  return slotsBytes > smallestPageBytes ? largestPageBytes : smallestPageBytes;
}

/** The page that this address would be in; there may be none. */
export function pageOf(pages: ReadonlyMap<number, RubyPage>, address: number): RubyPage | undefined {
  const small = pages.get(Math.floor(address / smallestPageBytes) * smallestPageBytes);
  const page = small ?? pages.get(Math.floor(address / largestPageBytes) * largestPageBytes);
  return page !== undefined && address >= page.firstSlot && address < page.firstSlot + page.slots * page.slotBytes ? page : undefined;
}

/** heap_page: bytes of a slot (from 3.1 on), slots in all, slots that are free; somewhere after that where the first one is. */
function pageAt(values: RubyValues, address: number): RubyPage | null {
  const record = values.bytes(values.word(address), 96);
  if (record === null) return null;
  const hasSize = slotSizes.has(record.readUInt16LE(0));
  const slotBytes = hasSize ? record.readUInt16LE(0) : 40;
  const slots = record.readUInt16LE(hasSize ? 2 : 0);
  const free = record.readUInt16LE(hasSize ? 4 : 2);
  const end = address + pageBytes(slots * slotBytes);
  if (slots < 16 || free > slots || slots * slotBytes > largestPageBytes || address % (end - address) !== 0) return null;
  for (let offset = 8; offset < 96; offset += 8) {
    const firstSlot = wordIn(record, offset);
    if (isAddress(firstSlot) && firstSlot > address && firstSlot < address + 256) {
      return { address, firstSlot, slotBytes, slots: Math.min(slots, Math.floor((end - firstSlot) / slotBytes)) };
    }
  }
  return null;
}

/** Calls `visit` for each slot of a page that has something in it, with its words and where in them it begins. */
export function visitSlots(
  values: RubyValues,
  page: RubyPage,
  buffer: Buffer,
  visit: (address: number, flags: number, klass: number, bytes: Buffer, at: number) => void,
): void {
  const length = page.slots * page.slotBytes;
  const bytes = buffer.subarray(0, length);
  if (values.memory.read(page.firstSlot, bytes) < length) return;
  for (let at = 0; at < length; at += page.slotBytes) {
    const flags = bytes.readUInt32LE(at);
    if ((flags & 31) !== 0) visit(page.firstSlot + at, flags, wordIn(bytes, at + 8), bytes, at);
  }
}
