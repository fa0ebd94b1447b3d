/**
 * Blocks that glibc holds ready and that look as if they were in use: those of fastbins and of the caches of threads.
 * `tcache_perthread_struct` of malloc/malloc.c: from 2.26 counts of one byte, from 2.30 of two, and from 2.42 of what is still free, with
 * twelve more lists for large blocks. From 2.32 on a pointer is stored xor its own address shifted by 12.
 */
import { HeapPages } from '../heapPages.ts';
import { wordIn } from '../heapWindows.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { type Arena, long } from './glibcArenas.ts';

interface CacheLayout {
  chunkBytes: number;
  countBytes: number;
  lists: number;
  countsUsed: boolean;
}

const layouts: readonly CacheLayout[] = [
  { chunkBytes: 0x290, countBytes: 2, lists: 64, countsUsed: true },
  { chunkBytes: 0x250, countBytes: 1, lists: 64, countsUsed: true },
  { chunkBytes: 0x300, countBytes: 2, lists: 76, countsUsed: false },
];
const headerBytes = 16;
const mostInList = 128;
const mostInFastbin = 500_000;
const largestAddress = 2 ** 47;

export function mayBeCache(size: number): boolean {
  // Asked of each block there is.
  return size === 0x290 || size === 0x250 || size === 0x300;
}

export interface FreeListed {
  /** Addresses of the blocks' headers. */
  free: Set<number>;
  /** Blocks that are a cache of a thread. */
  caches: number[];
}

/** `mayBeCaches`: blocks of a size that a cache of a thread has. */
export function freeListed(memory: TargetMemory, arenas: readonly Arena[], mayBeCaches: readonly number[]): FreeListed {
  const free = new Set<number>();
  const caches: number[] = [];
  const pages = new HeapPages(memory);
  // The last word lies behind the block, where the next one has room for it.
  const record = Buffer.alloc(0x308);
  for (const cache of mayBeCaches) {
    const got = memory.read(cache, record);
    const layout = layouts.find(({ chunkBytes }) => chunkBytes === long(record, 8) - (long(record, 8) % 16));
    if (layout === undefined || got < layout.chunkBytes + 8) continue;
    const heads = cacheHeads(record, layout);
    if (heads.length > 0) caches.push(cache);
    for (const head of heads) {
      for (const entry of listFrom(pages, head, 0, mostInList)) free.add(entry - headerBytes);
    }
  }
  for (const { fastbins } of arenas) {
    for (const head of fastbins) for (const chunk of listFrom(pages, head, headerBytes, mostInFastbin)) free.add(chunk);
  }
  return { free, caches };
}

/** Empty when it only has the size of a cache. */
function cacheHeads(record: Buffer, { countBytes, lists, countsUsed }: CacheLayout): number[] {
  const heads: number[] = [];
  for (let list = 0; list < lists; list += 1) {
    const countAt = headerBytes + list * countBytes;
    const count = countBytes === 1 ? record.readUInt8(countAt) : record.readUInt16LE(countAt);
    const head = long(record, headerBytes + lists * countBytes + list * 8);
    const isSound =
      head % 16 === 0 && head < largestAddress && (countsUsed ? count <= mostInList && count > 0 === head > 0 : count <= 0xff);
    if (!isSound) return [];
    if (head > 0) heads.push(head);
  }
  return heads;
}

function* listFrom(pages: HeapPages, head: number, linkAt: number, most: number): Generator<number> {
  let at = head;
  for (let count = 0; count < most && isPlace(at); count += 1) {
    yield at;
    const link = pages.piece(at + linkAt, 8);
    if (link === null) return;
    at = nextOf(wordIn(link, 0), at + linkAt);
  }
}

/** Plain, or protected: only one of both is an address where a block can be. */
function nextOf(stored: number, storedAt: number): number {
  const [low, high] = [stored % 2 ** 32, Math.floor(stored / 2 ** 32)];
  const shifted = Math.floor(storedAt / 4096);
  const open = ((high ^ Math.floor(shifted / 2 ** 32)) >>> 0) * 2 ** 32 + ((low ^ (shifted % 2 ** 32)) >>> 0);
  return open === 0 || isPlace(open) ? open : stored;
}

function isPlace(address: number): boolean {
  return address >= 4096 && address < largestAddress && address % 16 === 0;
}
