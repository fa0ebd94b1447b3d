/** One pass over the memory of a Python process: objects by type, how much each container has, and the largest texts. */
import type { HeapWindows } from '../heapWindows.ts';
import { BlockSample } from '../native/blockSample.ts';
import type { Look } from '../threeLooks.ts';
import { ContainerTable } from './containerTable.ts';
import { containerKindOf, isReferenceCount, type PythonType, type PythonValues } from './pythonValues.ts';

const high = 2 ** 32;
const hashBits = 20;
/** Of so many objects one is looked for again. */
const sampleEvery = 4;
const mostItems = 2 ** 26;
const mostKept = 200_000;
const mostLarge = 10_000;
const largeBytes = 16_384;
/** All objects of these are kept: what refers to them is told by what they are. */
const keptTypes = new Set(['module', 'code']);
/** In the object, the pointer to what it has; a deque's is to its first block. */
const tableAt = { dict: 32, list: 24, set: 40, deque: 24 } as const;
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
  values.windows.each((address, halves, count) => {
    for (let half = 0; half + 12 <= count; half += 2) {
      const low = halves[half + 2] ?? 0;
      if (census.filter[hashOf(low)] === 0) continue;
      if (!isReferenceCount(halves[half] ?? 0, halves[half + 1] ?? 0)) continue;
      census.found(address + half * 4, (halves[half + 3] ?? 0) * high + low, halves, half);
    }
  });
  return census.look();
}

class Census {
  readonly filter = new Uint8Array(2 ** hashBits);
  readonly #values: PythonValues;
  readonly #types: readonly PythonType[];
  readonly #places: Map<number, number>;
  readonly #isKept: boolean[];
  readonly #isLarge: boolean[];
  readonly #containerKinds: ReturnType<typeof containerKindOf>[];
  readonly #itemBytes: number[];
  readonly #counts: number[];
  readonly #bytes: number[];
  readonly #sample = new BlockSample(sampleEvery);
  readonly #containers = new ContainerTable();
  readonly #modules: number[] = [];
  readonly #codes = new Set<number>();
  readonly #large: LargeText[] = [];
  readonly #newTypes: number[] = [];

  constructor(values: PythonValues, types: readonly PythonType[]) {
    this.#values = values;
    this.#types = types;
    this.#places = new Map(types.map(({ address }, index) => [address, index]));
    this.#isKept = types.map(({ name }) => keptTypes.has(name));
    this.#isLarge = types.map(({ name }) => textTypes.has(name));
    this.#containerKinds = types.map(({ name }) => containerKindOf(name));
    this.#itemBytes = types.map((type) => itemBytesOf(type, values.layout.minor));
    this.#counts = new Array<number>(types.length).fill(0);
    this.#bytes = new Array<number>(types.length).fill(0);
    for (const { address } of types) this.filter[hashOf(address % high)] = 1;
  }

  found(at: number, typeAddress: number, halves: Uint32Array, half: number): void {
    const kind = this.#places.get(typeAddress);
    const type = kind === undefined ? undefined : this.#types[kind];
    if (kind === undefined || type === undefined) return;
    if (type.isMeta && !this.#places.has(at) && this.#newTypes.length < mostKept) this.#newTypes.push(at);
    const items = halves[half + 5] === 0 ? (halves[half + 4] ?? 0) : 0;
    const bytes = type.basicBytes + (items < mostItems ? items * (this.#itemBytes[kind] ?? 0) : 0);
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    this.#bytes[kind] = (this.#bytes[kind] ?? 0) + bytes;
    if (this.#sample.wants(at)) this.#sample.add(at, kind, 0);
    if (this.#isKept[kind] === true) this.#keep(type.name, at);
    if (bytes >= largeBytes && this.#isLarge[kind] === true && this.#large.length < mostLarge)
      this.#large.push({ address: at, kind, bytes });
    const container = this.#containerKinds[kind];
    if (container === null || container === undefined) return;
    const word = (offset: number) => (halves[half + (offset >> 2) + 1] ?? 0) * high + (halves[half + (offset >> 2)] ?? 0);
    if (container === 'set' && !isMask(word(32))) return;
    if (container === 'list' && word(32) < items) return;
    this.#containers.add({
      address: at,
      kind: container,
      size: container === 'set' ? (halves[half + 6] ?? 0) : items,
      table: word(tableAt[container]),
      values: container === 'dict' ? this.#values.valuesFrom(word(40)) : 0,
    });
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

function hashOf(low: number): number {
  return ((low >>> 4) ^ (low >>> 24)) & (2 ** hashBits - 1);
}
