/**
 * The blocks of glibc's malloc, walked one after the other by their sizes. The program goes on meanwhile: where the chain breaks, the walk goes
 * on at the next place that looks like a chain. `struct malloc_chunk` of malloc/malloc.c: the size is the second word, its lowest bit says
 * that the block before is in use.
 */
import type { Region, TargetMemory } from '../targetMemory.ts';
import { TargetWindow } from '../targetWindow.ts';
import { type Arena, arenaBytes, long } from './glibcArenas.ts';

const headerBytes = 16;
const smallestChunk = 32;
/** Heaps of arenas that are not the main one begin at multiples of this. */
const heapAlignment = 64 << 20;
const mostMapped = 100_000;
const mostTries = 50_000;
const pageBytes = 4096;
const mostSearched = 8 << 20;
const chainLength = 12;
const mostContentBytes = 64;
const mostBrokenPlaces = 100_000;

export interface HeapPart {
  start: number;
  /** Address of the first block. */
  first: number;
  end: number;
  /** Up to where it may grow: blocks that come meanwhile lie before. */
  limit: number;
  /** `mapped`: one block with pages of its own. */
  kind: 'main' | 'arena' | 'mapped';
}

/** In the order of addresses. `isOther`: what surely is somebody else's, and need not be read. */
export function heapParts(
  memory: TargetMemory,
  arenas: readonly Arena[],
  regions: readonly Region[],
  isOther: (address: number) => boolean = () => false,
): HeapPart[] {
  const parts: HeapPart[] = [];
  const [main, ...others] = arenas;
  const brk = regions.filter(({ path }) => path === '[heap]');
  const [start, end] = [brk[0]?.start ?? 0, brk.at(-1)?.end ?? 0];
  if (main !== undefined && end > start) {
    const first = Math.ceil(start / 16) * 16;
    parts.push({ start: first, first, end: main.top > start && main.top < end ? main.top : end, limit: end, kind: 'main' });
  }
  const byAddress = new Map(others.map((arena) => [arena.address, arena]));
  for (const region of regions) {
    if (region.path !== '' || !region.writable) continue;
    const arenaParts = partsOfArenas(memory, region, byAddress);
    parts.push(...(arenaParts.length > 0 ? arenaParts : mappedChunks(memory, region, isOther, mostMapped - parts.length)));
  }
  return parts.sort((a, b) => a.start - b.start);
}

/** `heap_info`: its arena, the heap before, how much is in use, how much may be written. */
function partsOfArenas(memory: TargetMemory, region: Region, arenas: ReadonlyMap<number, Arena>): HeapPart[] {
  const parts: HeapPart[] = [];
  const info = Buffer.alloc(48);
  for (let heap = Math.ceil(region.start / heapAlignment) * heapAlignment; heap < region.end; heap += heapAlignment) {
    if (!memory.isPresent(heap) || memory.read(heap, info) < info.length) continue;
    const arena = arenas.get(long(info, 0));
    const used = long(info, 16);
    if (arena === undefined || used % 4096 !== 0 || used > heapAlignment) continue;
    // Since 2.35 the size of pages follows, and the header is 48 bytes.
    const header = long(info, 32) >= 4096 && long(info, 32) % 4096 === 0 ? 48 : 32;
    const holdsArena = arena.address - heap >= header && arena.address - heap < 4096;
    const first = holdsArena ? Math.ceil((arena.address + arenaBytes) / 16) * 16 : heap + header;
    const limit = Math.min(heap + used, region.end);
    parts.push({ start: heap, first, end: arena.top > first && arena.top < limit ? arena.top : limit, limit, kind: 'arena' });
  }
  return parts;
}

/** The kernel joins mappings that lie side by side, also those of somebody else: each page that is there may begin a block. */
function mappedChunks(memory: TargetMemory, region: Region, isOther: (address: number) => boolean, most: number): HeapPart[] {
  const parts: HeapPart[] = [];
  const header = Buffer.alloc(headerBytes);
  let tries = 0;
  for (const [start, end] of memory.present(region.start, region.end)) {
    for (let at = Math.max(start, parts.at(-1)?.end ?? 0); at < end && parts.length < most && tries < mostTries; ) {
      if (isOther(at)) {
        at += pageBytes;
        continue;
      }
      tries += 1;
      const bytes = memory.read(at, header) < header.length ? 0 : mappedBytes(header);
      if (bytes > 0 && at + bytes <= region.end) {
        parts.push({ start: at, first: at, end: at + bytes, limit: at + bytes, kind: 'mapped' });
        at += bytes;
      } else at += pageBytes;
    }
  }
  return parts;
}

/**
 * All that is mapped for the block with this header: to 2.41 the size is that, in 2.43 (`mmap_set_chunk`) the bytes of a header less. 0: no such
 * block begins there.
 */
