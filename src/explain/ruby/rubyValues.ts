/**
 * Values of MRI as they lie in memory: each object is a slot of flags, class and three more words. What differs between versions is found by
 * looking for what must be there: `String` is the name of the class that libruby exports as rb_cString.
 * Written for 3.1 and 3.3; https://github.com/ruby/ruby/blob/ruby_3_3/include/ruby/internal/core/rbasic.h
 */
import { highHalf } from '../heapWindows.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { findShapes, type RubyShapes } from './rubyShapes.ts';

export const rubyType = {
  object: 1,
  class: 2,
  module: 3,
  string: 5,
  array: 7,
  hash: 8,
  struct: 9,
  data: 12,
  symbol: 0x14,
  imemo: 0x1a,
} as const;
export const rubyFlag = { variablesOutside: 1 << 10, embedded: 1 << 13, hashTable: 1 << 15 } as const;
const longestName = 200;
const mostNames = 100_000;
const idsInPiece = 512;
/** Of one name: as a constant, a local variable, an instance variable and so on. */
const idsOfSerial = 16;
/** Where a class of 3.3 has its parts. */
const partsInside = 32;
const mostEntries = 100_000;
/** Of st_table: number of entries, from which to which they are used, and where they are. */
const tableOffset = { count: 16, start: 32, bound: 40, entries: 48 } as const;
const entryBytes = 24;
const deletedHash = 2 ** 64 - 1;

export interface RubyEntry {
  key: number;
  value: number;
}

/** Of a hash with its table in its slot. */
const tableInside = 24;
const pairsInside = 32;
const objectValues = 16;

/** Where a class has its parts, as found. */
interface ClassLayout {
  extension: number;
  /** They are in its slot, and not elsewhere. */
  isInside: boolean;
  variables: number;
  constants: number;
  /** Under this ID a class has its name among its variables; null: it has it at `name` among its parts. */
  nameId: number | null;
  name: number;
}

export interface RubySymbols {
  string: number;
  array: number;
  hash: number;
  object: number;
}

export class RubyValues {
  readonly memory: TargetMemory;
  readonly #word = Buffer.alloc(8);
  readonly #names = new Map<number, string | null>();
  readonly #idNames = new Map<number, string>();
  readonly #variables = new Map<string, string>();
  #layout: ClassLayout | null = null;
  #shapes: RubyShapes | null = null;
  #ids = 0;

  constructor(memory: TargetMemory) {
    this.memory = memory;
  }

