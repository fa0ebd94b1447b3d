/**
 * What PHP keeps in its heap (zend_types.h): strings, arrays, objects and classes, the same in 7.4 to 8.4 on 64 bit.
 * Everything read is checked for being what it is taken for: the process runs on meanwhile.
 */
import type { TargetMemory } from '../targetMemory.ts';
import { wordAt } from './zendHeap.ts';

export const zendType = { string: 6, array: 7, object: 8, reference: 10 } as const;
const packedArray = 1 << 2;
const uninitialisedArray = 1 << 3;
/** zval and Bucket. */
const valueBytes = 16;
const bucketBytes = 32;
export const arrayBytes = 56;
const objectHeaderBytes = 40;
const stringHeaderBytes = 24;
const longestName = 256;

export interface ZendArray {
  address: number;
  packed: boolean;
  /** Where the values begin; what hashes to them lies before it. */
  data: number;
  /** Used places, of which `count` hold a value. */
  used: number;
  count: number;
  /** Places that there is room for. */
  capacity: number;
  /** Of the block that the values lie in. */
  blockStart: number;
  blockBytes: number;
  elementBytes: number;
}

/** The array whose record is at `offset`; null when it is none. `packedAsValues`: lists keep plain values from PHP 8.2 on, buckets before. */
export function parseArray(bytes: DataView, offset: number, address: number, packedAsValues: boolean): ZendArray | null {
  if ((bytes.getUint32(offset + 4, true) & 15) !== zendType.array) return null;
  const flags = bytes.getUint32(offset + 8, true);
  const mask = bytes.getUint32(offset + 12, true);
  const data = longAt(bytes, offset + 16);
  const used = bytes.getUint32(offset + 24, true);
  const count = bytes.getUint32(offset + 28, true);
  const capacity = bytes.getUint32(offset + 32, true);
  if (used > capacity || count > used || capacity < 2 || (capacity & (capacity - 1)) !== 0 || mask < 0x8000_0000 || data % 8 !== 0)
    return null;
  const packed = (flags & packedArray) !== 0;
  const elementBytes = packed && packedAsValues ? valueBytes : bucketBytes;
  const hashBytes = (2 ** 32 - mask) * 4;
  const empty = (flags & uninitialisedArray) !== 0;
  const blockBytes = empty ? 0 : hashBytes + capacity * elementBytes;
  return { address, packed, data, used, count, capacity, blockStart: data - hashBytes, blockBytes, elementBytes };
}

export interface ZendEntry {
  /** Text key; null for a number. */
  key: string | null;
  index: number;
  /** Of the value: address of the zval. */
  address: number;
  type: number;
  /** What the value holds: an address, for the types that have one. */
  value: number;
}

/** A value of a variable: what it holds, behind references and indirections. */
export interface ZendHeld {
  type: number;
  address: number;
}

export class ZendValues {
  readonly memory: TargetMemory;
  readonly #word = Buffer.alloc(8);
  readonly #strings = new Map<number, string | null>();
  readonly #classes = new Map<number, string | null>();
  readonly #properties = new Map<number, Map<number, string>>();
  packedAsValues = true;

  constructor(memory: TargetMemory) {
    this.memory = memory;
  }

