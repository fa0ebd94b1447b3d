/** One pass over V8's heap, object by object: each begins with the address of its map, and says how long it is. */
import { crc32 } from 'node:zlib';
import type { AddressFilter } from '../addressFilter.ts';
import { type HeapWindows, highHalf } from '../heapWindows.ts';
import { OwnRanges } from '../ownRanges.ts';
import { TargetWindow } from '../targetWindow.ts';
import type { V8Layout } from './v8Constants.ts';
import { type V8Maps, v8Sort } from './v8Maps.ts';

const chunkBits = 18;
const chunkBytes = 2 ** chunkBits;
const pageBytes = 4096;
const mostLength = 2 ** 27;
/** An object that is larger than a chunk has one of its own, and begins where that begins. */
const mostChunkHeader = 8_192;
const largestAddress = 2 ** 47;
/** That are remembered: of four gigabytes. */
const mostParts = 65_536;
/** Behind an object the next one begins, which may be of a kind that was not met yet: so many halves of words are looked at for that. */
const nearHalves = 8;

export interface V8Object {
  at: number;
  kind: number;
  bytes: number;
  /** The word so many bytes from its start; 0 where the object is cut off by the end of a piece of memory. */
  word(offset: number): number;
  /** The lower or higher half of one. */
  half32(offset: number): number;
}

/** A piece of memory: what it is like, what begins in it, and what was made of that. */
interface HeapPart<Told> {
  hash: number;
  /** Where its first object may begin, and where the last one ends, which is behind it when that is a large one. */
  from: number;
  end: number;
  /** Objects that lie in more than one page: where, and how long. */
  long: number[];
  told: Told;
}

export type HeapParts<Told> = ReadonlyMap<number, HeapPart<Told>>;

/** What is made of the objects of each part in turn; an object lasts until the next one. */
export interface PartReader<Told> {
  visit(object: V8Object): void;
  /** Of those since the last time. */
  take(): Told;
  /** What there is to say of a part, just taken or from before. */
  add(told: Told): void;
}

/** Of the objects that are looked for, who refers to them. */
interface Search {
  /** Addresses as they are tagged; more may be added in the course. */
  targets: ReadonlyMap<number, unknown>;
  filter: AddressFilter;
  onHolder(target: number, holder: V8Object, offset: number): void;
}

export class V8Objects {
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;
  readonly #maps: V8Maps;
  /** By the number of each chunk that one reaches into from the chunk before. */
  readonly #large = new Map<number, number>();
  /** Pages that lie in objects from their first byte on. */
  pages = new OwnRanges();

  constructor(windows: HeapWindows, layout: V8Layout, maps: V8Maps) {
    this.#windows = windows;
    this.#layout = layout;
    this.#maps = maps;
  }