  word(address: number): number {
    return address > 0 && this.memory.read(address, this.#word) === 8 ? wordIn(this.#word, 0) : Number.NaN;
  }

  bytes(address: number, length: number): Buffer | null {
    if (!isAddress(address) || length <= 0) return null;
    const into = Buffer.allocUnsafe(length);
    return this.memory.read(address, into) === length ? into : null;
  }

  /** What variables objects have, as Ruby 3.3 keeps it; null of one up to 3.1. */
  get shapes(): RubyShapes | null {
    return this.#shapes;
  }

  text(value: number): string | null {
    const slot = this.bytes(value, 40);
    if (slot === null || (slot.readUInt32LE(0) & 31) !== rubyType.string) return null;
    const flags = slot.readUInt32LE(0);
    const isInside = (flags & rubyFlag.embedded) === 0;
    if (isInside && this.#shapes === null) {
      const length = (flags >>> 14) & 31;
      return length > 24 ? null : slot.toString('utf8', 16, 16 + length);
    }
    const length = wordIn(slot, 16);
    return length > longestName ? null : (this.bytes(isInside ? value + 24 : wordIn(slot, 24), length)?.toString('utf8') ?? null);
  }

  /**
   * Finds what differs between versions; false where it can't be found. `hasShapes`: as 3.3 has; `data`: where libruby keeps what is global.
   */
  calibrate(symbols: RubySymbols, hasShapes: boolean, data: readonly { start: number; end: number }[]): boolean {
    const [string, array, hash, object] = [symbols.string, symbols.array, symbols.hash, symbols.object].map((each) => this.word(each));
    if (string === undefined || array === undefined || hash === undefined || object === undefined) return false;
    if (hasShapes) {
      this.#shapes = findShapes(this, data);
      if (this.#shapes === null) return false;
    }
    const isRight = (layout: ClassLayout) => this.#nameBy(layout, array) === 'Array' && this.#nameBy(layout, hash) === 'Hash';
    this.#layout = (hasShapes ? this.#layoutsInside(string) : this.#layoutsByTable(string)).find(isRight) ?? null;
    if (this.#layout === null) return false;
    const nameOfString = this.#findConstants(this.#layout, object, string);
    this.#ids = nameOfString === null ? 0 : this.#findIds(data, nameOfString * idsOfSerial);
    return true;
  }

  /** A class of 3.1 leads to its parts, and has its name among its variables. */
  #layoutsByTable(string: number): ClassLayout[] {
    const found: ClassLayout[] = [];
    for (let extension = 16; extension < 48; extension += 8) {
      for (let variables = 0; variables < 96; variables += 8) {
        const named = this.entries(this.word(this.word(string + extension) + variables)).find(({ value }) => this.text(value) === 'String');
        if (named !== undefined) found.push({ extension, isInside: false, variables, constants: -1, nameId: named.key, name: 0 });
      }
    }
    return found;
  }

  /** One of 3.3 has its parts behind what each class has, first where its variables are, and in them its name. */
  #layoutsInside(string: number): ClassLayout[] {
    const found: ClassLayout[] = [];
    for (let name = 0; name < 160; name += 8) {
      if (this.text(this.word(string + partsInside + name)) !== 'String') continue;
      found.push({ extension: partsInside, isInside: true, variables: 0, constants: -1, nameId: null, name });
    }
    return found;
  }

  /** The serial number of the name under which `Object` has `String`; null where it isn't found. */
  #findConstants(layout: ClassLayout, object: number, string: number): number | null {
    for (let constants = 0; constants < 160; constants += 8) {
      const found = this.idTable(this.word(this.#partsOf(layout, object) + constants)).find(({ value }) => this.word(value + 8) === string);
      if (found === undefined) continue;
      layout.constants = constants;
      return found.key;
    }
    return null;
  }

  #partsOf({ extension, isInside }: ClassLayout, value: number): number {
    return isInside ? value + extension : this.word(value + extension);
  }

  /** `global_symbols.ids`: an array of arrays, in which the name of the constant `String` is where it must be. */
  #findIds(data: readonly { start: number; end: number }[], idOfString: number): number {
    for (const { start, end } of data) {
      const bytes = this.bytes(start, Math.min(end - start, 1 << 20));
      for (let offset = 0; bytes !== null && offset + 8 <= bytes.length; offset += 8) {
        const value = wordIn(bytes, offset);
        if (isAddress(value) && this.#idIn(value, idOfString) === 'String') return value;
      }
    }
    return 0;
  }

  /** The name of an ID, as `@sessions`; null when it isn't known. */
  idName(id: number): string | null {
    const known = this.#idNames.get(id);
    if (known !== undefined || this.#ids === 0) return known ?? null;
    const name = this.#idIn(this.#ids, id);
    if (name !== null && this.#idNames.size < mostNames) this.#idNames.set(id, name);
    return name;
  }

  serialName(serial: number): string | null {
    return this.idName(serial * idsOfSerial);
  }

  #idIn(ids: number, id: number): string | null {
    const serial = Math.floor(id / idsOfSerial);
    const piece = this.element(ids, Math.floor(serial / idsInPiece));
    return this.text(this.element(piece, (serial % idsInPiece) * 2));
  }

  /** NaN when the value is no array or shorter. */
  element(value: number, index: number): number {
    const slot = this.bytes(value, 40);
    if (slot === null || (slot.readUInt32LE(0) & 31) !== rubyType.array) return Number.NaN;
    const flags = slot.readUInt32LE(0);
    if ((flags & rubyFlag.embedded) !== 0) return index < ((flags >>> 15) & 127) ? wordIn(slot, 16 + index * 8) : Number.NaN;
    return index < wordIn(slot, 16) ? this.word(wordIn(slot, 32) + index * 8) : Number.NaN;
  }

  className(value: number): string | null {
    let found = this.#names.get(value);
    if (found === undefined) {
      const kind = (this.bytes(value, 8)?.readUInt32LE(0) ?? 0) & 31;
      const isClass = kind === rubyType.class || kind === rubyType.module;
      found = isClass && this.#layout !== null ? this.#nameBy(this.#layout, value) : null;
      if (this.#names.size < mostNames) this.#names.set(value, found);
    }
    return found;
  }

  #nameBy(layout: ClassLayout, value: number): string | null {
    const isNamed = ({ key }: RubyEntry) => key === layout.nameId;
    const parts = this.#partsOf(layout, value);
    const place =
      layout.nameId === null
        ? this.word(parts + layout.name)
        : (this.entries(this.word(parts + layout.variables)).find(isNamed)?.value ?? 0);
    const name = this.text(place);
    return name !== null && /^[A-Z#][\w:<>#]*$/.test(name) ? name : null;
  }

  /** Variables of a class: `@@known`, `@instance`, and those without a name that Ruby itself keeps there. */
  classVariables(value: number): RubyEntry[] {
    if (this.#layout === null) return [];
    const variables = this.word(this.#partsOf(this.#layout, value) + this.#layout.variables);
    const shape = Math.floor(this.word(value) / highHalf);
    if (this.#shapes === null || this.#shapes.isTable(shape)) return this.entries(variables);
    return this.#shapes.variablesOf(shape).map((key, index) => ({ key, value: this.word(variables + index * 8) }));
  }

  constants(value: number): { name: string; value: number }[] {
    if (this.#layout === null || this.#layout.constants < 0) return [];
    return this.idTable(this.word(this.#partsOf(this.#layout, value) + this.#layout.constants)).flatMap(({ key, value: entry }) => {
      const name = this.serialName(key);
      return name === null ? [] : [{ name, value: this.word(entry + 8) }];
    });
  }

  /** The name of the instance variable at this index of the values of an object. */
  instanceVariable(object: number, index: number): string | null {
    const classValue = this.word(object + 8);
    const shape = this.#shapes === null ? 0 : Math.floor(this.word(object) / highHalf);
    const place = `${classValue} ${shape} ${index}`;
    const known = this.#variables.get(place);
    if (known !== undefined) return known;
    const name = this.idName(
      this.#shapes === null ? this.#idByClass(classValue, index) : this.#idByShape(object, this.#shapes, shape, index),
    );
    // Of those with a table each has them in an order of its own.
    if (name !== null && this.#variables.size < mostNames && this.#shapes?.isTable(shape) !== true) this.#variables.set(place, name);
    return name;
  }

  /** The class has a table of indices by ID, before 3.0 these themselves. */
  #idByClass(classValue: number, index: number): number {
    if (this.#layout === null) return Number.NaN;
    const entries = this.entries(this.word(this.#partsOf(this.#layout, classValue)));
    const indexOf = (value: number) => (isAddress(value) ? this.bytes(value, 8)?.readUInt32LE(0) : value);
    return entries.find(({ value }) => indexOf(value) === index)?.key ?? Number.NaN;
  }

  #idByShape(object: number, shapes: RubyShapes, shape: number, index: number): number {
    if (!shapes.isTable(shape)) return shapes.variablesOf(shape)[index] ?? Number.NaN;
    const range = this.tableRange(this.word(object + objectValues));
    return range === null ? Number.NaN : this.word(range.start + Math.floor((index * 8) / entryBytes) * entryBytes + 8);
  }

  /** Entries of an st_table. */
  entries(table: number): RubyEntry[] {
    const range = this.tableRange(table);
    const bytes = range === null ? null : this.bytes(range.start, Math.min(range.end - range.start, mostEntries * entryBytes));
    const found: RubyEntry[] = [];
    for (let offset = 0; bytes !== null && offset + entryBytes <= bytes.length; offset += entryBytes) {
      if (wordIn(bytes, offset) !== deletedHash) found.push({ key: wordIn(bytes, offset + 8), value: wordIn(bytes, offset + 16) });
    }
    return found;
  }

  /** Of an array or a hash; 0 of what is neither. */
  entryCount(value: number): number {
    const slot = this.bytes(value, 24);
    if (slot === null) return 0;
    const flags = slot.readUInt32LE(0);
    const isArray = (flags & 31) === rubyType.array;
    if (isArray) return (flags & rubyFlag.embedded) !== 0 ? (flags >>> 15) & 127 : wordIn(slot, 16);
    if ((flags & 31) !== rubyType.hash) return 0;
    return (flags & rubyFlag.hashTable) !== 0 ? this.word(this.tableOf(value) + tableOffset.count) : (flags >>> 16) & 15;
  }

  /** Where a hash with a table has that. */
  tableOf(hash: number): number {
    return this.#shapes === null ? this.word(hash + 16) : hash + tableInside;
  }

  /** Of a hash. Up to eight may lie one after the other. */
  pairs(hash: number): RubyEntry[] {
    const flags = this.word(hash) % highHalf;
    if ((flags & 31) !== rubyType.hash) return [];
    if ((flags & rubyFlag.hashTable) !== 0) return this.entries(this.tableOf(hash));
    const bytes = this.bytes(this.#shapes === null ? this.word(hash + 16) : hash + pairsInside, ((flags >>> 20) & 15) * 16);
    return Array.from({ length: (bytes?.length ?? 0) / 16 }, (_, index) => ({
      key: bytes === null ? 0 : wordIn(bytes, index * 16),
      value: bytes === null ? 0 : wordIn(bytes, index * 16 + 8),
    }));
  }

  /** One in the word itself, by its ID, or an object that has its text. */
  symbolName(value: number): string | null {
    return value % 256 === 0x0c ? this.idName(Math.floor(value / 256)) : this.text(this.word(value + 24));
  }

  /** Where an st_table has its entries. */
  tableRange(table: number): { start: number; end: number } | null {
    const record = isAddress(table) ? this.bytes(table, 56) : null;
    if (record === null) return null;
    const [count, start, bound, entries] = [tableOffset.count, tableOffset.start, tableOffset.bound, tableOffset.entries].map((at) =>
      wordIn(record, at),
    );
    if (count === undefined || start === undefined || bound === undefined || entries === undefined) return null;
    if (!isAddress(entries) || count > bound - start || start > bound || bound > 2 ** 32) return null;
    return { start: entries + start * entryBytes, end: entries + bound * entryBytes };
  }

  /** Of a table by IDs: capacity, number, used, items of serial number and value. */
  idTable(table: number): RubyEntry[] {
    const record = isAddress(table) ? this.bytes(table, 24) : null;
    if (record === null) return [];
    const [capacity, count] = [record.readInt32LE(0), record.readInt32LE(4)];
    if (capacity <= 0 || capacity > 1 << 20 || count <= 0 || count > capacity) return [];
    const items = this.bytes(wordIn(record, 16), capacity * 16);
    const found: RubyEntry[] = [];
    for (let offset = 0; items !== null && offset < items.length; offset += 16) {
      const key = items.readUInt32LE(offset);
      const value = wordIn(items, offset + 8);
      if (key !== 0 && isAddress(value)) found.push({ key, value });
    }
    return found;
  }
}

export function isAddress(value: number): boolean {
  return value >= 0x1_0000 && value < 2 ** 47 && value % 8 === 0;
}

export function wordIn(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}
