/**
 * The memory of another process, read while it runs: /proc/[pid]/maps, mem and pagemap. Nothing is stopped, signalled or written. Only pages that
 * are in memory are asked for, so that nothing is swapped in and no page is made that was not there.
 * https://man7.org/linux/man-pages/man5/proc_pid_mem.5.html, https://docs.kernel.org/admin-guide/mm/pagemap.html
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { readPidStatus } from '../kernel/pidStatus.ts';
import { missingFor, readText } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';
import { type ElfFile, type ElfSymbol, eachSymbol, elfSymbols, readElf, sectionNamed } from './elfFile.ts';

const pageBytes = 4096;
const entryBytes = 8;
/** In the last byte of an entry. */
const presentBit = 0x80;
const swappedBit = 0x40;
const entriesAtOnce = 65_536;
const mostMapBytes = 16 << 20;

export interface Region {
  start: number;
  end: number;
  writable: boolean;
  /** Empty for memory without a file; `[heap]`, `[stack]`. */
  path: string;
  fileOffset: number;
}

export class TargetMemory {
  readonly pid: number;
  readonly #mem: number;
  readonly #pagemap: number;
  readonly #entries = Buffer.alloc(entriesAtOnce * entryBytes);
  /** As of the last time the regions were asked for. */
  #isPartlySwapped = true;

