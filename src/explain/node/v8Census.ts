/** One look at V8's heap: how many objects of each map there are, and how many entries each collection has. */
import type { HeapPages } from '../heapPages.ts';
import type { HeapWindows } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';
import { mostMaps, type V8Maps, v8Sort } from './v8Maps.ts';
import type { HeapParts, PartReader, V8Object, V8Objects } from './v8Objects.ts';

const high = 2 ** 32;
const mostSources = 100_000;
const mostCollections = 200_000;
const mostHashed = 500_000;
const mostCharacters = 2 ** 29;
const mostBufferBytes = 2 ** 34;
const mostReread = 5_000;
const leastEntries = 16;
/** Of a text that may be what grows. */
const leastCharacters = 4_096;

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

export class V8Census {
  readonly #windows: HeapPages;
  readonly #objects: V8Objects;
  readonly #maps: V8Maps;
  readonly #layout: V8Layout;
  #parts: HeapParts<PartCensus> = new Map();

  constructor({ windows, objects, maps, layout }: { windows: HeapPages; objects: V8Objects; maps: V8Maps; layout: V8Layout }) {
    this.#windows = windows;
    this.#objects = objects;
    this.#maps = maps;
    this.#layout = layout;
  }

  look(): V8Look {
    const counter = new Counter(this.#windows, this.#maps, this.#layout);
    this.#maps.forget();
    this.#parts = this.#objects.parts(this.#parts, counter);
    // Pages that were read for maps may be old by now.
    this.#windows.forget();
    return counter.look();
  }
}

/** One that has its entries in a table, which is another object. */
interface Hashed {
  address: number;
  /** Of the table, in it. */
  offset: number;
  collection: Collection;
}

/** Of one part of memory. */
interface PartCensus {
  /** One after the other: kind, how many, and their bytes. */
  kinds: Float64Array;
  /** Addresses and entries of tables. */
  tables: number[];
  hashed: Hashed[];
  arrays: [number, Collection][];
  contexts: number[];
  cells: number[];
  longestText: V8Look['longestText'];
}

function emptyPart(): PartCensus {
  const longestText = { characters: leastCharacters, at: 0 };
  return { kinds: new Float64Array(0), tables: [], hashed: [], arrays: [], contexts: [], cells: [], longestText };
}

/** What there is in each part, and in all of them. Where the entries of a collection are may be in another part: both are put together at the end. */
class Counter implements PartReader<PartCensus> {
  readonly #windows: HeapWindows;
  readonly #maps: V8Maps;
  readonly #layout: V8Layout;
  #part = emptyPart();
  readonly #partKinds: number[] = [];
  readonly #partCounts = new Uint32Array(mostMaps);
  readonly #partBytes = new Float64Array(mostMaps);
  readonly #counts = new Uint32Array(mostMaps);
  readonly #bytes = new Float64Array(mostMaps);
  readonly #tables = new Map<number, number>();
  readonly #hashed: Hashed[] = [];
  readonly #arrays = new Map<number, Collection>();
  readonly #contexts: number[] = [];
  readonly #cells: number[] = [];
  #longestText = { characters: 0, at: 0 };

  constructor(windows: HeapWindows, maps: V8Maps, layout: V8Layout) {
    this.#windows = windows;
    this.#maps = maps;
    this.#layout = layout;
  }

