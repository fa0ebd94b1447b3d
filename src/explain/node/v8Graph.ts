/** Single objects of V8: how large they are, what they refer to, and what is in collections. */
import { type HeapWindows, wordIn } from '../heapWindows.ts';
import type { Collection } from './v8Census.ts';
import { isFunctionType, type V8Layout } from './v8Constants.ts';
import { mostMaps, type V8Maps } from './v8Maps.ts';

const high = 2 ** 32;
const mostObjectBytes = 262_144;
const pieceBytes = 4_096;
const functionHeaderBytes = 64;
const mostReached = 60;
const mostWordsRead = 400_000;
/** Behind map, properties and elements. */
const fieldsAt = 24;
const mostContentBytes = 48;
const oldestEntries = 8;

/** Of an entry, with what it was like. */
export interface KeptWord {
  word: number;
  /** Among the keys and values of the oldest entries. */
  place: number;
  kind: number | null;
  content: number[];
}

export interface V8Ref {
  offset: number;
  object: number;
}

export class V8Graph {
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;
  readonly #maps: V8Maps;

  constructor(windows: HeapWindows, layout: V8Layout, maps: V8Maps) {
    this.#windows = windows;
    this.#layout = layout;
    this.#maps = maps;
  }

  kindOf(object: number): number | null {
    const map = this.#windows.word(object - 1);
    const kind = this.#maps.learn(map % high, Math.floor(map / high));
    return kind < 0 ? null : kind;
  }

  typeOf(object: number): number {
    return this.#maps.typeOf(this.kindOf(object) ?? -1);
  }

  isArrayLike(type: number): boolean {
    const { fixedArray, byteArray, propertyArray } = this.#layout;
    return (type >= fixedArray && type < byteArray) || type === propertyArray;
  }

  isContext(type: number): boolean {
    return type >= this.#layout.firstContext && type <= this.#layout.lastContext;
  }