  /** Throws what the system says where this account may not read the process, or there is none. */
  constructor(pid: number) {
    this.pid = pid;
    this.#mem = openSync(`/proc/${pid}/mem`, 'r');
    this.#pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  }

  close(): void {
    closeSync(this.#mem);
    closeSync(this.#pagemap);
  }

  /**
   * How many bytes came: fewer where nothing is mapped or the rest is in swap, none when the process is gone or what was taken for an address can be
   * none.
   */
  read(address: number, into: Uint8Array): number {
    if (!canBeAddress(address)) return 0;
    const length = this.#isPartlySwapped ? this.#lengthUpToSwap(address, into.length) : into.length;
    let got = 0;
    try {
      while (got < length) {
        const count = readSync(this.#mem, into, got, length - got, address + got);
        if (count === 0) break;
        got += count;
      }
    } catch (error) {
      // What can't be read there is absent; anything else is thrown on.
      missingFor(error);
    }
    return got;
  }

  #lengthUpToSwap(address: number, length: number): number {
    const first = address - (address % pageBytes);
    const count = Math.min(entriesAtOnce, Math.ceil((address + length - first) / pageBytes));
    const got = this.#readEntries(first / pageBytes, count);
    for (let entry = 0; entry < got; entry += 1) {
      if (((this.#entries[entry * entryBytes + 7] ?? 0) & swappedBit) !== 0) return Math.max(0, first + entry * pageBytes - address);
    }
    return Math.min(length, first + count * pageBytes - address);
  }

  /** Empty when the process is gone. */
  regions(): Region[] {
    const status = readPidStatus(`/proc/${this.pid}`);
    this.#isPartlySwapped = !isValue(status) || status.swapBytes !== 0;
    const text = readText(`/proc/${this.pid}/maps`, mostMapBytes);
    return isValue(text) ? parseMaps(text) : [];
  }

  isPresent(address: number): boolean {
    return this.present(address - (address % pageBytes), address - (address % pageBytes) + pageBytes).length > 0;
  }

  /** The parts of a range that are in memory, as [start, end). */
  present(start: number, end: number): [number, number][] {
    const ranges: [number, number][] = [];
    let open = -1;
    const pages = (end - start) / pageBytes;
    for (let first = 0; first < pages; first += entriesAtOnce) {
      const count = Math.min(entriesAtOnce, pages - first);
      const got = this.#readEntries(start / pageBytes + first, count);
      for (let entry = 0; entry < count; entry += 1) {
        const address = start + (first + entry) * pageBytes;
        const isThere = entry < got && ((this.#entries[entry * entryBytes + 7] ?? 0) & presentBit) !== 0;
        if (isThere && open < 0) open = address;
        else if (!isThere && open >= 0) {
          ranges.push([open, address]);
          open = -1;
        }
      }
    }
    if (open >= 0) ranges.push([open, end]);
    return ranges;
  }

  #readEntries(page: number, count: number): number {
    if (!canBeAddress(page * pageBytes)) return 0;
    try {
      return readSync(this.#pagemap, this.#entries, 0, count * entryBytes, page * entryBytes) / entryBytes;
    } catch (error) {
      missingFor(error);
      return 0;
    }
  }

  /** Addresses in the process of symbols of the mapped files whose path fits. `pattern`: of the whole name, without anchors. */
  symbols(isFile: (path: string) => boolean, pattern: string): Map<string, number> {
    const found = new Map<string, number>();
    for (const region of this.#files(isFile)) {
      this.#withFile(region, (fd) => {
        const elf = readElf(fd);
        if (elf === null) return;
        for (const [name, address] of elfSymbols(elf, pattern)) {
          if (!found.has(name)) found.set(name, address + biasOf(region, elf.base));
        }
      });
    }
    return found;
  }

  /** Variables and functions of a mapped file, with their addresses in the process, in that order. */
  symbolsByAddress(path: string): ElfSymbol[] {
    const found: ElfSymbol[] = [];
    for (const region of this.#files((each) => each === path)) {
      this.#withFile(region, (fd) => {
        const elf = readElf(fd);
        if (elf === null) return;
        for (const symbol of eachSymbol(elf)) {
          if (symbol.size > 0) found.push({ ...symbol, address: symbol.address + biasOf(region, elf.base) });
        }
      });
    }
    return found.sort((a, b) => a.address - b.address);
  }

  /** Variables of which each thread has its own, by their place among these. */
  threadSymbols(isFile: (path: string) => boolean): ElfSymbol[] {
    return this.fromFile(isFile, (elf) => [...eachSymbol(elf, true)]) ?? [];
  }

  /** A section of the first mapped file whose path fits, as it is on disk; `bias` is added to its addresses by where it was loaded. */
  section(isFile: (path: string) => boolean, name: string): { bytes: Buffer; bias: number } | null {
    return this.fromFile(isFile, (elf, bias) => {
      const section = sectionNamed(elf, name);
      return section === null ? null : { bytes: section.bytes, bias };
    });
  }

  /** What the first mapped file has of it whose path fits; its descriptor lasts as long as the call. */
  fromFile<T>(isFile: (path: string) => boolean, take: (elf: ElfFile, bias: number) => T | null): T | null {
    for (const region of this.#files(isFile)) {
      let found: T | null = null;
      this.#withFile(region, (fd) => {
        const elf = readElf(fd);
        if (elf !== null) found = take(elf, biasOf(region, elf.base));
      });
      if (found !== null) return found;
    }
    return null;
  }

  /** Where each file is mapped from its beginning on: V8 maps its own code once more, below that. */
  #files(isFile: (path: string) => boolean): Region[] {
    const first = new Map<string, Region>();
    for (const region of this.regions()) {
      if (!region.path.startsWith('/') || !isFile(region.path)) continue;
      const known = first.get(region.path);
      if (known === undefined || region.fileOffset < known.fileOffset) first.set(region.path, region);
    }
    return [...first.values()];
  }

  /** The very file that is mapped, also when another one has its name by now; where that isn't allowed, the one of its name. */
  #withFile({ start, end, path }: Region, use: (fd: number) => void): void {
    const mapped = `/proc/${this.pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
    for (const each of [mapped, `/proc/${this.pid}/root${path}`]) {
      try {
        const fd = openSync(each, 'r');
        try {
          use(fd);
        } finally {
          closeSync(fd);
        }
        return;
      } catch (error) {
        missingFor(error);
      }
    }
  }
}

/** What is not in memory reads as zeros, and is not brought in. */
export function readPresent(memory: Pick<TargetMemory, 'present' | 'read'>, address: number, into: Uint8Array): void {
  const end = address + into.length;
  let filled = 0;
  for (const [from, to] of memory.present(address - (address % pageBytes), Math.ceil(end / pageBytes) * pageBytes)) {
    const start = Math.max(from, address);
    into.fill(0, filled, start - address);
    filled = start - address + memory.read(start, into.subarray(start - address, Math.min(to, end) - address));
  }
  into.fill(0, filled);
}

/** Words of a process that writes meanwhile are any number; user space ends at 2^56 at most, and a number is exact below 2^53. */
function canBeAddress(address: number): boolean {
  return Number.isSafeInteger(address) && address >= 0;
}

function biasOf(region: Region, base: number): number {
  return region.start - region.fileOffset - base;
}

/** `7f2c…-7f2d… rw-p 00000000 08:01 1234   /usr/lib/…` */
export function parseMaps(text: string): Region[] {
  const regions: Region[] = [];
  for (const line of text.split('\n')) {
    const [, start, end, access, offset, path] = /^([\da-f]+)-([\da-f]+) (\S{4}) ([\da-f]+) \S+ \d+ *(.*)$/.exec(line) ?? [];
    if (start === undefined || end === undefined || access === undefined || offset === undefined || path === undefined) continue;
    const [from, to] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
    // vsyscall lies beyond what a number holds exactly.
    if (to > 2 ** 52) continue;
    regions.push({ start: from, end: to, writable: access.startsWith('rw'), path, fileOffset: Number.parseInt(offset, 16) });
  }
  return regions;
}
