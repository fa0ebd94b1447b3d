/**
 * Where the program itself calls malloc and its kin: the call instructions in its own files, and never malloc itself, which all processes share.
 * An instruction counts that calls exactly there, and that is reached when its function is read from its beginning: nothing is ever put into the
 * middle of an instruction.
 */
import { type ElfFile, type ElfSection, eachSymbol, sectionContent } from '../elfFile.ts';
import { long } from '../native/glibcArenas.ts';
import type { Region, TargetMemory } from '../targetMemory.ts';
import type { CallFrames } from './callFrames.ts';
import type { FrameTables } from './frameTables.ts';
import { instructionLength } from './x86Length.ts';

const mostFiles = 64;
/** For a program larger than this, it would take too long to find them. */
const mostTextBytes = 128 << 20;
const relocationBytes = 24;
const relativeRelocation = 8;
const symbolBytes = 24;
/** Of the system: mapped by nearly every process. */
const ofSystem = /^(?:\/usr)?\/lib(?:32|64|x32)?\//;

/** Where the size that is asked for is, in the registers of the call. */
type SizeArgument = 'first' | 'second' | 'fourth' | 'product' | 'none';
const plain: Readonly<Record<string, SizeArgument>> = {
  malloc: 'first',
  calloc: 'product',
  realloc: 'second',
  reallocarray: 'none',
  aligned_alloc: 'second',
  memalign: 'second',
  strdup: 'none',
  strndup: 'none',
  __strdup: 'none',
  // operator new, and what makes room for the text of a std::string.
  _Znwm: 'first',
  _Znam: 'first',
  _ZnwmSt11align_val_t: 'first',
  _ZnamSt11align_val_t: 'first',
  _ZnwmRKSt9nothrow_t: 'first',
  _ZnamRKSt9nothrow_t: 'first',
  _ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_createERmm: 'none',
};
const ofRust: readonly [RegExp, SizeArgument][] = [
  [/^_?_?(?:R\w*)?__(?:rust|rdl)_alloc(?:_zeroed)?$/, 'first'],
  [/^_?_?(?:R\w*)?__(?:rust|rdl)_realloc$/, 'fourth'],
];

export interface AllocationSite {
  /** Of the call, and of what follows it, in the process. */
  call: number;
  returnsTo: number;
  /** Of both in the file. */
  callOffset: number;
  returnOffset: number;
  /** Path by which the very file is reached that the process has mapped; without blanks. */
  mapped: string;
  /** As the process calls it. */
  file: string;
  size: SizeArgument;
}

/** Of the program and of those libraries that are not the system's. */
export function allocationSites(memory: TargetMemory, tables: FrameTables): AllocationSite[] {
  const regions = memory.regions();
  const files = [...new Set(regions.flatMap(({ path }) => (path.startsWith('/') ? [path] : [])))];
  // The kernel puts the program before everything else.
  const own = files.filter((path, index) => index === 0 || !ofSystem.test(path)).slice(0, mostFiles);
  return own.flatMap((file) => sitesOf(memory, file, regions, tables.of(file)));
}

function sitesOf(memory: TargetMemory, file: string, regions: readonly Region[], frames: CallFrames | null): AllocationSite[] {
  if (frames === null) return [];
  const found = memory.fromFile(
    (path) => path === file,
    (elf, bias) => {
      const text = elf.sections.find(({ name }) => name === '.text');
      const bytes = text === undefined || text.size > mostTextBytes ? null : sectionContent(elf.fd, text);
      if (text === undefined || bytes === null) return null;
      const callsAt = callsIn(bytes, text.address, targetsOf(elf));
      return callsAt.flatMap(({ at, length, size }): AllocationSite[] => {
        const call = text.address + at + bias;
        const region = regions.find(({ path, start, end }) => path === file && call >= start && call < end);
        if (region === undefined || !isReached(bytes, text, frames, bias, at)) return [];
        const mapped = `/proc/${memory.pid}/map_files/${region.start.toString(16)}-${region.end.toString(16)}`;
        const callOffset = text.offset + at;
        return [{ call, returnsTo: call + length, callOffset, returnOffset: callOffset + length, mapped, file, size }];
      });
    },
  );
  return found ?? [];
}

interface Targets {
  /** Addresses that are called, in the file's own terms. */
  direct: Map<number, SizeArgument>;
  /** Words that hold the address of what is called. */
  slots: Map<number, SizeArgument>;
}

