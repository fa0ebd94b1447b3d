/** One pass over the memory of a Python process: objects by type, and how much each dict, list, set and deque has. */
import type { Look } from '../threeLooks.ts';
import type { PythonType, PythonValues } from './pythonValues.ts';

const high = 2 ** 32;
const hashBits = 20;
const mostSample = 1_000_000;
const mostItems = 2 ** 26;
const mostContainers = 2_000_000;

type ContainerKind = 'dict' | 'list' | 'set' | 'deque';

interface Container {
  kind: ContainerKind;
  size: number;
  /** Address of what it has; a deque's is its first block. */
  table: number;
}

export interface PythonLook extends Look {
  /** By address. */
  containers: Map<number, Container>;
}

/** Where in the object the pointer to what it has lies. */
const tableOffset: Record<ContainerKind, number> = { dict: 32, list: 24, set: 40, deque: 24 };
const containerKinds: Record<string, ContainerKind> = {
  dict: 'dict',
  'collections.OrderedDict': 'dict',
  'collections.defaultdict': 'dict',
  list: 'list',
  set: 'set',
  'collections.deque': 'deque',
};

/** Types of the process, by address: all that are of type `type` or one of its kind. */
export function findTypes(values: PythonValues, typeType: number): Map<number, PythonType> {
  const types = new Map<number, PythonType>();
  let metas = [typeType];
  for (let depth = 0; depth < 3 && metas.length > 0; depth += 1) {
    const found = values.windows.holders(new Set(metas), 200_000).flatMap(({ at }) => {
      const type = types.has(at - 8) ? null : values.type(at - 8);
      return type ?? [];
    });
    for (const type of found) types.set(type.address, type);
    metas = found.filter(({ address, isMeta }) => isMeta && address !== typeType).map(({ address }) => address);
  }
  return types;
}

export function takePythonCensus(values: PythonValues, types: readonly PythonType[]): PythonLook {
  const counts = new Array<number>(types.length).fill(0);
  const bytes = new Array<number>(types.length).fill(0);
  const sample: { address: number; kind: number }[] = [];
  const containers = new Map<number, Container>();
  const places = new Map(types.map(({ address }, index) => [address, index]));
  const filter = new Uint8Array(2 ** hashBits);
  for (const { address } of types) filter[hashOf(address % high)] = 1;
  values.windows.each((address, halves, count) => {
    for (let half = 0; half + 12 <= count; half += 2) {
      const low = halves[half + 2] ?? 0;
      if (filter[hashOf(low)] === 0) continue;
      const references = halves[half] ?? 0;
      // Freed blocks have a link where the count was; lists of free objects have none.
      if (references === 0 || (halves[half + 1] ?? 0) !== 0 || references > 0xf0000000) continue;
      const kind = places.get((halves[half + 3] ?? 0) * high + low);
      const type = kind === undefined ? undefined : types[kind];
      if (kind === undefined || type === undefined) continue;
      const at = address + half * 4;
      const items = halves[half + 4] ?? 0;
      counts[kind] = (counts[kind] ?? 0) + 1;
      bytes[kind] = (bytes[kind] ?? 0) + type.basicBytes + itemBytesOf(type, items);
      if (Math.imul(at >>> 4, 0x9e3779b1) >>> 30 === 0 && sample.length < mostSample) sample.push({ address: at, kind });
      const container = containerKinds[type.name];
      if (container === undefined || containers.size >= mostContainers) continue;
      const size = container === 'set' ? (halves[half + 6] ?? 0) : items;
      const tableAt = half + (tableOffset[container] >> 2);
      containers.set(at, { kind: container, size, table: (halves[tableAt + 1] ?? 0) * high + (halves[tableAt] ?? 0) });
    }
  });
  sample.sort((a, b) => a.address - b.address);
  return {
    counts,
    bytes,
    containers,
    sample: {
      addresses: Float64Array.from(sample, ({ address }) => address),
      kinds: Int32Array.from(sample, ({ kind }) => kind),
      marks: new Uint32Array(sample.length),
    },
  };
}

/** What is no number of items, such as the sign and flags of an int, counts for nothing. */
function itemBytesOf({ name, itemBytes }: PythonType, items: number): number {
  const each = name === 'str' ? 1 : name === 'list' ? 8 : name === 'dict' || name === 'set' ? 32 : name === 'int' ? 0 : itemBytes;
  return items < mostItems ? each * items : 0;
}

function hashOf(low: number): number {
  return ((low >>> 4) ^ (low >>> 24)) & (2 ** hashBits - 1);
}
