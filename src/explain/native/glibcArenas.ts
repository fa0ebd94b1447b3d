/**
 * The arenas of glibc's malloc, found without symbols: an empty bin of `main_arena` points to itself, and the arenas form a ring.
 * Layouts of `struct malloc_state` on 64 bits, malloc/malloc.c of glibc: to 2.26 the fastbins follow the flags at once; from 2.27
 * there is `have_fastchunks` between; from 2.43 there are no fastbins.
 * https://sourceware.org/glibc/wiki/MallocInternals
 */
import type { Region, TargetMemory } from '../targetMemory.ts';

export interface Arena {
  address: number;
  /** The chunk at the end, from which new memory is cut. */
  top: number;
  systemBytes: number;
  next: number;
  /** Heads of the lists of small free chunks. */
  fastbins: number[];
}

interface ArenaLayout {
  binsAt: number;
  fastbinsAt: number | null;
}

const layouts: readonly ArenaLayout[] = [
  { binsAt: 112, fastbinsAt: 16 },
  { binsAt: 104, fastbinsAt: 8 },
  { binsAt: 24, fastbinsAt: null },
];
const bins = 127;
const binsBytes = 2 * bins * 8;
const binmapBytes = 16;
const fastbins = 10;
const mostArenas = 1024;
const mostDataBytes = 4 << 20;
const largestAddress = 2 ** 47;
/** All of the structure, in its largest layout. */
export const arenaBytes = 2200;

/** The main arena first; empty where glibc's malloc was never called, or its layout is not known. */
export function findArenas(memory: TargetMemory): Arena[] {
  const regions = memory.regions();
  const isLibc = ({ path }: Region) => /\/libc(?:[.-][^/]*)?\.so/.test(path);
  const data = regions.filter((region, index) => region.writable && isDataOf(regions, index, isLibc));
  // In a program that is linked statically it lies in the program's own data.
  const places =
    data.length > 0
      ? data
      : regions.filter((region, index) => region.writable && isDataOf(regions, index, ({ path }) => path.startsWith('/')));
  for (const { start, end } of places) {
    const bytes = Buffer.alloc(Math.min(end - start, mostDataBytes));
    const got = memory.read(start, bytes);
    for (const layout of layouts) {
      const found = findMain(memory, bytes.subarray(0, got), start, layout);
      if (found !== null) return found;
    }
  }
  return [];
}

/** Of such a file, or the zeroed memory right behind it. */
function isDataOf(regions: readonly Region[], index: number, isFile: (region: Region) => boolean): boolean {
  const [region, before] = [regions[index], regions[index - 1]];
  if (region === undefined) return false;
  return isFile(region) || (region.path === '' && before !== undefined && isFile(before) && before.end === region.start);
}

function findMain(memory: TargetMemory, bytes: Buffer, start: number, layout: ArenaLayout): Arena[] | null {
  for (let at = 0; at + arenaBytes <= bytes.length; at += 8) {
    // The last bin is hardly ever used, and points to itself: two words are compared for most places.
    const lastBin = at + layout.binsAt + (bins - 2) * 16;
    if (long(bytes, lastBin) !== start + lastBin - 16 || long(bytes, lastBin + 8) !== start + lastBin - 16) continue;
    if (!areBins(bytes, start, at + layout.binsAt)) continue;
    const ring = ringFrom(memory, start + at, layout);
    if (ring !== null) return ring;
  }
  return null;
}

function areBins(bytes: Buffer, start: number, binsAt: number): boolean {
  for (let bin = 0; bin < bins - 1; bin += 1) {
    const at = binsAt + bin * 16;
    const [forward, back, self] = [long(bytes, at), long(bytes, at + 8), start + at - 16];
    const isEmpty = forward === self && back === self;
    const isUsed = isAddress(forward) && isAddress(back) && forward % 16 === 0 && back % 16 === 0;
    if (!isEmpty && !isUsed) return false;
  }
  return true;
}

function ringFrom(memory: TargetMemory, main: number, layout: ArenaLayout): Arena[] | null {
  const ring: Arena[] = [];
  for (let address = main; ring.length < mostArenas; ) {
    const arena = readArena(memory, address, layout);
    if (arena === null) return null;
    ring.push(arena);
    if (arena.next === main) return ring;
    address = arena.next;
  }
  return null;
}

function readArena(memory: TargetMemory, address: number, { binsAt, fastbinsAt }: ArenaLayout): Arena | null {
  const bytes = Buffer.alloc(arenaBytes);
  if (!isAddress(address) || address % 8 !== 0 || memory.read(address, bytes) < bytes.length) return null;
  const nextAt = binsAt + binsBytes + binmapBytes;
  const arena: Arena = {
    address,
    top: long(bytes, binsAt - 16),
    next: long(bytes, nextAt),
    systemBytes: long(bytes, nextAt + 24),
    fastbins: fastbinsAt === null ? [] : Array.from({ length: fastbins }, (_, index) => long(bytes, fastbinsAt + index * 8)),
  };
  const mostBytes = long(bytes, nextAt + 32);
  const isSound = arena.top % 16 === 0 && arena.systemBytes % 4096 === 0 && arena.systemBytes <= mostBytes && mostBytes < largestAddress;
  return isSound ? arena : null;
}

function isAddress(value: number): boolean {
  return value >= 4096 && value < largestAddress;
}

/** Exact below 2^53; an address never is above. */
export function long(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