function mappedBytes(header: Buffer): number {
  if (long(header, 0) !== 0 || (header[8] ?? 0) % 8 !== 2) return 0;
  const size = long(header, 8) - 2;
  const bytes = size % pageBytes === pageBytes - headerBytes ? size + headerBytes : size;
  return bytes % pageBytes === 0 && bytes >= 2 * pageBytes ? bytes : 0;
}

export interface ChunkVisitor {
  /** A block of so many bytes, header included; its content begins at `words[at]` and is in the window for 64 bytes at most. */
  found(address: number, size: number, words: Uint32Array, at: number): void;
  /** Whether the one found last is in use; told before the next is found. */
  settled(inUse: boolean): void;
}

/** Bytes that could not be told apart as blocks: torn, swapped out, or somebody else's. */
export function walkChunks(memory: TargetMemory, part: HeapPart, visitor: ChunkVisitor): number {
  const window = new TargetWindow(memory, part.end + headerBytes);
  if (part.kind === 'mapped') {
    if (!window.holds(part.start, headerBytes + mostContentBytes)) return part.end - part.start;
    visitor.found(part.start, part.end - part.start, window.words, window.at(part.start + headerBytes));
    visitor.settled(true);
    return 0;
  }
  let lostBytes = 0;
  let brokenPlaces = 0;
  let isPending = false;
  for (let at = part.first; at < part.end; ) {
    const walked = walkWindow(window, part, at, visitor, isPending);
    if (walked > at) {
      at = walked;
      isPending = true;
      continue;
    }
    const size = sizeAt(window, part, at);
    if (size === 0) {
      if (isPending) visitor.settled(true);
      isPending = false;
      brokenPlaces += 1;
      const next = brokenPlaces > mostBrokenPlaces ? part.end : nextChain(window, part, at + 16);
      lostBytes += next - at;
      at = next;
      continue;
    }
    if (isPending) visitor.settled(((window.words[window.at(at + 8)] ?? 0) & 1) === 1);
    window.holds(at, Math.min(headerBytes + mostContentBytes, part.end - at));
    visitor.found(at, size, window.words, window.at(at + headerBytes));
    isPending = true;
    at += size;
  }
  if (isPending) visitor.settled(!window.holds(part.end, headerBytes) || ((window.words[window.at(part.end + 8)] ?? 0) & 1) === 1);
  return lostBytes;
}

/** The same for all blocks that lie in the window with their content, at the speed that hundreds of megabytes need: where that ends. */
function walkWindow(window: TargetWindow, part: HeapPart, at: number, visitor: ChunkVisitor, isAnyPending: boolean): number {
  if (!window.holds(at, headerBytes + mostContentBytes)) return at;
  const { words, start } = window;
  const most = window.end - start - headerBytes - mostContentBytes;
  const end = part.end - start;
  const wrongBits = part.kind === 'arena' ? 0b1010 : 0b1110;
  let isPending = isAnyPending;
  let offset = at - start;
  while (offset <= most) {
    const low = words[(offset + 8) >>> 2] ?? 0;
    const size = (low & ~15) >>> 0;
    if ((low & wrongBits) !== 0 || words[(offset + 12) >>> 2] !== 0 || size < smallestChunk || offset + size > end) break;
    if (isPending) visitor.settled((low & 1) === 1);
    visitor.found(start + offset, size, words, (offset + headerBytes) >>> 2);
    isPending = true;
    offset += size;
  }
  return start + offset;
}

/** 0: no block begins there. */
function sizeAt(window: TargetWindow, part: HeapPart, at: number): number {
  if (!window.holds(at, headerBytes)) return 0;
  const low = window.words[window.at(at + 8)] ?? 0;
  const size = (window.words[window.at(at + 12)] ?? 0) * 2 ** 32 + ((low & ~15) >>> 0);
  // Bit 1: a mapping of its own. Bit 2: not of the main arena; a free block of another arena hasn't it.
  const isSound = size >= smallestChunk && at + size <= part.end && (low & 0b1010) === 0 && ((low & 4) === 0 || part.kind === 'arena');
  return isSound ? size : 0;
}

function nextChain(window: TargetWindow, part: HeapPart, from: number): number {
  const limit = Math.min(part.end, from + mostSearched);
  for (let at = from; at < limit; at += 16) {
    if (sizeAt(window, part, at) !== 0 && isChain(window, part, at)) return at;
  }
  return limit;
}

/** Only within the window: the search is not to load far places again and again. */
function isChain(window: TargetWindow, part: HeapPart, from: number): boolean {
  let at = from;
  for (let link = 0; link < chainLength; link += 1) {
    if (at === part.end || at + headerBytes > window.end) return link > 0;
    const size = sizeAt(window, part, at);
    if (size === 0) return false;
    at += size;
  }
  return true;
}
