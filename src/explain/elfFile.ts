/**
 * What a program or library on disk says of itself: 64-bit little-endian ELF. Only what is asked for is read, and all sizes have a limit:
 * the file is somebody else's.
 * https://man7.org/linux/man-pages/man5/elf.5.html
 */
import { readSync } from 'node:fs';

const headerBytes = 64;
const segmentBytes = 56;
const sectionBytes = 64;
const symbolBytes = 24;
const mostSections = 4_096;
const mostSectionBytes = 256 * 1024 ** 2;
const mostName = 512;
const mostWanted = 100_000;
const loadSegment = 1;
const threadSegment = 7;
const threadType = 6;
const symbolTables = new Set([2, 11]);

export interface ElfSection {
  name: string;
  type: number;
  address: number;
  offset: number;
  size: number;
  link: number;
}

export interface ElfFile {
  fd: number;
  /** Address in the file's own terms of what is first mapped, less its place in the file. */
  base: number;
  /** Of the variables that each thread has for itself; 0 without any. */
  threadBytes: number;
  sections: ElfSection[];
}

/** Null when the file is no such ELF. The descriptor stays the caller's. */
export function readElf(fd: number): ElfFile | null {
  const header = piece(fd, 0, headerBytes);
  if (header === null || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return null;
  const count = header.readUInt16LE(56);
  const segments = piece(fd, long(header, 32), count * segmentBytes);
  let base: number | null = null;
  let threadBytes = 0;
  for (let at = 0; segments !== null && at < segments.length; at += segmentBytes) {
    const type = segments.readUInt32LE(at);
    if (type === loadSegment) base ??= long(segments, at + 16) - long(segments, at + 8);
    const alignment = Math.max(1, long(segments, at + 48));
    if (type === threadSegment) threadBytes = Math.ceil(long(segments, at + 40) / alignment) * alignment;
  }
  return base === null ? null : { fd, base, threadBytes, sections: readSections(fd, header) };
}

function readSections(fd: number, header: Buffer): ElfSection[] {
  const count = Math.min(header.readUInt16LE(60), mostSections);
  const table = piece(fd, long(header, 40), count * sectionBytes);
  if (table === null) return [];
  const sections = Array.from({ length: count }, (_, index) => {
    const at = index * sectionBytes;
    const [address, offset, size] = [long(table, at + 16), long(table, at + 24), long(table, at + 32)];
    return {
      name: '',
      nameAt: table.readUInt32LE(at),
      type: table.readUInt32LE(at + 4),
      address,
      offset,
      size,
      link: table.readUInt32LE(at + 40),
    };
  });
  const names = sectionContent(fd, sections[header.readUInt16LE(62)]);
  return sections.map(({ nameAt, ...section }) => ({ ...section, name: names === null ? '' : textAt(names, nameAt) }));
}

export function sectionContent(fd: number, section: ElfSection | undefined): Buffer | null {
  return section === undefined || section.size > mostSectionBytes ? null : piece(fd, section.offset, section.size);
}

/** The first of that name, as it is on disk; null where there is none, or too much of it. `address`: in the file's own terms. */
export function sectionNamed({ fd, sections }: ElfFile, name: string): { bytes: Buffer; address: number } | null {
  const section = sections.find((each) => each.name === name);
  const bytes = sectionContent(fd, section);
  return section === undefined || bytes === null ? null : { bytes, address: section.address };
}

export interface ElfSymbol {
  name: string;
  /** In the file's own terms. */
  address: number;
  size: number;
}

/**
 * Addresses, in the file's own terms, of the symbols of which the pattern, written without anchors, fits the whole name. It is searched in all names
 * at once: of hundreds of thousands few are wanted.
 */
export function elfSymbols(elf: ElfFile, pattern: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { table, names } of symbolTablesOf(elf)) {
    const wanted = new Map<number, string>();
    for (const { 0: name, index } of names.matchAll(new RegExp(`(?:${pattern})\\0`, 'g'))) {
      wanted.set(index, name.slice(0, -1));
      if (wanted.size === mostWanted) break;
    }
    for (let at = 0; wanted.size > 0 && at + symbolBytes <= table.length; at += symbolBytes) {
      const name = wanted.get(table.readUInt32LE(at));
      if (name !== undefined && isDefined(table, at) && !found.has(name)) found.set(name, long(table, at + 8));
    }
  }
  return found;
}

/** Of what is defined in the file. Those of variables of which each thread has its own are by their place among these, and left out here. */
export function* eachSymbol(elf: ElfFile, isOfThread = false): Generator<ElfSymbol> {
  for (const { table, names } of symbolTablesOf(elf)) {
    for (let at = 0; at + symbolBytes <= table.length; at += symbolBytes) {
      if ((((table[at + 4] ?? 0) & 0xf) === threadType) !== isOfThread || table.readUInt16LE(at + 6) === 0) continue;
      if (!isOfThread && !isDefined(table, at)) continue;
      yield { name: nameAt(names, table.readUInt32LE(at)), address: long(table, at + 8), size: long(table, at + 16) };
    }
  }
}

function* symbolTablesOf({ fd, sections }: ElfFile): Generator<{ table: Buffer; names: string }> {
  for (const section of sections) {
    if (!symbolTables.has(section.type)) continue;
    const table = sectionContent(fd, section);
    // Of a large program there are hundreds of thousands: parts of one text cost nothing.
    const names = sectionContent(fd, sections[section.link])?.toString('latin1');
    if (table !== null && names !== undefined) yield { table, names };
  }
}

/** In no section: only asked for, not defined there. */
function isDefined(table: Buffer, at: number): boolean {
  return long(table, at + 8) !== 0 && table.readUInt16LE(at + 6) !== 0;
}

function piece(fd: number, offset: number, length: number): Buffer | null {
  if (!Number.isSafeInteger(offset) || length <= 0 || length > mostSectionBytes) return null;
  const bytes = Buffer.alloc(length);
  return readSync(fd, bytes, 0, length, offset) === length ? bytes : null;
}

function nameAt(names: string, at: number): string {
  const end = names.indexOf('\0', at);
  return end < 0 ? '' : names.slice(at, Math.min(end, at + mostName));
}

function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return at >= bytes.length || end < 0 ? '' : bytes.toString('latin1', at, Math.min(end, at + mostName));
}

function long(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
