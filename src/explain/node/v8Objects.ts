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
    const piece: Piece = { address: 0, halves: new Uint32Array(0), count: 0 };
    const object = new ObjectInPiece(piece);
    let end = 0;
    this.#windows.each((address, halves, count) => {
      Object.assign(piece, { address, halves, count });
      // Who refers to something is asked inside of an object, too: one that began in the piece before is still known.
      let half = search === null && end > address ? Math.min(count, ((end - address) >>> 3) * 2) : 0;
      for (; half < count; half += 2) {
        const low = halves[half] ?? 0;
        if ((low & 3) !== 1) continue;
        const at = address + half * 4;
        if (at >= end && chunks[low >>> chunkBits] === 1) {
          const kind = maps.kindOf(low, halves[half + 1] ?? 0);
          if (kind !== undefined) {
            object.begin(at, kind);
            const bytes = this.#bytesOf(object);
            if (bytes > 0) {
              object.bytes = bytes;
              end = at + bytes;
              if (maps.typeOf(kind) === this.#layout.mapType) maps.add(at + 1);
              onObject(object);
              if (search === null || this.#hasOnlyData(maps.typeOf(kind))) half = Math.min(count, half + (bytes >>> 3) * 2) - 2;
            }
            continue;
          }
        }
        if (search === null || at >= end || search.filter[(low >>> 3) & filterMask] === 0) continue;
        const target = (halves[half + 1] ?? 0) * high + low;
        if (search.targets.has(target)) search.onHolder(target, object, at - object.at);
      }
    });
  }

  #hasOnlyData(type: number): boolean {
    return type === this.#layout.byteArray || type === this.#layout.doubleArray || (type < this.#layout.firstNonString && (type & 7) === 0);
  }

  /** 0: no object. */
  #bytesOf(object: V8Object): number {
    const bytes = this.#maps.all[object.kind]?.bytes ?? 0;
    const length = bytes > 0 ? bytes : this.#bytesByLength(object);
    const inChunk = object.at % chunkBytes;
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
  at = 0;
  kind = 0;
  bytes = 0;

  constructor(piece: Piece) {
    this.#piece = piece;
  }

  begin(at: number, kind: number): void {
    this.at = at;
    this.kind = kind;
    this.bytes = 0;
  }

  word(offset: number): number {
    const half = (this.at + offset - this.#piece.address) / 4;
    if (half < 0 || half + 1 >= this.#piece.count) return 0;
    return (this.#piece.halves[half] ?? 0) + (this.#piece.halves[half + 1] ?? 0) * high;
  }
}
