/** What is in one part of the memory of a Python process: objects by type, containers, a sample, and what is kept of some types. */
import { AddressFilter } from '../addressFilter.ts';
import { AddressNumbers } from '../addressNumbers.ts';
import { highHalf } from '../heapWindows.ts';
import { containerNumber, type Rows } from './containerTable.ts';
import type { PythonFinds } from './pythonCensus.ts';
import { containerKindOf, isReferenceCount, type PythonType, type PythonValues } from './pythonValues.ts';

export const pageBytes = 4096;
/** What is read of each object: up to a set's table. */
const headHalves = 12;
/** Python and malloc have objects at multiples of sixteen bytes. */
const objectHalves = 4;
const typeHalf = 2;
const mostItems = 2 ** 26;
const largeBytes = 16_384;
/** All objects of these are kept: what refers to them is told by what they are. */
const keptTypes = new Set(['module', 'code']);
/** In the object, the pointer to what it has, by the number of its kind; a deque's is to its first block. */
const tableAt: readonly number[] = [32, 24, 40, 24];
/** Of a dict that has its values apart from its keys, the pointer to them. */
const valuesHalf = 10;
/** What is in these never changes. */
const fixedTypes = new Set(['str', 'bytes', 'tuple', 'int', 'float']);
const textTypes = new Set(['str', 'bytes', 'bytearray', 'array.array']);

interface LargeText {
  address: number;
  kind: number;
  bytes: number;
}

export interface Kept {
  modules: number[];
  codes: number[];
  large: LargeText[];
  /** What may be types that are not known yet. */
  newTypes: number[];
}

interface Tally {
  kind: number;
  count: number;
  bytes: number;
}

export interface PythonPart {
  address: number;
  /** Halves of words that could be read, and what they add up to. */
  filled: number;
  checksum: number;
  tallies: readonly Tally[];
  containers: Rows;
  sampled: Rows;
  /** A bit for each page with more than one object: of Python's own allocator. */
  ownPages: number;
  /** Null where there is nothing of it, as mostly. */
  kept: Kept | null;
}

export class PartTaker {
  readonly #values: PythonValues;
  readonly #types: readonly PythonType[];
  readonly #finds: PythonFinds;
  readonly #filter: AddressFilter;
  readonly #numbers: AddressNumbers;
  readonly #isKept: boolean[];
  readonly #isLarge: boolean[];
  readonly #isFixed: boolean[];
  /** By kind: the number of the sort of container, -1 for none. */
  readonly #containerKinds: number[];
  readonly #basicBytes: number[];
  readonly #itemBytes: number[];
  /** Of the part that is looked through; those that it has any of. */
  readonly #counts: Uint32Array;
  readonly #bytes: Float64Array;
  #kinds: number[] = [];
  #address = 0;
  #page = -1;
  #inPage = 0;
  #ownPages = 0;
  #kept: Kept | null = null;

