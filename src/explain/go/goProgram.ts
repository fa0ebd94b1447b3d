/**
 * What a Go program on disk says of itself, stripped or not: which Go built it, where its variables are, and where its types are described.
 * https://go.dev/src/debug/buildinfo/buildinfo.go, https://go.dev/src/runtime/symtab.go (moduledata)
 */
import { type ElfFile, sectionNamed } from '../elfFile.ts';
import type { TargetMemory } from '../targetMemory.ts';

const mostTypeBytes = 64 << 20;
/** In words of the record that describes the program. Two for the counters of coverage were put before the types in Go 1.20. */
const textAt = 22;
const typesAt = { since1_20: 37, before: 35 };
/** Go 1.27 says between where they begin and where they end how long the descriptions are. */
const lengthSince = 27;

export interface AddressRange {
  start: number;
  end: number;
}

export interface GoProgram {
  /** The 19 of Go 1.19. */
  minor: number;
  /** Where its code begins; null: it is not said. */
  text: number | null;
  /** Variables, those with pointers. */
  variables: AddressRange[];
  /** Where types are described, on disk, and where each begins that others are found by; null where they can't be read. */
  types: { range: AddressRange; bytes: Buffer | null; isRelocated: boolean; links: number[] } | null;
}

/** Null where it does not say which Go built it. `tables`: where `.gopclntab` is in the process. */
export function readGoProgram(memory: TargetMemory, isProgram: (path: string) => boolean): GoProgram | null {
  return memory.fromFile(isProgram, (elf, bias) => {
    const minor = minorVersion(sectionNamed(elf, '.go.buildinfo')?.bytes ?? Buffer.alloc(0));
    if (minor === null) return null;
    const variables = ['.data', '.bss'].flatMap((name) => rangeOf(elf, name, bias) ?? []);
    const module = moduleOf(memory, elf, bias, minor);
    return { minor, variables, text: module?.text ?? null, types: module === null ? null : typesOf(elf, bias, module.types) };
  });
}

/** Go 1.18 and newer write it behind a header of 32 bytes, a text with its length before it. */
function minorVersion(bytes: Buffer): number | null {
  if (!bytes.subarray(0, 14).equals(Buffer.from('\xff Go buildinf:', 'latin1')) || ((bytes[15] ?? 0) & 2) === 0) return null;
  const version = bytes.toString('latin1', 33, 33 + (bytes[32] ?? 0));
  const minor = Number(/\bgo1\.(\d{1,3})/.exec(version)?.[1] ?? Number.NaN);
  return Number.isNaN(minor) ? null : minor;
}

function rangeOf({ sections }: ElfFile, name: string, bias: number): AddressRange | null {
  const section = sections.find((each) => each.name === name);
  return section === undefined ? null : { start: section.address + bias, end: section.address + bias + section.size };
}

function typesOf(elf: ElfFile, bias: number, range: AddressRange): GoProgram['types'] {
  const links = sectionNamed(elf, '.typelink') ?? sectionNamed(elf, '.data.rel.ro.typelink');
  if (links === null) return null;
  const name = ['.rodata', '.data.rel.ro'].find((each) => {
    const section = rangeOf(elf, each, bias);
    return section !== null && range.start >= section.start && range.end <= section.end;
  });
  const section = name === undefined ? null : sectionNamed(elf, name);
  const from = section === null ? 0 : range.start - bias - section.address;
  const bytes = section?.bytes.subarray(from, from + range.end - range.start) ?? null;
  const offsets = Array.from({ length: links.bytes.length >>> 2 }, (_, index) => links.bytes.readInt32LE(index * 4));
  return { range, bytes, isRelocated: bias !== 0, links: offsets.map((offset) => range.start + offset) };
}

/** Out of the record that describes the program to its runtime, which begins with the address of `.gopclntab`. */
function moduleOf(memory: TargetMemory, elf: ElfFile, bias: number, minor: number): { text: number; types: AddressRange } | null {
  const table = rangeOf(elf, '.gopclntab', bias) ?? rangeOf(elf, '.data.rel.ro.gopclntab', bias);
  const at = minor >= 20 ? typesAt.since1_20 : typesAt.before;
  const endAt = at + (minor >= lengthSince ? 2 : 1);
  for (const name of ['.go.module', '.noptrdata', '.data']) {
    const range = rangeOf(elf, name, bias);
    const length = range === null ? 0 : Math.min(range.end - range.start, mostTypeBytes);
    if (range === null || table === null || length <= endAt * 8) continue;
    const bytes = Buffer.alloc(length - (length % 8));
    if (memory.read(range.start, bytes) < bytes.length) continue;
    for (let word = 0; word + endAt * 8 < bytes.length; word += 8) {
      if (long(bytes, word) !== table.start) continue;
      const [start, end] = [long(bytes, word + at * 8), long(bytes, word + endAt * 8)];
      if (start > 0 && end > start && end - start <= mostTypeBytes) return { text: long(bytes, word + textAt * 8), types: { start, end } };
    }
  }
  return null;
}

function long(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
