/** One pass over the memory of a Python process: objects by type, how much each container has, and the largest texts. */
import { AddressFilter } from '../addressFilter.ts';
import { AddressNumbers } from '../addressNumbers.ts';
import { type HeapWindows, highHalf } from '../heapWindows.ts';
import { BlockSample } from '../native/blockSample.ts';
import { OwnRanges } from '../ownRanges.ts';
import type { Look } from '../threeLooks.ts';
import { ContainerTable, containerNumber } from './containerTable.ts';
import { containerKindOf, isReferenceCount, type PythonType, type PythonValues } from './pythonValues.ts';

const pageBytes = 4096;
/** Of so many objects one is looked for again. */
const sampleEvery = 4;
/** What is read of each object: up to a set's table. */
const headHalves = 12;
const mostItems = 2 ** 26;
const mostKept = 200_000;
const mostLarge = 10_000;
const largeBytes = 16_384;
/** All objects of these are kept: what refers to them is told by what they are. */
const keptTypes = new Set(['module', 'code']);
/** In the object, the pointer to what it has, by the number of its kind; a deque's is to its first block. */
const tableAt: readonly number[] = [32, 24, 40, 24];
const textTypes = new Set(['str', 'bytes', 'bytearray', 'array.array']);

interface LargeText {
  address: number;
  kind: number;
  bytes: number;
}

export interface PythonLook extends Look {
  containers: ContainerTable;
  modules: number[];
  codes: ReadonlySet<number>;
  large: LargeText[];
  /** Where Python's own allocator has objects. */
  pages: OwnRanges;
  /** What may be types that are not known yet. */
  newTypes: number[];
}

/** Types that the process has at the beginning: all that are of type `type` or one of its kind. */
export function findTypes(windows: HeapWindows, values: PythonValues, typeType: number): Map<number, PythonType> {
  const types = new Map<number, PythonType>();
  let metas = [typeType];
  for (let depth = 0; depth < 3 && metas.length > 0; depth += 1) {
    const found = windows.holders(new Set(metas), 200_000).flatMap(({ at }) => {
      const type = types.has(at - 8) ? null : values.readType(at - 8);
      return type ?? [];
    });
    for (const type of found) types.set(type.address, type);
    metas = found.filter(({ address, isMeta }) => isMeta && address !== typeType).map(({ address }) => address);
  }
  return types;
}

export function takePythonCensus(values: PythonValues, types: readonly PythonType[]): PythonLook {
  const census = new Census(values, types);
  const { filter } = census;
  values.windows.each((address, halves, count, filled) => {
    for (let half = 0; half < count && half + headHalves <= filled; half += 2) {
      const low = halves[half + 2] ?? 0;
      if ((low & 7) !== 0 || !filter.mayHave(low)) continue;
      if (!isReferenceCount(halves[half] ?? 0, halves[half + 1] ?? 0)) continue;
      census.found(address + half * 4, halves, half);
    }
  });
  return census.look();
}

class Census {
  readonly filter: AddressFilter;
  /** Pages with more than one object: of Python's own allocator. */
  readonly #pages = new OwnRanges();
  #page = 0;
  #inPage = 0;
  readonly #values: PythonValues;
  readonly #types: readonly PythonType[];
  readonly #numbers: AddressNumbers;
  readonly #isKept: boolean[];
  readonly #isLarge: boolean[];
  readonly #containers = new ContainerTable();
  /** By kind: the number of the sort of container, -1 for none. */
  readonly #containerKinds: number[];
  readonly #basicBytes: number[];
  readonly #itemBytes: number[];
  readonly #counts: number[];
  readonly #bytes: number[];
  readonly #sample = new BlockSample(sampleEvery);
  readonly #modules: number[] = [];
  readonly #codes = new Set<number>();
  readonly #large: LargeText[] = [];
  readonly #newTypes: number[] = [];

