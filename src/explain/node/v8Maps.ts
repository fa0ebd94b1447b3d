/** The maps of V8: what an object begins with, and by which its kind and size are known. All begin with that of the map of maps, which is its own. */
import { type HeapWindows, wordIn } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';

const high = 2 ** 32;
export const mostMaps = 200_000;
const chunkBits = 18;
const placeBits = 19;
const placeMask = 2 ** placeBits - 1;

/** Words, tagged as V8 does it. */
export interface V8Map {
  address: number;
  instanceType: number;
  /** 0: the object itself says. */
  bytes: number;
  isDictionary: boolean;
}

export class V8Maps {
  readonly all: V8Map[] = [];
  /** Where maps lie, by the lower bits of the number of their chunk: most words are no such address. */
  readonly chunks = new Uint8Array(2 ** (32 - chunkBits));
  /** By the lower half of the address, in an open table: the number of the map, one more; 0 where there is none. */
  readonly #places = new Int32Array(2 ** placeBits);
  /** Of each map its instance type, how long its objects are, and the lower and the higher half of its address. */
  readonly #types = new Int32Array(mostMaps);
  readonly #bytes = new Uint16Array(mostMaps);
  readonly #lows = new Uint32Array(mostMaps);
  readonly #tops = new Uint32Array(mostMaps);
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;

  constructor(windows: HeapWindows, layout: V8Layout) {
    this.#windows = windows;
    this.#layout = layout;
    const metas = this.#findMetas();
    if (metas.size > 0) for (const { at } of windows.holders(metas, mostMaps)) this.add(at + 1);
  }

  #findMetas(): Set<number> {
    const metas = new Set<number>();
    this.#windows.each((address, halves, count) => {
      const first = (address % high) + 1;
      for (let half = 0; half < count; half += 2) {
        if (halves[half] !== (first + half * 4) >>> 0) continue;
        const own = address + half * 4 + 1;
        if (halves[half + 1] === Math.floor(own / high) && metas.size < 1_000) metas.add(own);
      }
    });
    for (const meta of metas) if (this.#read(meta)?.instanceType !== this.#layout.mapType) metas.delete(meta);
    return metas;
  }

  add(address: number): void {
    const [low, top, number] = [address % high, Math.floor(address / high), this.all.length];
    if (number >= mostMaps || this.kindOf(low, top) >= 0) return;
    const map = this.#read(address);
    if (map === null) return;
    this.all.push(map);
    this.#types[number] = map.instanceType;
    this.#bytes[number] = map.bytes;
    this.#lows[number] = low;
    this.#tops[number] = top;
    let place = placeOf(low);
    while (this.#places[place] !== 0) place = (place + 1) & placeMask;
    this.#places[place] = number + 1;
    this.chunks[low >>> chunkBits] = 1;
  }

  /** By the lower and the higher half of what an object begins with; -1: no map. */
  kindOf(low: number, top: number): number {
    for (let place = placeOf(low); ; place = (place + 1) & placeMask) {
      const number = (this.#places[place] ?? 0) - 1;
      if (number < 0 || (this.#lows[number] === low && this.#tops[number] === top)) return number;
    }
  }

  typeOf(kind: number): number {
    return kind < this.all.length ? (this.#types[kind] ?? -1) : -1;
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

/** Addresses are multiples of eight, and one. */
function placeOf(low: number): number {
  return Math.imul(low >>> 3, 0x9e37_79b1) >>> (32 - placeBits);
}
