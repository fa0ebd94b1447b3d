/** One pass over the memory of a Python process: objects by type, how much each container has, and the largest texts. */
import { crc32 } from 'node:zlib';
import type { HeapWindows } from '../heapWindows.ts';
import { OwnRanges } from '../ownRanges.ts';
import type { Region } from '../targetMemory.ts';
import type { Look } from '../threeLooks.ts';
import type { ContainerTable } from './containerTable.ts';
import type { ObjectSample } from './objectSample.ts';
import { type Kept, PartTaker, type PythonPart, pageBytes } from './pythonPart.ts';
import type { PythonType, PythonValues } from './pythonValues.ts';

const mostKept = 200_000;
/** `HEAP_MAX_SIZE` of glibc: the heaps of its threads begin at multiples. */
const threadHeapBytes = 64 << 20;

export interface PythonLook extends Omit<Look, 'sample'>, Kept {
  /** In the order of addresses. */
  parts: readonly PythonPart[];
  /** Where Python's own allocator has objects. */
  pages: OwnRanges;
}

/** What is found is written there, at all looks at one process. */
export interface PythonFinds {
  containers: ContainerTable;
  sample: ObjectSample;
}

export interface CensusRequest {
  values: PythonValues;
  types: readonly PythonType[];
  finds: PythonFinds;
  /** Of the look before: what reads the same is not looked through again. */
  before: readonly PythonPart[];
}

/** Types that the process has at the beginning, where most have them: all that are of type `type` or one of its kind. */
export function findTypes(windows: HeapWindows, values: PythonValues, typeType: number): Map<number, PythonType> {
  const types = new Map<number, PythonType>();
  const homes = homesOfTypes(windows.memory.regions());
  let metas = [typeType];
  for (let depth = 0; depth < 3 && metas.length > 0; depth += 1) {
    const found = windows
      .holders(new Set(metas), mostKept, ({ start }) => homes.has(start))
      .flatMap(({ at }) => {
        const type = types.has(at - 8) ? null : values.readType(at - 8);
        return type ?? [];
      });
    for (const type of found) types.set(type.address, type);
    metas = found.filter(({ address, isMeta }) => isMeta && address !== typeType).map(({ address }) => address);
  }
  return types;
}

/**
 * By where they start: variables of the program and its libraries, of which a part has no file, and what glibc has for the main thread and for
 * others, where what is as large as a type comes to lie.
 */
function homesOfTypes(regions: readonly Region[]): Set<number> {
  const homes = regions.filter(({ writable, path, start }, index) => {
    const before = regions[index - 1];
    const isOfFile = path.startsWith('/') || (path === '' && before?.end === start && before.path.startsWith('/'));
    return writable && (isOfFile || path === '[heap]' || (path === '' && start % threadHeapBytes === 0));
  });
  return new Set(homes.map(({ start }) => start));
}

export function takePythonCensus({ values, types, finds, before }: CensusRequest): PythonLook {
  const known = new Map(before.map((part) => [part.address, part]));
  const taker = new PartTaker(values, types, finds);
  const parts: PythonPart[] = [];
  values.windows.each((address, halves, count, filled) => {
    const checksum = crc32(new Uint8Array(halves.buffer, 0, filled * 4));
    const same = known.get(address);
    if (same?.filled === filled && same.checksum === checksum) parts.push(same);
    else parts.push({ ...taker.take(address, halves, count, filled), filled, checksum });
  });
  return together(parts, types.length);
}

function together(parts: readonly PythonPart[], kinds: number): PythonLook {
  const [counts, bytes] = [new Array<number>(kinds).fill(0), new Array<number>(kinds).fill(0)];
  const kept: Kept = { modules: [], codes: [], large: [], newTypes: [] };
  const pages = new OwnRanges();
  for (const part of parts) {
    for (const { kind, count, bytes: more } of part.tallies) {
      counts[kind] = (counts[kind] ?? 0) + count;
      bytes[kind] = (bytes[kind] ?? 0) + more;
    }
    addPages(pages, part);
    keep(kept.modules, part.kept?.modules);
    keep(kept.codes, part.kept?.codes);
    keep(kept.large, part.kept?.large);
    keep(kept.newTypes, part.kept?.newTypes);
  }
  return { ...kept, counts, bytes, parts, pages };
}

function keep<T>(all: T[], more: readonly T[] = []): void {
  for (const each of more) if (all.length < mostKept) all.push(each);
}

function addPages(pages: OwnRanges, { address, ownPages }: PythonPart): void {
  for (let page = 0; ownPages >>> page !== 0 && page < 32; page += 1) {
    const start = address + page * pageBytes;
    if (((ownPages >>> page) & 1) !== 0) pages.add(start, start + pageBytes);
  }
}