  constructor(values: PythonValues, types: readonly PythonType[]) {
    this.#values = values;
    this.#types = types;
    this.#numbers = new AddressNumbers(Math.max(1, types.length));
    this.#isKept = types.map(({ name }) => keptTypes.has(name));
    this.#isLarge = types.map(({ name }) => textTypes.has(name));
    this.#containerKinds = types.map(({ name }) => {
      const kind = containerKindOf(name);
      return kind === null ? -1 : containerNumber[kind];
    });
    this.#basicBytes = types.map(({ basicBytes }) => basicBytes);
    this.#itemBytes = types.map((type) => itemBytesOf(type, values.layout.minor));
    this.#counts = new Array<number>(types.length).fill(0);
    this.#bytes = new Array<number>(types.length).fill(0);
    this.filter = new AddressFilter(types.map(({ address }) => address));
    for (const { address } of types) this.#numbers.add(address);
  }

  /** What may be an object begins at `half`. */
  found(at: number, halves: Uint32Array, half: number): void {
    const kind = this.#numbers.of(halves[half + 2] ?? 0, halves[half + 3] ?? 0);
    if (kind < 0) return;
    this.#notePage(at);
    const items = halves[half + 5] === 0 ? (halves[half + 4] ?? 0) : 0;
    const bytes = (this.#basicBytes[kind] ?? 0) + (items < mostItems ? items * (this.#itemBytes[kind] ?? 0) : 0);
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    this.#bytes[kind] = (this.#bytes[kind] ?? 0) + bytes;
    if (this.#sample.wants(at)) this.#sample.add(at, kind, 0);
    const container = this.#containerKinds[kind] ?? -1;
    if (container >= 0) this.#container(container, at, items, halves, half);
    else if (this.#isKept[kind] === true) this.#keep(this.#types[kind]?.name ?? '', at);
    else if (bytes >= largeBytes && this.#isLarge[kind] === true && this.#large.length < mostLarge)
      this.#large.push({ address: at, kind, bytes });
    else if (this.#types[kind]?.isMeta === true && this.#newTypes.length < mostKept) this.#newTypes.push(at);
  }

  #notePage(at: number): void {
    const page = at - (at % pageBytes);
    this.#inPage = page === this.#page ? this.#inPage + 1 : 1;
    this.#page = page;
    if (this.#inPage === 2) this.#pages.add(page, page + pageBytes);
  }

  #container(kind: number, at: number, items: number, halves: Uint32Array, half: number): void {
    const isSet = kind === containerNumber.set;
    if (isSet && !isMask(wordOf(halves, half + 8))) return;
    if (kind === containerNumber.list && wordOf(halves, half + 8) < items) return;
    const table = wordOf(halves, half + (tableAt[kind] ?? 0) / 4);
    const values = kind === containerNumber.dict ? this.#values.valuesFrom(wordOf(halves, half + 10)) : 0;
    this.#containers.add(at, kind, isSet ? (halves[half + 6] ?? 0) : items, table, values);
  }

  #keep(name: string, at: number): void {
    if (name === 'module' && this.#modules.length < mostKept) this.#modules.push(at);
    if (name === 'code' && this.#codes.size < mostKept) this.#codes.add(at);
  }

  look(): PythonLook {
    return {
      counts: this.#counts,
      bytes: this.#bytes,
      containers: this.#containers,
      modules: this.#modules,
      codes: this.#codes,
      large: this.#large,
      newTypes: this.#newTypes,
      sample: this.#sample.without(new Set()),
      pages: this.#pages,
    };
  }
}

/** What is no number of items, such as the sign and flags of an int, counts for nothing. */
function itemBytesOf({ name, itemBytes }: PythonType, minor: number): number {
  switch (containerKindOf(name)) {
    case 'list':
    case 'deque':
      return 8;
    case 'dict':
      return minor >= 11 ? 32 : 40;
    case 'set':
      return 32;
    default:
      return name === 'str' || name === 'bytearray' || name === 'array.array' ? 1 : name === 'int' ? 0 : itemBytes;
  }
}

/** A set has a power of two of slots: what else looks like one is what is left of one. */
function isMask(word: number): boolean {
  return word < 2 ** 31 && (word & (word + 1)) === 0;
}

function wordOf(halves: Uint32Array, half: number): number {
  return (halves[half + 1] ?? 0) * highHalf + (halves[half] ?? 0);
}
