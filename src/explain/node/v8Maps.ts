/** The maps of V8: what an object begins with, and by which its kind and size are known. All begin with that of the map of maps, which is its own. */
import { type HeapWindows, wordIn } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';

const high = 2 ** 32;
const mostMaps = 200_000;
const chunkBits = 18;

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
  readonly #places = new Map<number, number>();
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
      for (let half = 0; half < count; half += 2) {
        const own = address + half * 4 + 1;
        if (halves[half] === own % high && halves[half + 1] === Math.floor(own / high) && metas.size < 1_000) metas.add(own);
      }
    });
    for (const meta of metas) if (this.#read(meta)?.instanceType !== this.#layout.mapType) metas.delete(meta);
    return metas;
  }

  add(address: number): void {
    if (this.#places.has(address) || this.all.length >= mostMaps) return;
    const map = this.#read(address);
    if (map === null) return;
    this.#places.set(address, this.all.length);
    this.all.push(map);
    this.chunks[(address % high) >>> chunkBits] = 1;
  }

  /** By the lower and the higher half of what an object begins with. */
  kindOf(low: number, top: number): number | undefined {
    return this.#places.get(top * high + low);
  }

  typeOf(kind: number): number {
    return this.all[kind]?.instanceType ?? -1;
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