  /** Of itself, with what it has outside of V8's heap. */
  bytesOf(object: number, kind: number): number {
    const { firstNonString, stringLengthAt, arrayBuffer, bufferLengthAt, byteArray, doubleArray, propertyArray } = this.#layout;
    const type = this.#maps.typeOf(kind);
    const bytes = this.#maps.all[kind]?.bytes ?? 0;
    if (type === arrayBuffer) return bytes + Math.min(2 ** 34, this.#windows.word(object - 1 + bufferLengthAt));
    if (bytes > 0) return bytes;
    const length = this.#windows.word(object - 1 + (type < firstNonString ? stringLengthAt - 4 : 8)) / high;
    if (type < firstNonString) return 16 + Math.floor(length) * ((type & 8) === 0 ? 2 : 1);
    if (type === byteArray) return 16 + length;
    // Its hash is in the same number.
    if (type === propertyArray) return 16 + (length & 1023) * 8;
    return this.isArrayLike(type) || this.isContext(type) || type === doubleArray ? 16 + length * 8 : 16;
  }

  /** As `contentOf`, at a glance: of a function the variables it sees, of others their first field. */
  markOf(object: number, kind: number): number {
    const type = this.#maps.typeOf(kind);
    const at = isFunctionType(type, this.#layout)
      ? this.#layout.functionContextAt
      : this.isArrayLike(type)
        ? 16
        : this.isContext(type)
          ? 32
          : fieldsAt;
    return (this.#windows.word(object - 1 + at) % high) * mostMaps + kind;
  }

  /** What it keeps alive that may be its own, and where: not its map, not what functions share. */
  refsOf(object: number, kind: number): V8Ref[] {
    const type = this.#maps.typeOf(kind);
    const { firstNonString, firstObject, functionContextAt, promiseReaction, promiseCapability } = this.#layout;
    if (type < firstNonString) return (type & 7) === 1 ? this.#refs(object, 16, 32) : [];
    if (isFunctionType(type, this.#layout)) return this.#refs(object, functionContextAt, functionContextAt + 8);
    const holds =
      type >= firstObject || this.isArrayLike(type) || this.isContext(type) || type === promiseReaction || type === promiseCapability;
    // Of a context: not what it is of, nor the one around it.
    return holds ? this.#refs(object, this.isContext(type) ? 32 : 8, Math.min(mostObjectBytes, this.bytesOf(object, kind))) : [];
  }

  /** Fields of a function itself: what is static in a class. */
  staticRefsOf(object: number, kind: number): V8Ref[] {
    return [
      ...this.#refs(object, 8, 16),
      ...this.#refs(object, functionHeaderBytes, Math.min(mostObjectBytes, this.bytesOf(object, kind))),
    ];
  }

  #refs(object: number, from: number, to: number): V8Ref[] {
    const words = this.words(object - 1 + from, to - from);
    return words.flatMap((word, index) => ((word & 3) === 1 ? [{ offset: from + index * 8, object: word }] : []));
  }

  words(address: number, bytes: number): number[] {
    const words: number[] = [];
    for (let at = 0; at < bytes && words.length < mostWordsRead; at += pieceBytes) {
      const length = Math.min(pieceBytes, bytes - at);
      const piece = this.#windows.piece(address + at, length);
      for (let word = 0; word + 8 <= length; word += 8) words.push(piece === null ? 0 : wordIn(piece, word));
    }
    return words;
  }

  /** Where the entries are, as it is now. */
  storeOf(collection: number, { sort }: Collection): number {
    return this.#windows.word(collection - 1 + { Map: 24, Set: 24, Array: 16, object: 8 }[sort]);
  }

  /**
   * Keys and values of entries: the oldest, or those before the newest `back` ones, which are young and are moved while they are read; in a hash
   * table without an order, of any.
   */
  entries(address: number, collection: Collection, back: number | null, most: number): { key: number; value: number }[] {
    const store = this.storeOf(address, collection) - 1;
    const { first, width, count } = this.#shapeOf(address, store, collection);
    if (this.typeOf(store + 1) === this.#layout.doubleArray)
      return Array.from({ length: Math.min(count, most) }, () => ({ key: 0, value: 0 }));
    const take = Math.min(count, most * (collection.sort === 'object' ? 4 : 1));
    const start = back === null || collection.sort === 'object' ? 0 : Math.max(0, count - back - take);
    const words = this.words(store + first + start * width * 8, take * width * 8);
    return Array.from({ length: take }, (_, index) => {
      const key = words[index * width] ?? 0;
      return { key, value: width === 3 ? (words[index * width + 1] ?? 0) : key };
    }).filter(({ key }) => this.#isEntry(key));
  }

  #shapeOf(address: number, store: number, { sort }: Collection): { first: number; width: number; count: number } {
    const small = (offset: number) => Math.min(2 ** 26, Math.floor(this.#windows.word(store + offset) / high));
    if (sort === 'Array') return { first: 16, width: 1, count: Math.floor(this.#windows.word(address - 1 + 24) / high) };
    if (sort === 'object') return { first: 40 + this.#layout.dictionaryPrefixWords * 8, width: 3, count: small(32) };
    // Entries, deleted ones, buckets; then the buckets; then the entries with a link each.
    return { first: 40 + small(32) * 8, width: sort === 'Map' ? 3 : 2, count: small(16) + small(24) };
  }

  /** Keys and values of the oldest ones. */
  oldest(address: number, collection: Collection): number[] {
    return this.entries(address, collection, null, oldestEntries).flatMap(({ key, value }) => [key, value]);
  }

  /** Undefined and holes are no keys. */
  #isEntry(key: number): boolean {
    if ((key & 3) !== 1) return (key & 1) === 0;
    const type = this.typeOf(key);
    return type >= this.#layout.firstObject || (type >= 0 && type <= this.#layout.symbolType);
  }

  /** What tells an object from another one that gets its place: of a text its length and beginning, of others their fields. Empty: nothing does. */
  contentOf(object: number): number[] {
    const kind = (object & 3) === 1 ? this.kindOf(object) : null;
    if (kind === null) return [];
    const type = this.#maps.typeOf(kind);
    const { firstNonString, firstObject, stringLengthAt } = this.#layout;
    if (type < firstNonString) return (type & 7) === 0 ? this.words(object - 1 + stringLengthAt - 4, 16) : [];
    const bytes = this.#maps.all[kind]?.bytes ?? 0;
    return type < firstObject ? [] : this.words(object - 1 + fieldsAt, Math.min(mostContentBytes, bytes - fieldsAt));
  }

  /** Part of these that the collection still has in it, and that are what they were; all of them where it has whole numbers as fractions by now. */
  partLeft(address: number, collection: Collection, kept: readonly KeptWord[]): number {
    const store = this.storeOf(address, collection);
    const kind = this.kindOf(store);
    if (kind === null || kept.length === 0) return 0;
    if (this.#maps.typeOf(kind) === this.#layout.doubleArray) return 1;
    // The oldest come first, behind what a large table has for finding them.
    const { first } = this.#shapeOf(address, store - 1, collection);
    const wanted = new Set(kept.map(({ word }) => word));
    const now = new Set(this.words(store - 1 + first, this.bytesOf(store, kind) - first).filter((word) => wanted.has(word)));
    const oldest = this.oldest(address, collection);
    const left = kept.filter(
      (each) => (now.has(each.word) && isMostlySame(each.content, this.contentOf(each.word))) || this.#isMoved(each, oldest, kept),
    );
    return left.length / kept.length;
  }

  /** The collector moves what is old, too, now and then: in its place is the same by what it has of its own, or else by its key. */
  #isMoved({ place, kind, content }: KeptWord, oldest: readonly number[], kept: readonly KeptWord[]): boolean {
    const now = oldest[place] ?? 0;
    if (kind === null || (now & 3) !== 1 || this.kindOf(now) !== kind) return false;
    const isText = this.#maps.typeOf(kind) < this.#layout.firstNonString;
    const after = this.contentOf(now);
    const own = content.flatMap((word, index) => (word !== 0 && (isText || (word & 3) !== 1) ? [word === after[index]] : []));
    if (own.length > 0) return own.filter((isSame) => isSame).length * 2 > own.length;
    const key = place % 2 === 1 ? kept.find((each) => each.place === place - 1) : undefined;
    return key !== undefined && key.content.length > 0 && this.#isMoved(key, oldest, kept);
  }

  /**
   * Bytes that each of these keeps alive for itself: what more than one of them leads to is shared. `kinds`: what they are made of, and how many
   * of each one has.
   */
  ownBytes(entries: readonly (readonly number[])[]): { bytes: number; kinds: Map<number, number> } {
    const seen = new Map<number, { kind: number; times: number }>();
    for (const entry of entries)
      for (const [object, kind] of this.reach(entry, mostReached)) {
        const known = seen.get(object);
        if (known === undefined) seen.set(object, { kind, times: 1 });
        else known.times += 1;
      }
    const kinds = new Map<number, number>();
    let bytes = 0;
    for (const [object, { kind, times }] of seen) {
      if (times > 1 && entries.length > 1) continue;
      bytes += this.bytesOf(object, kind) / entries.length;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1 / entries.length);
    }
    return { bytes, kinds };
  }

  /** Objects that can be come to from these, the nearest first, with their kinds. */
  reach(starts: readonly number[], most: number): Map<number, number> {
    const reached = new Map<number, number>();
    const meet = (object: number) => {
      if ((object & 3) !== 1 || reached.has(object) || reached.size >= most) return;
      const kind = this.kindOf(object);
      if (kind !== null && this.#maps.typeOf(kind) !== this.#layout.mapType) reached.set(object, kind);
    };
    for (const start of starts) meet(start);
    for (const [object, kind] of reached) for (const ref of this.refsOf(object, kind)) meet(ref.object);
    return reached;
  }
}

/** Some fields of what stays are written to: where there is only one, it says nothing. */
function isMostlySame(before: readonly number[], now: readonly number[]): boolean {
  return before.length < 2 || before.filter((word, index) => word === now[index]).length * 2 > before.length;
}