  constructor(values: PythonValues, types: readonly PythonType[], finds: PythonFinds) {
    this.#values = values;
    this.#types = types;
    this.#finds = finds;
    this.#filter = new AddressFilter(types.map(({ address }) => address));
    this.#numbers = new AddressNumbers(Math.max(1, types.length));
    this.#isKept = types.map(({ name }) => keptTypes.has(name));
    this.#isLarge = types.map(({ name }) => textTypes.has(name));
    this.#isFixed = types.map(({ name }) => fixedTypes.has(name));
    this.#containerKinds = types.map(({ name }) => {
      const kind = containerKindOf(name);
      return kind === null ? -1 : containerNumber[kind];
    });
    this.#basicBytes = types.map(({ basicBytes }) => basicBytes);
    this.#itemBytes = types.map((type) => itemBytesOf(type, values.layout.minor));
    this.#counts = new Uint32Array(types.length);
    this.#bytes = new Float64Array(types.length);
    for (const { address } of types) this.#numbers.add(address);
  }

  /** Of the halves of its words `count` are its own, `filled` are there. */
  take(address: number, halves: Uint32Array, count: number, filled: number): Omit<PythonPart, 'filled' | 'checksum'> {
    const { containers, sample } = this.#finds;
    const [firstContainer, firstSampled] = [containers.count, sample.count];
    const filter = this.#filter;
    const end = Math.min(count, filled - headHalves + 1);
    this.#address = address;
    for (let half = 0; half < end; half += objectHalves) {
      if (!filter.mayHave(halves[half + typeHalf] ?? 0)) continue;
      if (isReferenceCount(halves[half] ?? 0, halves[half + 1] ?? 0)) this.#found(halves, half);
    }
    return {
      address,
      ...this.#taken(),
      containers: { from: firstContainer, to: containers.count },
      sampled: { from: firstSampled, to: sample.count },
    };
  }

  /** What may be an object begins at `half`. */
  #found(halves: Uint32Array, half: number): void {
    const kind = this.#numbers.of(halves[half + 2] ?? 0, halves[half + 3] ?? 0);
    if (kind < 0) return;
    const at = this.#address + half * 4;
    this.#notePage(half);
    const items = halves[half + 5] === 0 ? (halves[half + 4] ?? 0) : 0;
    const bytes = (this.#basicBytes[kind] ?? 0) + (items < mostItems ? items * (this.#itemBytes[kind] ?? 0) : 0);
    const count = this.#counts[kind] ?? 0;
    if (count === 0) this.#kinds.push(kind);
    this.#counts[kind] = count + 1;
    this.#bytes[kind] = (this.#bytes[kind] ?? 0) + bytes;
    const container = this.#containerKinds[kind] ?? -1;
    if (this.#finds.sample.wants(at)) this.#finds.sample.add(half * 4, kind, this.#markOf(kind, halves, half));
    if (container >= 0) this.#container(container, at, items, halves, half);
    else if (this.#isKept[kind] === true) this.#keep(this.#types[kind]?.name ?? '', at);
    else if (bytes >= largeBytes && this.#isLarge[kind] === true) this.#keepAny().large.push({ address: at, kind, bytes });
    else if (this.#types[kind]?.isMeta === true) this.#keepAny().newTypes.push(at);
  }

  /**
   * Objects lie where they are until they end, and the next one is often put there. Of what never changes its size and first value tell them apart,
   * as the hash of a text; containers have their tables elsewhere, and that of the next one is mostly another.
   */
  #markOf(kind: number, halves: Uint32Array, half: number): number {
    if (this.#isFixed[kind] === true) return (halves[half + 4] ?? 0) ^ (halves[half + 6] ?? 0);
    const container = this.#containerKinds[kind] ?? -1;
    if (container < 0) return 0;
    const values = container === containerNumber.dict ? (halves[half + valuesHalf] ?? 0) : 0;
    return (halves[half + (tableAt[container] ?? 0) / 4] ?? 0) ^ values;
  }

  #notePage(half: number): void {
    const page = (half * 4) >>> 12;
    this.#inPage = page === this.#page ? this.#inPage + 1 : 1;
    this.#page = page;
    if (this.#inPage === 2) this.#ownPages |= 1 << page;
  }

  #container(kind: number, at: number, items: number, halves: Uint32Array, half: number): void {
    const isSet = kind === containerNumber.set;
    if (isSet && !isMask(wordOf(halves, half + 8))) return;
    if (kind === containerNumber.list && wordOf(halves, half + 8) < items) return;
    const table = wordOf(halves, half + (tableAt[kind] ?? 0) / 4);
    const values = kind === containerNumber.dict ? this.#values.valuesFrom(wordOf(halves, half + valuesHalf)) : 0;
    this.#finds.containers.add(at, kind, isSet ? (halves[half + 6] ?? 0) : items, table, values);
  }

  #keepAny(): Kept {
    this.#kept ??= { modules: [], codes: [], large: [], newTypes: [] };
    return this.#kept;
  }

  #keep(name: string, at: number): void {
    if (name === 'module') this.#keepAny().modules.push(at);
    else this.#keepAny().codes.push(at);
  }

  #taken(): Pick<PythonPart, 'tallies' | 'ownPages' | 'kept'> {
    const tallies = this.#kinds.map((kind) => ({ kind, count: this.#counts[kind] ?? 0, bytes: this.#bytes[kind] ?? 0 }));
    for (const kind of this.#kinds) this.#counts[kind] = this.#bytes[kind] = 0;
    const taken = { tallies, ownPages: this.#ownPages, kept: this.#kept };
    this.#kinds = [];
    [this.#page, this.#inPage, this.#ownPages, this.#kept] = [-1, 0, 0, null];
    return taken;
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
