/** The maps of V8: what an object begins with, and by which its kind and size are known. All begin with that of the map of maps, which is its own. */
import { AddressNumbers } from '../addressNumbers.ts';
import { type HeapWindows, highHalf as high, wordIn } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';

export const mostMaps = 200_000;
const chunkBits = 18;
const highestTop = 2 ** 15;
/** Words that are no maps, in one look: each is a read of its own. */
const mostTried = 300_000;

/** Words, tagged as V8 does it. */
export interface V8Map {
  address: number;
  instanceType: number;
  /** 0: the object itself says. */
  bytes: number;
  isDictionary: boolean;
}

/** What is asked of an object, beside how many of its kind there are. */
export const v8Sort = { plain: 0, text: 1, collection: 2, buffer: 3, context: 4, cell: 5, map: 6 } as const;

export class V8Maps {
  readonly all: V8Map[] = [];
  /** Where maps lie, by the lower bits of the number of their chunk: most words are no such address. */
  readonly chunks = new Uint8Array(2 ** (32 - chunkBits));
  readonly #numbers = new AddressNumbers(mostMaps);
  readonly #sorts = new Uint8Array(mostMaps);
  /** Of each map its instance type, and how long its objects are. */
  readonly #types = new Int32Array(mostMaps);
  readonly #bytes = new Uint16Array(mostMaps);
  readonly #metas = new Set<number>();
  /** Addresses, as tagged, of what is no map. */
  readonly #none = new Set<number>();
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;

  constructor(windows: HeapWindows, layout: V8Layout) {
    this.#windows = windows;
    this.#layout = layout;
  }

  /** As `kindOf`, of a word that may be a map which was not met yet: all begin with the address of the map of maps, itself too. */
  learn(low: number, top: number): number {
    if ((low & 3) !== 1 || top >= highestTop) return -1;
    const known = this.kindOf(low, top);
    const address = top * high + low;
    if (known >= 0 || this.#none.has(address) || this.#none.size >= mostTried) return known;
    const meta = this.#windows.word(address - 1);
    if (this.#metas.has(meta) || this.#isMeta(meta)) {
      this.#metas.add(meta);
      this.add(address);
    } else this.#none.add(address);
    return this.kindOf(low, top);
  }

  /** The process has gone on: what was no map may be one. */
  forget(): void {
    this.#none.clear();
  }

  #isMeta(address: number): boolean {
    if ((address & 3) !== 1 || this.#windows.word(address - 1) !== address) return false;
    return this.#read(address)?.instanceType === this.#layout.mapType;
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
    const {
      arrayBuffer,
      firstNonString,
      fixedArray,
      byteArray,
      map,
      set,
      array,
      firstObject,
      firstContext,
      lastContext,
      propertyCell,
      mapType,
    } = this.#layout;
    if (instanceType < firstNonString) return v8Sort.text;
    if (instanceType >= firstContext && instanceType <= lastContext) return v8Sort.context;
    const isTable = instanceType > fixedArray && instanceType < byteArray;
    const isPlace = instanceType === map || instanceType === set || instanceType === array;
    if (isTable || isPlace || (instanceType === firstObject && isDictionary)) return v8Sort.collection;
    if (instanceType === arrayBuffer) return v8Sort.buffer;
    if (instanceType === mapType) return v8Sort.map;
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
