/** The maps of V8: what an object begins with, and by which its kind and size are known. All begin with that of the map of maps, which is its own. */
import { AddressFilter } from '../addressFilter.ts';
import { AddressNumbers } from '../addressNumbers.ts';
import { type HeapWindows, highHalf as high, wordIn } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';

export const mostMaps = 200_000;
const chunkBits = 18;
const chunkBytes = 2 ** chunkBits;
/** Looked at in each chunk, behind its header with the marks of the collector. */
const triedAt = 16_384;
const triedBytes = 1_024;
const mostMetas = 1_000;
const mostPasses = 2;

/** Words, tagged as V8 does it. */
export interface V8Map {
  address: number;
  instanceType: number;
  /** 0: the object itself says. */
  bytes: number;
  isDictionary: boolean;
}

/** What is asked of an object, beside how many of its kind there are. */
export const v8Sort = { plain: 0, text: 1, collection: 2, buffer: 3, context: 4, cell: 5 } as const;

export class V8Maps {
  readonly all: V8Map[] = [];
  /** Where maps lie, by the lower bits of the number of their chunk: most words are no such address. */
  readonly chunks = new Uint8Array(2 ** (32 - chunkBits));
  readonly #numbers = new AddressNumbers(mostMaps);
  readonly #sorts = new Uint8Array(mostMaps);
  /** Of each map its instance type, and how long its objects are. */
  readonly #types = new Int32Array(mostMaps);
  readonly #bytes = new Uint16Array(mostMaps);
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;

  constructor(windows: HeapWindows, layout: V8Layout) {
    this.#windows = windows;
    this.#layout = layout;
    let metas = this.#someMetas();
    const known = new Set(metas);
    // A context of its own, as of node:vm, has one of its own, which may have been met nowhere.
    for (let pass = 0; pass < mostPasses && (pass === 0 || metas.size > 0); pass += 1) metas = this.#findMaps(metas, known);
  }

  /** All maps begin with the address of such a one, it itself too: looked for from some objects of each chunk. */
  #someMetas(): Set<number> {
    const { memory } = this.#windows;
    const metas = new Set<number>();
    const piece = Buffer.alloc(triedBytes);
    for (const { start, end, path } of memory.regions()) {
      if (path !== '' && !path.startsWith('[anon')) continue;
      for (let place = Math.ceil(start / chunkBytes) * chunkBytes + triedAt; place < end; place += chunkBytes) {
        const got = memory.isPresent(place) ? memory.read(place, piece) : 0;
        for (let at = 0; at + 8 <= got && metas.size < mostMetas; at += 8) {
          const meta = (piece.readUInt32LE(at) & 3) === 1 ? this.#windows.word(wordIn(piece, at) - 1) : 0;
          if ((meta & 3) === 1 && this.#isMeta(meta)) metas.add(meta);
        }
      }
    }
    return metas;
  }

  #isMeta(address: number): boolean {
    return this.#windows.word(address - 1) === address && this.#read(address)?.instanceType === this.#layout.mapType;
  }

  /** Adds all maps that begin with one of these. Returned are those that are not among the known ones. */
  #findMaps(metas: ReadonlySet<number>, known: Set<number>): Set<number> {
    const filter = new AddressFilter(metas);
    const places: number[] = [];
    const unknown: number[] = [];
    this.#windows.each((address, halves, count) => {
      const first = (address % high) + 1;
      for (let half = 0; half < count; half += 2) {
        const low = halves[half] ?? 0;
        const own = address + half * 4 + 1;
        if (low === (first + half * 4) >>> 0 && halves[half + 1] === Math.floor(own / high) && !known.has(own)) unknown.push(own);
        if (!filter.mayHave(low) || !metas.has((halves[half + 1] ?? 0) * high + low)) continue;
        if (places.length < mostMaps) places.push(own);
      }
    });
    for (const place of places) this.add(place);
    const more = new Set(unknown.slice(0, mostMetas).filter((each) => this.#isMeta(each)));
    for (const meta of more) known.add(meta);
    return more;
  }

  add(address: number): void {
    const isKnown = this.kindOf(address % high, Math.floor(address / high)) >= 0;
    const map = isKnown ? null : this.#read(address);
    const number = map === null ? -1 : this.#numbers.add(address);
    if (map === null || number < 0) return;
    this.all.push(map);
    this.#types[number] = map.instanceType;
    this.#bytes[number] = map.bytes;
    this.#sorts[number] = this.#sortOf(map);
    this.chunks[(address % high) >>> chunkBits] = 1;
  }

  /** By the lower and the higher half of what an object begins with; -1: no map. */
  kindOf(low: number, top: number): number {
    return this.#numbers.of(low, top);
  }

  typeOf(kind: number): number {
    return kind < this.all.length ? (this.#types[kind] ?? -1) : -1;
  }

  /** One of `v8Sort`. */
  sortOf(kind: number): number {
    return this.#sorts[kind] ?? v8Sort.plain;
  }

  #sortOf({ instanceType, isDictionary }: V8Map): number {
    const { arrayBuffer, firstNonString, fixedArray, byteArray, map, set, array, firstObject, firstContext, lastContext, propertyCell } =
      this.#layout;
    if (instanceType < firstNonString) return v8Sort.text;
    if (instanceType >= firstContext && instanceType <= lastContext) return v8Sort.context;
    const isTable = instanceType > fixedArray && instanceType < byteArray;
    const isPlace = instanceType === map || instanceType === set || instanceType === array;
    if (isTable || isPlace || (instanceType === firstObject && isDictionary)) return v8Sort.collection;
    if (instanceType === arrayBuffer) return v8Sort.buffer;
    return instanceType === propertyCell ? v8Sort.cell : v8Sort.plain;
  }

  /** 0: the object itself says. */
  bytesOf(kind: number): number {
    return this.#bytes[kind] ?? 0;
  }

  #read(address: number): V8Map | null {
    const { instanceTypeAt, instanceWordsAt, bitField3At, dictionaryShift } = this.#layout;
    const piece = this.#windows.piece(address - 1, 80);
    if (piece === null || wordIn(piece, 0) === 0) return null;
    return {
      address,
      instanceType: piece.readUInt16LE(instanceTypeAt),
      bytes: (piece[instanceWordsAt] ?? 0) * 8,
      isDictionary: ((piece.readUInt32LE(bitField3At) >>> dictionaryShift) & 1) === 1,
    };
  }
}
