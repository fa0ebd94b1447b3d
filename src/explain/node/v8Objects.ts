/** One pass over V8's heap, object by object: each begins with the address of its map, and says how long it is. */
import type { HeapWindows } from '../heapWindows.ts';
import type { V8Layout } from './v8Constants.ts';
import type { V8Maps } from './v8Maps.ts';

const high = 2 ** 32;
const chunkBits = 18;
const chunkBytes = 2 ** chunkBits;
const mostLength = 2 ** 27;
/** An object that is larger than a chunk has one of its own, and begins where that begins. */
const mostChunkHeader = 8_192;
const filterMask = 0xffff;

export interface V8Object {
  at: number;
  kind: number;
  bytes: number;
  /** The word so many bytes from its start; 0 where the object is cut off by the end of a piece of memory. */
  word(offset: number): number;
}

/** Of the objects that are looked for, who refers to them. */
interface Search {
  /** Addresses as they are tagged; more may be added in the course. */
  targets: ReadonlyMap<number, unknown>;
  filter: Uint8Array;
  onHolder(target: number, holder: V8Object, offset: number): void;
}

export function targetFilter(): Uint8Array {
  return new Uint8Array(filterMask + 1);
}

export function addToFilter(filter: Uint8Array, target: number): void {
  filter[((target % high) >>> 3) & filterMask] = 1;
}

export class V8Objects {
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;
  readonly #maps: V8Maps;

  constructor(windows: HeapWindows, layout: V8Layout, maps: V8Maps) {
    this.#windows = windows;
    this.#layout = layout;
    this.#maps = maps;
  }

  /** `onObject` is told of each; the object lasts until the next call. Maps that are met for the first time count from then on. */
  each(onObject: (object: V8Object) => void, search: Search | null = null): void {
    const maps = this.#maps;
    const { chunks } = maps;
    const { mapType } = this.#layout;
    const piece: Piece = { address: 0, halves: new Uint32Array(0), count: 0 };
    const object = new ObjectInPiece(piece);
    let end = 0;
    this.#windows.each((address, halves, count) => {
      Object.assign(piece, { address, halves, count });
      const inChunk = address % chunkBytes;
      // Where the object ends that began last, which may be in the piece before.
      let endHalf = end > address ? ((end - address) >>> 3) * 2 : 0;
      // Who refers to something is asked inside of an object, too.
      for (let half = search === null ? endHalf : 0; half < count; half += 2) {
        const low = halves[half] ?? 0;
        if ((low & 3) !== 1) continue;
        if (half >= endHalf && chunks[low >>> chunkBits] === 1) {
          const kind = maps.kindOf(low, halves[half + 1] ?? 0);
          if (kind >= 0) {
            object.begin(half, kind);
            const bytes = this.#bytesOf(object, (inChunk + half * 4) & (chunkBytes - 1));
            if (bytes > 0) {
              object.bytes = bytes;
              endHalf = half + (bytes >>> 3) * 2;
              const type = maps.typeOf(kind);
              if (type === mapType) maps.add(object.at + 1);
              onObject(object);
              if (search === null || this.#hasOnlyData(type)) half = endHalf - 2;
            }
            continue;
          }
        }
        if (search === null || half >= endHalf || search.filter[(low >>> 3) & filterMask] === 0) continue;
        const target = (halves[half + 1] ?? 0) * high + low;
        if (search.targets.has(target)) search.onHolder(target, object, address + half * 4 - object.at);
      }
      end = address + endHalf * 4;
    });
  }

  #hasOnlyData(type: number): boolean {
    return type === this.#layout.byteArray || type === this.#layout.doubleArray || (type < this.#layout.firstNonString && (type & 7) === 0);
  }

  /** 0: no object. `inChunk`: how far into its chunk it begins. */
  #bytesOf(object: V8Object, inChunk: number): number {
    const bytes = this.#maps.bytesOf(object.kind);
    const length = bytes > 0 ? bytes : this.#bytesByLength(object);
    return inChunk + length > chunkBytes && inChunk > mostChunkHeader ? 0 : length;
  }

  #bytesByLength(object: V8Object): number {
    const { firstNonString, fixedArray, byteArray, doubleArray, propertyArray, firstContext, lastContext, stringLengthAt } = this.#layout;
    const type = this.#maps.typeOf(object.kind);
    if (type < firstNonString) {
      const length = Math.floor(object.word(stringLengthAt - 4) / high);
      if ((type & 7) !== 0 || length > mostLength * 4) return 16;
      return 16 + Math.ceil((length * ((type & 8) === 0 ? 2 : 1)) / 8) * 8;
    }
    const second = object.word(8);
    const isArray =
      (type >= fixedArray && type <= byteArray) ||
      type === doubleArray ||
      (type >= firstContext && type <= lastContext) ||
      type === propertyArray;
    if (!isArray) return 8;
    const length = second / high;
    // A small number has its lower half empty.
    if (!Number.isInteger(length) || length > mostLength) return 0;
    if (type === propertyArray) return 16 + (length & 1023) * 8;
    return 16 + (type === byteArray ? Math.ceil(length / 8) : length) * 8;
  }
}

interface Piece {
  address: number;
  halves: Uint32Array;
  count: number;
}

class ObjectInPiece implements V8Object {
  readonly #piece: Piece;
  /** Where it begins in the piece; before it, of one that began in the piece before. */
  #half = 0;
  at = 0;
  kind = 0;
  bytes = 0;

  constructor(piece: Piece) {
    this.#piece = piece;
  }

  begin(half: number, kind: number): void {
    this.#half = half;
    this.at = this.#piece.address + half * 4;
    this.kind = kind;
    this.bytes = 0;
  }

  word(offset: number): number {
    const { halves, count } = this.#piece;
    const half = this.#half + (offset >>> 2);
    return half + 1 < count ? (halves[half] ?? 0) + (halves[half + 1] ?? 0) * high : 0;
  }
}