  visit(object: V8Object): void {
    const { kind } = object;
    const sort = this.#maps.sortOf(kind);
    const count = this.#partCounts[kind] ?? 0;
    if (count === 0) this.#partKinds.push(kind);
    this.#partCounts[kind] = count + 1;
    this.#partBytes[kind] = (this.#partBytes[kind] ?? 0) + object.bytes + (sort === v8Sort.buffer ? bufferBytes(object, this.#layout) : 0);
    if (sort === v8Sort.text) this.#visitText(object);
    else if (sort === v8Sort.collection) this.#visitCollection(object);
    else if (sort === v8Sort.context && this.#contexts.length < mostSources) this.#part.contexts.push(object.at + 1);
    else if (sort === v8Sort.cell && this.#cells.length < mostSources) this.#part.cells.push(object.at + 1);
  }

  #visitText(object: V8Object): void {
    const characters = object.half32(this.#layout.stringLengthAt);
    if (characters <= this.#part.longestText.characters) return;
    if (isText(this.#windows, object, characters, this.#maps.typeOf(object.kind), this.#layout))
      this.#part.longestText = { characters, at: object.at + 1 };
  }

  #visitCollection(object: V8Object): void {
    const type = this.#maps.typeOf(object.kind);
    const { map, set, array, fixedArray, byteArray } = this.#layout;
    if (type > fixedArray && type < byteArray) this.#visitTable(object);
    else if (type === map) this.#visitHashed(object, 'Map', 24);
    else if (type === set) this.#visitHashed(object, 'Set', 24);
    else if (type === array) this.#visitArray(object);
    else this.#visitHashed(object, 'object', 8);
  }

  #visitTable(object: V8Object): void {
    const entries = object.word(16) / high;
    if (Number.isInteger(entries) && this.#tables.size < mostHashed) this.#part.tables.push(object.at + 1, entries);
  }

  #visitHashed(object: V8Object, sort: CollectionSort, offset: number): void {
    const store = object.word(offset);
    if ((store & 3) !== 1 || this.#hashed.length >= mostHashed) return;
    this.#part.hashed.push({ address: object.at + 1, offset, collection: { sort, kind: object.kind, store, entries: 0 } });
  }

  #visitArray(object: V8Object): void {
    const entries = object.word(24) / high;
    if (!Number.isInteger(entries) || entries < leastEntries || this.#arrays.size >= mostCollections) return;
    this.#part.arrays.push([object.at + 1, { sort: 'Array', kind: object.kind, store: object.word(16), entries }]);
  }

  take(): PartCensus {
    const part = this.#part;
    part.kinds = new Float64Array(this.#partKinds.length * 3);
    for (const [index, kind] of this.#partKinds.entries()) {
      part.kinds.set([kind, this.#partCounts[kind] ?? 0, this.#partBytes[kind] ?? 0], index * 3);
      this.#partCounts[kind] = 0;
      this.#partBytes[kind] = 0;
    }
    this.#partKinds.length = 0;
    this.#part = emptyPart();
    return part;
  }

  add({ kinds, tables, hashed, arrays, contexts, cells, longestText }: PartCensus): void {
    for (let index = 0; index < kinds.length; index += 3) {
      const kind = kinds[index] ?? 0;
      this.#counts[kind] = (this.#counts[kind] ?? 0) + (kinds[index + 1] ?? 0);
      this.#bytes[kind] = (this.#bytes[kind] ?? 0) + (kinds[index + 2] ?? 0);
    }
    for (let index = 0; index < tables.length; index += 2) this.#tables.set(tables[index] ?? 0, tables[index + 1] ?? 0);
    for (const each of hashed) this.#hashed.push(each);
    for (const [address, collection] of arrays) this.#arrays.set(address, collection);
    for (const each of contexts) this.#contexts.push(each);
    for (const each of cells) this.#cells.push(each);
    if (longestText.at !== 0 && longestText.characters > this.#longestText.characters) this.#longestText = longestText;
  }

  look(): V8Look {
    const kinds = this.#maps.all.length;
    return {
      counts: this.#counts.slice(0, kinds),
      bytes: this.#bytes.slice(0, kinds),
      collections: this.#collections(),
      longestText: this.#longestText,
      contexts: this.#contexts,
      cells: this.#cells,
    };
  }

  #collections(): Map<number, Collection> {
    const all = this.#arrays;
    let reread = 0;
    for (const { address, offset, collection } of this.#hashed) {
      let { store } = collection;
      let entries = this.#tables.get(store);
      if (entries === undefined && reread < mostReread) {
        // A young table is moved while others are read: where it is now.
        reread += 1;
        store = this.#windows.word(address - 1 + offset);
        entries = this.#windows.word(store - 1 + 16) / high;
      }
      if (entries !== undefined && Number.isInteger(entries) && entries >= leastEntries)
        all.set(address, { ...collection, store, entries });
    }
    return all;
  }
}

/** Outside of V8's heap. */
function bufferBytes(object: V8Object, { bufferLengthAt }: V8Layout): number {
  const length = object.word(bufferLengthAt);
  return length < mostBufferBytes ? length : 0;
}

/** Not one that is only a part of another. The parts that a text is put together of are texts. */
function isText(windows: HeapWindows, object: V8Object, characters: number, type: number, layout: V8Layout): boolean {
  if ((type & 7) === 0) return object.bytes > characters && characters < mostCharacters;
  if ((type & 7) !== 1 || characters >= mostCharacters) return false;
  return [object.word(16), object.word(24)].every((part) => {
    if ((part & 3) !== 1) return false;
    const partType = windows.piece(windows.word(part - 1) - 1 + layout.instanceTypeAt, 2)?.readUInt16LE(0) ?? layout.firstNonString;
    return partType < layout.firstNonString;
  });
}