function targetsOf(elf: ElfFile): Targets {
  const direct = new Map<number, SizeArgument>();
  // Linked statically, or a function of the program that hands on what it is asked for.
  for (const { name, address } of eachSymbol(elf)) {
    const size = sizeArgumentOf(name);
    if (size !== null) direct.set(address, size);
  }
  const slots = slotsOf(elf, direct);
  for (const section of elf.sections.filter(({ name }) => /^\.plt/.test(name))) {
    const stubs = sectionContent(elf.fd, section);
    if (stubs !== null) addStubs(stubs, section.address, slots, direct);
  }
  return { direct, slots };
}

/** Words that the loader fills with such an address: of what is imported by its name, of the file's own by the addend. */
function slotsOf(elf: ElfFile, own: ReadonlyMap<number, SizeArgument>): Map<number, SizeArgument> {
  const slots = new Map<number, SizeArgument>();
  for (const section of elf.sections.filter(({ name }) => name === '.rela.plt' || name === '.rela.dyn')) {
    const names = importedNames(elf, section);
    const table = sectionContent(elf.fd, section);
    for (let at = 0; table !== null && at + relocationBytes <= table.length; at += relocationBytes) {
      const isRelative = table.readUInt32LE(at + 8) === relativeRelocation;
      const size = isRelative ? own.get(long(table, at + 16)) : sizeArgumentOf(names.get(table.readUInt32LE(at + 12)) ?? '');
      if (size !== undefined && size !== null) slots.set(long(table, at), size);
    }
  }
  return slots;
}

/** By their number in the table that the relocations refer to, those that allocate. */
function importedNames(elf: ElfFile, { link }: ElfSection): Map<number, string> {
  const names = new Map<number, string>();
  const section = elf.sections[link];
  const table = sectionContent(elf.fd, section);
  const texts = section === undefined ? null : sectionContent(elf.fd, elf.sections[section.link]);
  for (let at = 0; table !== null && texts !== null && at + symbolBytes <= table.length; at += symbolBytes) {
    const from = table.readUInt32LE(at);
    const name = texts.toString('latin1', from, Math.min(texts.indexOf(0, from), from + 128));
    if (sizeArgumentOf(name) !== null) names.set(at / symbolBytes, name);
  }
  return names;
}

function sizeArgumentOf(symbol: string): SizeArgument | null {
  const name = symbol.replace(/@.*$/, '');
  return (Object.hasOwn(plain, name) ? plain[name] : ofRust.find(([pattern]) => pattern.test(name))?.[1]) ?? null;
}

/** `jmp *slot(%rip)`, which may have `endbr64` and `bnd` before it. */
function addStubs(stubs: Buffer, address: number, slots: ReadonlyMap<number, SizeArgument>, direct: Map<number, SizeArgument>): void {
  for (let at = stubs.indexOf('ff25', 0, 'hex'); at >= 0 && at + 6 <= stubs.length; at = stubs.indexOf('ff25', at + 1, 'hex')) {
    const size = slots.get(address + at + 6 + stubs.readInt32LE(at + 2));
    if (size === undefined) continue;
    for (const before of [0, 1, 4, 5]) direct.set(address + at - before, size);
  }
}

function callsIn(text: Buffer, address: number, { direct, slots }: Targets): { at: number; length: number; size: SizeArgument }[] {
  const found: { at: number; length: number; size: SizeArgument }[] = [];
  for (let at = text.indexOf(0xe8); at >= 0 && at + 5 <= text.length; at = text.indexOf(0xe8, at + 1)) {
    const size = direct.get(address + at + 5 + text.readInt32LE(at + 1));
    if (size !== undefined) found.push({ at, length: 5, size });
  }
  for (let at = text.indexOf('ff15', 0, 'hex'); at >= 0 && at + 6 <= text.length; at = text.indexOf('ff15', at + 1, 'hex')) {
    const size = slots.get(address + at + 6 + text.readInt32LE(at + 2));
    if (size !== undefined) found.push({ at, length: 6, size });
  }
  return found;
}

/** Whether the function that it lies in, read instruction by instruction, comes to it. */
function isReached(text: Buffer, { address }: ElfSection, frames: CallFrames, bias: number, place: number): boolean {
  const start = frames.functionAt(address + bias + place)?.start;
  if (start === undefined) return false;
  let at = start - bias - address;
  if (at < 0) return false;
  while (at < place) {
    const length = instructionLength(text, at);
    if (length === 0) return false;
    at += length;
  }
  return at === place;
}