  /**
   * Goes through the heap, part by part. Most of it stays as it was: of a part that is bit for bit what it was `before`, what was made of it then
   * is what there is to say. Maps that are met for the first time count from then on.
   */
  parts<Told>(before: HeapParts<Told>, reader: PartReader<Told>): HeapParts<Told> {
    const parts = new Map<number, HeapPart<Told>>();
    const object = new ObjectInPiece();
    let end = 0;
    this.pages = new OwnRanges();
    this.#large.clear();
    this.#windows.each((address, halves, count, filled) => {
      const from = Math.max(address, end);
      const hash = crc32(halves.subarray(0, filled));
      let part = before.get(address);
      if (part === undefined || part.hash !== hash || part.from !== from) {
        object.enter(address, halves, filled);
        const long: number[] = [];
        const last = this.#readPart(object, (from - address) / 4, count, long, reader);
        part = { hash, from, end: address + last * 4, long, told: reader.take() };
      }
      if (parts.size < mostParts) parts.set(address, part);
      for (let at = 0; at < part.long.length; at += 2) this.#noteLong(part.long[at] ?? 0, part.long[at + 1] ?? 0);
      reader.add(part.told);
      ({ end } = part);
      this.#windows.skipTo(end);
    });
    return parts;
  }

  /** Where the last object ends. */
  #readPart<Told>(object: ObjectInPiece, from: number, count: number, long: number[], reader: PartReader<Told>): number {
    const maps = this.#maps;
    let half = from;
    while (this.#seek(object, half, count, nearHalves)) {
      half = object.half + (object.bytes >>> 3) * 2;
      if (object.bytes > (-(object.inChunk + object.half * 4) & (pageBytes - 1))) long.push(object.at, object.bytes);
      if (maps.sortOf(object.kind) === v8Sort.map) maps.add(object.at + 1);
      reader.visit(object);
    }
    return half;
  }

  /** It lies in more than one page. */
  #noteLong(at: number, bytes: number): void {
    const [first, end] = [Math.ceil(at / pageBytes), Math.ceil((at + bytes) / pageBytes)];
    this.pages.add(first * pageBytes, end * pageBytes);
    for (let chunk = Math.floor(at / chunkBytes) + 1; chunk * chunkBytes < at + bytes; chunk += 1) this.#large.set(chunk, at);
  }

  /** Words that refer to one of those that are looked for, and what object each is in, as the last look has it where that is a large one. */
  holders({ targets, filter, onHolder }: Search): void {
    const window = new TargetWindow(this.#windows.memory, largestAddress);
    let chunk = 0;
    let hits: { at: number; target: number }[] = [];
    const tell = () => {
      if (hits.length > 0) this.#tellHolders(window, chunk, hits, onHolder);
      hits = [];
    };
    this.#windows.each((address, halves, count) => {
      for (let half = 0; half < count; half += 2) {
        const low = halves[half] ?? 0;
        if (!filter.mayHave(low)) continue;
        const target = (halves[half + 1] ?? 0) * highHalf + low;
        if (!targets.has(target)) continue;
        const at = address + half * 4;
        if (Math.floor(at / chunkBytes) !== chunk) tell();
        chunk = Math.floor(at / chunkBytes);
        hits.push({ at, target });
      }
    });
    tell();
  }

  #tellHolders(window: TargetWindow, chunk: number, hits: readonly { at: number; target: number }[], onHolder: Search['onHolder']): void {
    const object = new ObjectInPiece();
    let half = 0;
    let end = 0;
    const from = this.#large.get(chunk) ?? chunk * chunkBytes;
    const enter = () => {
      window.holds(from, pageBytes);
      object.enter(window.start, window.words, (window.end - window.start) >>> 2);
      half = window.at(from);
    };
    enter();
    for (const { at, target } of hits) {
      while (end <= at && this.#seek(object, half, Math.min(object.filled, window.at(at) + 2), chunkBytes)) {
        half = object.half + (object.bytes >>> 3) * 2;
        end = object.at + object.bytes;
      }
      if (end > at && object.at < at) onHolder(target, object, at - object.at);
    }
  }

  /** Puts the object to the first that begins at `from` or behind, until `near` behind it also of new kinds; false: there is none before `count`. */
  #seek(object: ObjectInPiece, from: number, count: number, near: number): boolean {
    const maps = this.#maps;
    const { chunks } = maps;
    const { halves } = object;
    for (let half = from; half < count; half += 2) {
      const low = halves[half] ?? 0;
      if ((low & 3) !== 1) continue;
      let kind = chunks[low >>> chunkBits] === 0 ? -1 : maps.kindOf(low, halves[half + 1] ?? 0);
      if (kind < 0 && half < from + near) kind = maps.learn(low, halves[half + 1] ?? 0);
      if (kind < 0) continue;
      object.half = half;
      object.kind = kind;
      object.bytes = maps.bytesOf(kind);
      if (object.bytes === 0) object.bytes = this.#bytesByLength(object);
      const inChunk = (object.inChunk + half * 4) & (chunkBytes - 1);
      if (object.bytes > 0 && (inChunk + object.bytes <= chunkBytes || inChunk <= mostChunkHeader)) return true;
    }
    return false;
  }

  /** 0: no object. */
  #bytesByLength(object: ObjectInPiece): number {
    const { firstNonString, fixedArray, byteArray, doubleArray, propertyArray, firstContext, lastContext, stringLengthAt } = this.#layout;
    const type = this.#maps.typeOf(object.kind);
    if (type < firstNonString) {
      const length = object.half32(stringLengthAt);
      if ((type & 7) !== 0 || length > mostLength * 4) return 16;
      return 16 + ((((type & 8) === 0 ? length * 2 : length) + 7) & -8);
    }
    const isArray =
      (type >= fixedArray && type <= byteArray) ||
      type === doubleArray ||
      (type >= firstContext && type <= lastContext) ||
      type === propertyArray;
    if (!isArray) return 8;
    const length = object.half32(12);
    // A small number has its lower half empty.
    if (object.half32(8) !== 0 || length > mostLength) return 0;
    if (type === propertyArray) return 16 + (length & 1023) * 8;
    return 16 + (type === byteArray ? Math.ceil(length / 8) : length) * 8;
  }
}

class ObjectInPiece implements V8Object {
  halves: Uint32Array = new Uint32Array(0);
  filled = 0;
  /** Where the piece begins, and how far into its chunk that is. */
  #address = 0;
  inChunk = 0;
  /** Where it begins in the piece. */
  half = 0;
  kind = 0;
  bytes = 0;

  enter(address: number, halves: Uint32Array, filled: number): void {
    this.#address = address;
    this.inChunk = address % chunkBytes;
    this.halves = halves;
    this.filled = filled;
  }

  get at(): number {
    return this.#address + this.half * 4;
  }

  half32(offset: number): number {
    const half = this.half + (offset >>> 2);
    return half < this.filled ? (this.halves[half] ?? 0) : 0;
  }

  word(offset: number): number {
    return this.half32(offset) + this.half32(offset + 4) * highHalf;
  }
}
