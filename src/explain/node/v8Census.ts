/** One look at V8's heap: how many objects of each map there are, and how many entries each collection has. */
import type { HeapWindows } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';
import { mostMaps, type V8Maps, v8Sort } from './v8Maps.ts';
import type { V8Object, V8Objects } from './v8Objects.ts';

const high = 2 ** 32;
const mostSources = 100_000;
const mostCollections = 200_000;
const mostHashed = 500_000;
const mostCharacters = 2 ** 29;
const mostBufferBytes = 2 ** 34;
const mostReread = 5_000;
const leastEntries = 16;

type CollectionSort = 'Map' | 'Set' | 'Array' | 'object';

export interface Collection {
  sort: CollectionSort;
  kind: number;
  /** Address, as tagged, of what its entries are in. */
  store: number;
  entries: number;
}

export interface V8Look {
  /** By kind. */
  counts: Uint32Array;
  bytes: Float64Array;
  /** By address as it is tagged; only those with some entries. */
  collections: Map<number, Collection>;
  /** Characters of the longest text, and where it is. */
  longestText: { characters: number; at: number };
  /** Addresses, as tagged, of contexts and of what has a global variable. */
  contexts: number[];
  cells: number[];
}

export function takeV8Look(windows: HeapWindows, objects: V8Objects, maps: V8Maps, layout: V8Layout): V8Look {
  const counts = new Uint32Array(mostMaps);
  const bytes = new Float64Array(mostMaps);
  const found = new CollectionFinder(maps, layout);
  const [contexts, cells]: [number[], number[]] = [[], []];
  const longestText = { characters: 0, at: 0 };
  const visitText = (object: V8Object, type: number) => {
    const characters = charactersOf(object, type, layout);
    if (characters > longestText.characters && isText(windows, object, type, layout))
      Object.assign(longestText, { characters, at: object.at + 1 });
  };
  objects.each((object) => {
    const { kind } = object;
    counts[kind] = (counts[kind] ?? 0) + 1;
    bytes[kind] = (bytes[kind] ?? 0) + object.bytes;
    const sort = maps.sortOf(kind);
    if (sort === v8Sort.plain) return;
    const type = maps.typeOf(kind);
    if (sort === v8Sort.collection) found.visit(object, type);
    else if (sort === v8Sort.text) visitText(object, type);
    else if (sort === v8Sort.buffer) bytes[kind] = (bytes[kind] ?? 0) + bufferBytes(object, layout);
    else if (sort === v8Sort.context && contexts.length < mostSources) contexts.push(object.at + 1);
    else if (sort === v8Sort.cell && cells.length < mostSources) cells.push(object.at + 1);
  });
  const kinds = maps.all.length;
  return {
    counts: counts.slice(0, kinds),
    bytes: bytes.slice(0, kinds),
    collections: found.collections(windows),
    longestText,
    contexts,
    cells,
  };
}

/** Outside of V8's heap. */
function bufferBytes(object: V8Object, { bufferLengthAt }: V8Layout): number {
  const length = object.word(bufferLengthAt);
  return length < mostBufferBytes ? length : 0;
}

/** 0 of a text that is only a part of another. */
function charactersOf(object: V8Object, type: number, { stringLengthAt }: V8Layout): number {
  const sort = type & 7;
  const characters = Math.floor(object.word(stringLengthAt - 4) / high);
  const isConsistent = sort === 0 ? object.bytes > characters : sort === 1 && (object.word(16) & 3) === 1 && (object.word(24) & 3) === 1;
  return isConsistent && characters < mostCharacters ? characters : 0;
}

/** The parts that a text is put together of are texts. */
function isText(windows: HeapWindows, object: V8Object, type: number, { instanceTypeAt, firstNonString }: V8Layout): boolean {
  if ((type & 7) === 0) return true;
  return [object.word(16), object.word(24)].every((part) => {
    const partType = windows.piece(windows.word(part - 1) - 1 + instanceTypeAt, 2)?.readUInt16LE(0) ?? firstNonString;
    return partType < firstNonString;
  });
}

/** Where the entries are is another object, before or behind: both are put together at the end. */
class CollectionFinder {
  readonly #maps: V8Maps;
  readonly #layout: V8Layout;
  /** Entries of hash tables by address. */
  readonly #tables = new Map<number, number>();
  readonly #hashed: { address: number; offset: number; collection: Collection }[] = [];
  readonly #arrays = new Map<number, Collection>();

  constructor(maps: V8Maps, layout: V8Layout) {
    this.#maps = maps;
    this.#layout = layout;
  }

  visit(object: V8Object, type: number): void {
    const { map, set, array, firstObject, fixedArray, byteArray } = this.#layout;
    if (type > fixedArray && type < byteArray) this.#table(object);
    else if (type === map) this.#hash(object, 'Map', 24);
    else if (type === set) this.#hash(object, 'Set', 24);
    else if (type === array) this.#array(object);
    else if (type === firstObject && this.#maps.all[object.kind]?.isDictionary === true) this.#hash(object, 'object', 8);
  }

  #table(object: V8Object): void {
    const entries = object.word(16) / high;
    if (Number.isInteger(entries) && this.#tables.size < mostHashed) this.#tables.set(object.at + 1, entries);
  }

  #hash(object: V8Object, sort: CollectionSort, offset: number): void {
    const store = object.word(offset);
    if ((store & 3) !== 1 || this.#hashed.length >= mostHashed) return;
    this.#hashed.push({ address: object.at + 1, offset, collection: { sort, kind: object.kind, store, entries: 0 } });
  }

  #array(object: V8Object): void {
    const entries = object.word(24) / high;
    if (!Number.isInteger(entries) || entries < leastEntries || this.#arrays.size >= mostCollections) return;
    this.#arrays.set(object.at + 1, { sort: 'Array', kind: object.kind, store: object.word(16), entries });
  }

  collections(windows: HeapWindows): Map<number, Collection> {
    const all = this.#arrays;
    let reread = 0;
    for (const { address, offset, collection } of this.#hashed) {
      let { store } = collection;
      let entries = this.#tables.get(store);
      if (entries === undefined && reread < mostReread) {
        // A young table is moved while others are read: where it is now.
        reread += 1;
        store = windows.word(address - 1 + offset);
        entries = windows.word(store - 1 + 16) / high;
      }
      if (entries !== undefined && Number.isInteger(entries) && entries >= leastEntries)
        all.set(address, { ...collection, store, entries });
    }
    return all;
  }
}