  /** NaN where nothing can be read. */
  word(address: number): number {
    return this.memory.read(address, this.#word) === 8 ? wordAt(this.#word, 0) : Number.NaN;
  }

  bytes(address: number, length: number): Buffer | null {
    const into = Buffer.alloc(length);
    return this.memory.read(address, into) === length ? into : null;
  }

  /** A short text, as names are; null when there is none at the address. */
  name(address: number): string | null {
    let found = this.#strings.get(address);
    if (found === undefined) {
      found = this.#readName(address);
      if (this.#strings.size < 100_000) this.#strings.set(address, found);
    }
    return found;
  }

  #readName(address: number): string | null {
    if (!isAddress(address)) return null;
    const header = this.bytes(address, stringHeaderBytes);
    if (header === null || (header.readUInt32LE(4) & 15) !== zendType.string) return null;
    const length = wordAt(header, 16);
    if (length === 0 || length > longestName) return null;
    const text = this.bytes(address + stringHeaderBytes, length + 1);
    return text !== null && text[length] === 0 ? text.toString('utf8', 0, length) : null;
  }

  /** The name of the class whose entry this is; null when it is none. */
  className(entry: number): string | null {
    let found = this.#classes.get(entry);
    if (found === undefined) {
      found = this.#readClassName(entry);
      if (this.#classes.size < 100_000) this.#classes.set(entry, found);
    }
    return found;
  }

  #readClassName(entry: number): string | null {
    if (!isAddress(entry)) return null;
    const header = this.bytes(entry, 16);
    const kind = header?.[0];
    if (header === null || (kind !== 1 && kind !== 2)) return null;
    const name = this.name(wordAt(header, 8));
    // A class without a name is called `class@anonymous`, a NUL and where it is.
    return name !== null && /^[\w\\\u0080-\uffff]+(?:@anonymous\0|$)/.test(name) ? name.replace(/\0.*$/s, '') : null;
  }

  array(address: number): ZendArray | null {
    if (!isAddress(address)) return null;
    const record = this.bytes(address, arrayBytes);
    return record === null ? null : parseArray(dataView(record), 0, address, this.packedAsValues);
  }

  /** The first `most` values. */
  entries(array: ZendArray, most: number): ZendEntry[] {
    const places = Math.min(array.used, most);
    const bytes = array.blockBytes === 0 || places === 0 ? null : this.bytes(array.data, places * array.elementBytes);
    if (bytes === null) return [];
    const found: ZendEntry[] = [];
    for (let place = 0; place < places; place += 1) {
      const offset = place * array.elementBytes;
      const type = bytes.readUInt8(offset + 8);
      if (type === 0) continue;
      const isBucket = array.elementBytes === bucketBytes;
      const key = isBucket ? wordAt(bytes, offset + 24) : 0;
      found.push({
        key: key === 0 ? null : this.name(key),
        index: isBucket ? wordAt(bytes, offset + 16) : place,
        address: array.data + offset,
        type,
        value: wordAt(bytes, offset),
      });
    }
    return found;
  }

  /** What the zval at this address holds; null when it holds nothing that lies in the heap. */
  held(address: number, depth = 3): ZendHeld | null {
    const bytes = isAddress(address) ? this.bytes(address, valueBytes) : null;
    if (bytes === null) return null;
    const type = bytes.readUInt8(8);
    const value = wordAt(bytes, 0);
    if (type >= zendType.string && type <= zendType.object) return { type, address: value };
    if (depth === 0) return null;
    if (type === zendType.reference) return this.held(value + 8, depth - 1);
    // IS_INDIRECT: 12 from PHP 8 on, 13 before.
    return type === 12 || type === 13 ? this.held(value, depth - 1) : null;
  }

  /** Names of the properties that each object of the class has, by their offset in it. */
  properties(entry: number): Map<number, string> {
    let found = this.#properties.get(entry);
    if (found === undefined) {
      found = new Map(this.propertyInfos(entry).flatMap(({ isStatic, offset, name }) => (isStatic ? [] : [[offset, name]])));
      if (this.#properties.size < 10_000) this.#properties.set(entry, found);
    }
    return found;
  }

  /** Whether what lies there in an object of the class is one of its properties, or of what an extension keeps; the rest of its block is left from before. */
  isOfObject(entry: number, inside: number): boolean {
    const count = this.bytes(entry + classOffset.propertyCount, 4)?.readInt32LE(0) ?? 0;
    return count <= 0 || inside < objectHeaderBytes + count * valueBytes;
  }

  /** zend_property_info: an offset in the object, or a number in the table of what is static; flags; name. */
  propertyInfos(entry: number): { isStatic: boolean; offset: number; name: string }[] {
    const table = this.array(entry + classOffset.properties);
    if (table === null) return [];
    return this.entries(table, 2_000).flatMap(({ key, value }) => {
      const info = this.bytes(value, 8);
      return key === null || info === null
        ? []
        : [{ isStatic: (info.readUInt32LE(4) & 0x10) !== 0, offset: info.readUInt32LE(0), name: key }];
    });
  }
}

/** Of zend_class_entry. */
export const classOffset = { propertyCount: 32, staticCount: 36, statics: 56, functions: 64, properties: 120 } as const;

export function isAddress(value: number): boolean {
  return value >= 0x1_0000 && value < 2 ** 47 && value % 8 === 0;
}

export function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function longAt(bytes: DataView, offset: number): number {
  return bytes.getUint32(offset, true) + bytes.getUint32(offset + 4, true) * 2 ** 32;
}
