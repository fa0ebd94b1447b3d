/**
 * Values of MRI as they lie in memory: each object is a slot of flags, class and three more words. What differs between versions is found by
 * looking for what must be there: `String` is the name of the class that libruby exports as rb_cString.
 * Written for 3.1; https://github.com/ruby/ruby/blob/ruby_3_1/include/ruby/internal/core/rbasic.h
 */
import type { TargetMemory } from '../targetMemory.ts';

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
export const rubyFlag = { variablesOutside: 1 << 10, embedded: 1 << 13, structEmbedded: 3 << 13, hashTable: 1 << 15 } as const;
const wordsOfSlot = 3;
const longestName = 200;
const mostNames = 100_000;
const idsInPiece = 512;
const mostEntries = 100_000;
/** Of st_table: number of entries, from which to which they are used, and where they are. */
const tableOffset = { count: 16, start: 32, bound: 40, entries: 48 } as const;
const entryBytes = 24;
const deletedHash = 2 ** 64 - 1;

export interface RubyEntry {
  key: number;
  value: number;
}

/** Where a class has its parts, as found. */
interface ClassLayout {
  extension: number;
  variables: number;
  constants: number;
  /** Under this ID a class has its name among its variables. */
  nameId: number;
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

  text(value: number): string | null {
    const slot = this.bytes(value, 40);
    if (slot === null || (slot.readUInt32LE(0) & 31) !== rubyType.string) return null;
    const flags = slot.readUInt32LE(0);
    if ((flags & rubyFlag.embedded) === 0) {
      const length = (flags >>> 14) & 31;
      return length > 24 ? null : slot.toString('utf8', 16, 16 + length);
    }
    const length = wordIn(slot, 16);
    return length > longestName ? null : (this.bytes(wordIn(slot, 24), length)?.toString('utf8') ?? null);
  }

  /** Finds what differs between versions; false where it can't be found. `data`: where libruby keeps what is global. */
  calibrate(symbols: RubySymbols, data: readonly { start: number; end: number }[]): boolean {
    const [string, array, hash, object] = [symbols.string, symbols.array, symbols.hash, symbols.object].map((each) => this.word(each));
    if (string === undefined || array === undefined || hash === undefined || object === undefined) return false;
    for (let extension = 16; extension < 48 && this.#layout === null; extension += 8) {
      for (let variables = 0; variables < 96 && this.#layout === null; variables += 8) {
        const named = this.entries(this.word(this.word(string + extension) + variables)).find(({ value }) => this.text(value) === 'String');
        const layout = { extension, variables, constants: -1, nameId: named?.key ?? 0 };
        if (named !== undefined && this.#nameBy(layout, array) === 'Array' && this.#nameBy(layout, hash) === 'Hash') this.#layout = layout;
      }
    }
    if (this.#layout === null) return false;
    for (let constants = 0; constants < 160; constants += 8) {
      const isIt = this.idTable(this.word(this.word(object + this.#layout.extension) + constants)).some(
        ({ value }) => this.word(value + 8) === string,
      );
      if (isIt) this.#layout.constants = constants;
    }
    this.#ids = this.#findIds(data, this.#layout.nameId);
    return true;
  }

  /** `global_symbols.ids`: an array of arrays, in which the name of the ID that classes keep their name under is where it must be. */
  #findIds(data: readonly { start: number; end: number }[], knownId: number): number {
    for (const { start, end } of data) {
      const bytes = this.bytes(start, Math.min(end - start, 1 << 20));
      for (let offset = 0; bytes !== null && offset + 8 <= bytes.length; offset += 8) {
        const value = wordIn(bytes, offset);
        if (isAddress(value) && this.#idIn(value, knownId) === '__classpath__') return value;
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
    return this.idName(serial * 16);
  }

  #idIn(ids: number, id: number): string | null {
    const serial = Math.floor(id / 16);
    const piece = this.element(ids, Math.floor(serial / idsInPiece));
    return this.text(this.element(piece, (serial % idsInPiece) * 2));
  }

  /** NaN when the value is no array or shorter. */
  element(value: number, index: number): number {
    const slot = this.bytes(value, 40);
    if (slot === null || (slot.readUInt32LE(0) & 31) !== rubyType.array) return Number.NaN;
    const flags = slot.readUInt32LE(0);
    if ((flags & rubyFlag.embedded) !== 0) return index < ((flags >>> 15) & 3) ? wordIn(slot, 16 + index * 8) : Number.NaN;
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

  #nameBy({ extension, variables, nameId }: ClassLayout, value: number): string | null {
    const entries = this.entries(this.word(this.word(value + extension) + variables));
    const name = this.text(entries.find(({ key }) => key === nameId)?.value ?? 0);
    return name !== null && /^[A-Z#][\w:<>#]*$/.test(name) ? name : null;
  }

  /** Variables of a class: `@@known`, `@instance`, and those without a name that Ruby itself keeps there. */
  classVariables(value: number): RubyEntry[] {
    return this.#layout === null ? [] : this.entries(this.word(this.word(value + this.#layout.extension) + this.#layout.variables));
  }

  constants(value: number): { name: string; value: number }[] {
    if (this.#layout === null || this.#layout.constants < 0) return [];
    return this.idTable(this.word(this.word(value + this.#layout.extension) + this.#layout.constants)).flatMap(({ key, value: entry }) => {
      const name = this.serialName(key);
      return name === null ? [] : [{ name, value: this.word(entry + 8) }];
    });
  }

  /** The name of the instance variable at this index of an object of the class. */
  instanceVariable(classValue: number, index: number): string | null {
    const place = `${classValue} ${index}`;
    const known = this.#variables.get(place);
    if (known !== undefined || this.#layout === null) return known ?? null;
    for (const { key, value } of this.entries(this.word(this.word(classValue + this.#layout.extension)))) {
      if (this.bytes(value, 8)?.readUInt32LE(0) !== index) continue;
      const name = this.idName(key);
      if (name !== null && this.#variables.size < mostNames) this.#variables.set(place, name);
      return name;
    }
    return null;
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
    if (isArray) return (flags & rubyFlag.embedded) !== 0 ? (flags >>> 15) & 3 : wordIn(slot, 16);
    if ((flags & 31) !== rubyType.hash) return 0;
    return (flags & rubyFlag.hashTable) !== 0 ? this.word(wordIn(slot, 16) + tableOffset.count) : (flags >>> 16) & 15;
  }

  /** Of a hash. Up to eight may lie one after the other. */
  pairs(hash: number): RubyEntry[] {
    const slot = this.bytes(hash, 24);
    const flags = slot?.readUInt32LE(0) ?? 0;
    if (slot === null || (flags & 31) !== rubyType.hash) return [];
    if ((flags & rubyFlag.hashTable) !== 0) return this.entries(wordIn(slot, 16));
    const bytes = this.bytes(wordIn(slot, 16), ((flags >>> 20) & 15) * 16);
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

/** Of the words of a slot after its class, how many are its values or lead to them: behind that is what the object before it left. */
export function usedWords(flags: number): number {
  const type = flags & 31;
  if (type === rubyType.array && (flags & rubyFlag.embedded) !== 0) return (flags >>> 15) & 3;
  if (type === rubyType.struct && (flags & rubyFlag.structEmbedded) !== 0) return (flags & rubyFlag.structEmbedded) >>> 13;
  return wordsOfSlot;
}

export function isAddress(value: number): boolean {
  return value >= 0x1_0000 && value < 2 ** 47 && value % 8 === 0;
}

export function wordIn(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}
