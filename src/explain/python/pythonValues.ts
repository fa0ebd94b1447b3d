/**
 * What an address in a CPython process is: types, texts, and what an object refers to.
 * https://github.com/python/cpython/blob/3.11/Include/cpython/object.h, unicodeobject.h, Objects/dict-common.h, pycore_dict.h
 */
import { type HeapWindows, wordIn } from '../heapWindows.ts';
import type { PythonLayout } from './pythonLayout.ts';

const typeNameAt = 24;
const basicSizeAt = 32;
const itemSizeAt = 40;
const typeFlagsAt = 168;
export const typeDictAt = 264;
const typeBaseAt = 256;
/** `PyMemberDef`: name, type, offset, flags, text. */
const memberBytes = 40;
const dictOffsetAt = 288;
const inlineValuesFlag = 1 << 2;
const managedDictFlag = 1 << 4;
const heapTypeFlag = 1 << 9;
const readyFlag = 1 << 12;
const typeSubclassFlag = 0x80000000;
const mostNameBytes = 120;
const mostPiece = 4096;
const dequeBlockItems = 64;
const mostBlocks = 10_000;
const mostSlots = 30;

export interface PythonType {
  address: number;
  name: string;
  basicBytes: number;
  itemBytes: number;
  /** Where an instance has the pointer to its dict; 0 where it has none, or the interpreter keeps it. */
  dictAt: number;
  /** The interpreter keeps the attributes. */
  isManaged: boolean;
  hasValuesInside: boolean;
  /** Defined in Python, or otherwise made while it runs. */
  isOfProgram: boolean;
  isMeta: boolean;
}

export interface PythonKeys {
  /** Of the first entry, and behind the last that there is room for. */
  from: number;
  to: number;
  entryBytes: number;
  /** In an entry; the value follows. */
  keyAt: number;
  /** Entries in use, given up ones among them. */
  count: number;
}

export interface PythonEntry {
  /** 0 where there is none. */
  key: number;
  value: number;
}

export class PythonValues {
  readonly windows: HeapWindows;
  readonly layout: PythonLayout;
  readonly types: ReadonlyMap<number, PythonType>;
  readonly #unicodeType: number;

  constructor(windows: HeapWindows, layout: PythonLayout, unicodeType: number, types: ReadonlyMap<number, PythonType>) {
    this.windows = windows;
    this.layout = layout;
    this.types = types;
    this.#unicodeType = unicodeType;
  }

  /** Null where there is no type. */
  readType(address: number): PythonType | null {
    const piece = this.windows.piece(address, 296);
    if (piece === null) return null;
    const flags = piece.readUInt32LE(typeFlagsAt);
    const [basicBytes, itemBytes, dictAt] = [wordIn(piece, basicSizeAt), wordIn(piece, itemSizeAt), wordIn(piece, dictOffsetAt)];
    if ((flags & readyFlag) === 0 || basicBytes > 1e5 || itemBytes > 1e4) return null;
    const name = this.#cText(wordIn(piece, typeNameAt));
    if (name === null) return null;
    const isManaged = this.layout.minor >= 11 && (flags & managedDictFlag) !== 0;
    return {
      address,
      name,
      basicBytes,
      itemBytes,
      dictAt: dictAt < basicBytes ? dictAt : 0,
      isManaged,
      hasValuesInside: isManaged && this.layout.attributes === 'inside' && (flags & inlineValuesFlag) !== 0,
      isOfProgram: (flags & heapTypeFlag) !== 0,
      isMeta: (flags & typeSubclassFlag) !== 0,
    };
  }

  #cText(address: number): string | null {
    const piece = this.windows.piece(address, mostNameBytes) ?? this.windows.piece(address, 16);
    const end = piece?.indexOf(0) ?? -1;
    const text = piece?.toString('latin1', 0, end) ?? '';
    return end > 0 && /^[A-Za-z_][\w.<>\- ]*$/.test(text) ? text : null;
  }

  /** Of a live object; null of anything else. */
  typeOf(address: number): PythonType | null {
    if (address % 8 !== 0 || address < 4096) return null;
    const head = this.windows.piece(address, 16);
    return head === null || !isReferenceCount(head.readUInt32LE(0), head.readUInt32LE(4))
      ? null
      : (this.types.get(wordIn(head, 8)) ?? null);
  }

  references(address: number): number {
    return this.#half(address);
  }

  #half(address: number): number {
    return this.windows.piece(address, 4)?.readUInt32LE(0) ?? 0;
  }

  /** Of a name: ASCII, not long, one word; null of anything else. */
  name(address: number): string | null {
    const text = this.text(address, mostNameBytes);
    return text !== null && /^[A-Za-z_][\w.<>]*$/.test(text) ? text : null;
  }

  /** So much of a text; null where it is none, or more than ASCII. */
  text(address: number, most: number): string | null {
    const head = this.windows.piece(address, 40);
    if (head === null || wordIn(head, 8) !== this.#unicodeType) return null;
    const [length, state] = [wordIn(head, 16), head.readUInt32LE(32)];
    if (length === 0 || !this.layout.asciiStates.some((bits) => (state & bits) === bits)) return null;
    return this.windows.piece(address + this.layout.textAt, Math.min(length, most))?.toString('latin1') ?? null;
  }

  /** Where the entries of a dict's keys begin and how they lie. */
  keys(address: number): PythonKeys | null {
    const head = this.windows.piece(address, 40);
    if (head === null) return null;
    if (this.layout.minor >= 11) {
      const [sizeLog, indexLog, kind] = [head[8] ?? 99, head[9] ?? 99, head[10] ?? 99];
      if (sizeLog > 32 || indexLog > 36 || kind > 2) return null;
      const entryBytes = kind === 0 ? 24 : 16;
      const from = address + 32 + 2 ** indexLog;
      const to = from + Math.ceil((2 ** sizeLog * 2) / 3) * entryBytes;
      return { from, to, entryBytes, keyAt: kind === 0 ? 8 : 0, count: Math.min(wordIn(head, 24), (to - from) / entryBytes) };
    }
    const size = wordIn(head, 8);
    if (size === 0 || size > 2 ** 32) return null;
    const from = address + 40 + size * (size <= 0xff ? 1 : size <= 0xffff ? 2 : 4);
    const to = from + Math.ceil((size * 2) / 3) * 24;
    return { from, to, entryBytes: 24, keyAt: 8, count: Math.min(wordIn(head, 32), (to - from) / 24) };
  }

  /** At most so many entries of a dict: the first ones, or the latest. */
  entries(dict: number, most: number, latest = false): PythonEntry[] {
    const head = this.windows.piece(dict, 48);
    if (head === null) return [];
    const [keysAt, valuesAt] = [wordIn(head, 32), wordIn(head, 40)];
    const keys = this.keys(keysAt);
    if (keys === null) return [];
    const fit = Math.max(1, Math.min(most * 2, keys.count, Math.floor(mostPiece / keys.entryBytes)));
    const first = latest ? keys.count - fit : 0;
    const piece = this.windows.piece(keys.from + first * keys.entryBytes, fit * keys.entryBytes);
    if (piece === null) return [];
    const found = Array.from({ length: fit }, (_, index) => {
      const at = index * keys.entryBytes + keys.keyAt;
      return { key: wordIn(piece, at), value: wordIn(piece, at + 8) };
    });
    if (valuesAt !== 0) {
      const values = this.windows.piece(this.valuesFrom(valuesAt) + first * 8, fit * 8);
      for (const [index, entry] of found.entries()) entry.value = values === null ? 0 : wordIn(values, index * 8);
    }
    const inUse = found.filter(({ key, value }) => key !== 0 && value !== 0);
    return latest ? inUse.slice(-most) : inUse.slice(0, most);
  }

  /** Where the first value is of those that a dict has apart from its keys; 0 where it has none. */
  valuesFrom(values: number): number {
    return values !== 0 && this.layout.minor >= 13 ? values + 8 : values;
  }

  /** The name of the module whose variables a dict has; null of another dict. */
  moduleOf(dict: number): string | null {
    for (const { key, value } of this.entries(dict, 8)) if (this.name(key) === '__name__') return this.name(value);
    return null;
  }

  /** What an instance calls the attribute in a slot. */
  attribute(type: number, slot: number): string | null {
    const keys = this.keys(this.windows.word(type + this.layout.sharedKeysAt));
    if (keys === null || keys.entryBytes !== 16 || slot < 0 || slot >= Math.min(mostSlots, keys.count)) return null;
    return this.name(this.windows.word(keys.from + slot * keys.entryBytes));
  }

  /** Values of attributes that the interpreter keeps without a dict, and the dict where there is one by now. */
  managed(object: number, { hasValuesInside, basicBytes }: PythonType): { values: number; dict: number } {
    const before = this.windows.word(object - 24);
    switch (this.layout.attributes) {
      case 'dict':
        return { values: 0, dict: 0 };
      case 'pointer before':
        return { values: this.windows.word(object - 32), dict: before };
      case 'tagged pointer before':
        return before % 2 === 1 ? { values: before + 1, dict: 0 } : { values: 0, dict: before };
      case 'inside':
        return before !== 0 ? { values: 0, dict: before } : { values: hasValuesInside ? object + basicBytes + 8 : 0, dict: 0 };
    }
  }

  /** Of an attribute that has a slot in the object: the class or one that it is derived from says so. */
  slotName(type: PythonType, offset: number): string | null {
    const meta = this.types.get(this.windows.word(type.address + 8));
    for (let at: PythonType | undefined = type, depth = 0; at?.isOfProgram && meta !== undefined && depth < 16; depth += 1) {
      const count = Math.min(64, this.windows.word(at.address + 16));
      for (let member = 0; member < count; member += 1) {
        const record = this.windows.piece(at.address + meta.basicBytes + member * memberBytes, 24);
        if (record !== null && wordIn(record, 16) === offset) return this.#cText(wordIn(record, 0));
      }
      at = this.types.get(this.windows.word(at.address + typeBaseAt));
    }
    return null;
  }

  tuple(address: number, most: number): number[] {
    const type = this.typeOf(address);
    if (type === null || type.name !== 'tuple') return [];
    const count = Math.min(most, this.windows.word(address + 16), 500);
    const piece = count > 0 ? this.windows.piece(address + type.basicBytes, count * 8) : null;
    return piece === null ? [] : words(piece);
  }

  /** The latest members of a list, dict (its values), set or deque; of a dict whose values say nothing, its keys. */
  members(address: number, most: number): number[] {
    const type = this.typeOf(address);
    switch (type === null ? null : containerKindOf(type.name)) {
      case 'list': {
        const [size, items] = [this.windows.word(address + 16), this.windows.word(address + 24)];
        const count = Math.min(most, size);
        const piece = count > 0 ? this.windows.piece(items + (size - count) * 8, count * 8) : null;
        return piece === null ? [] : words(piece);
      }
      case 'dict':
        return this.entries(address, most, true).map(({ key, value }) => (this.isDull(value) ? key : value));
      case 'set': {
        const [slots, table] = [this.windows.word(address + 32) + 1, this.windows.word(address + 40)];
        const piece = this.windows.piece(table, Math.min(mostPiece, slots * 16));
        const found = piece === null ? [] : words(piece).filter((word, index) => index % 2 === 0 && word !== 0);
        return found.slice(0, most);
      }
      case 'deque': {
        const [right, last] = [this.windows.word(address + 32), this.windows.word(address + 48)];
        const piece = this.windows.piece(right + 8, dequeBlockItems * 8);
        return piece === null ? [] : words(piece).slice(Math.max(0, last + 1 - most), last + 1);
      }
      default:
        return [];
    }
  }

  /** None, a bool, a number: not what anybody would call a leak. */
  isDull(address: number): boolean {
    const type = this.typeOf(address);
    return type === null || ['NoneType', 'bool', 'int', 'float'].includes(type.name);
  }

  /** Blocks that a deque has its members in. */
  *dequeBlocks(deque: number): Generator<number> {
    const end = this.windows.word(deque + 32);
    for (let block = this.windows.word(deque + 24), count = 0; block !== 0 && count < mostBlocks; count += 1) {
      yield block;
      if (block === end) return;
      block = this.windows.word(block + 8 + dequeBlockItems * 8);
    }
  }

  /** `Basket.add` of a function. */
  functionName(address: number): string | null {
    return this.name(this.windows.word(address + this.layout.function.qualifiedName));
  }

  codeName(code: number): string | null {
    return this.name(this.windows.word(code + this.layout.code.name));
  }

  /** Of a variable in a frame; in older versions those that closures share come behind. */
  variableName(code: number, slot: number): string | null {
    const { variableNames, variables } = this.layout.code;
    const own = this.#half(code + variables);
    if (this.layout.minor >= 11 || slot < own)
      return slot < own ? this.name(this.tuple(this.windows.word(code + variableNames), own)[slot] ?? 0) : null;
    const cells = this.tuple(this.windows.word(code + 88), 64);
    const shared = [...cells, ...this.tuple(this.windows.word(code + 80), 64)];
    return this.name(shared[slot - own] ?? 0);
  }

  /** Of what a function shares with the one around it. */
  freeName(code: number, index: number): string | null {
    const { variableNames, variables, freeVariables } = this.layout.code;
    if (this.layout.minor < 11) return this.name(this.tuple(this.windows.word(code + freeVariables), 64)[index] ?? 0);
    const [all, free] = [this.#half(code + variables), this.#half(code + freeVariables)];
    return this.name(this.tuple(this.windows.word(code + variableNames), all)[all - free + index] ?? 0);
  }
}

export type ContainerKind = 'dict' | 'list' | 'set' | 'deque';
const containerKinds: Record<string, ContainerKind> = {
  dict: 'dict',
  'collections.OrderedDict': 'dict',
  'collections.defaultdict': 'dict',
  list: 'list',
  set: 'set',
  'collections.deque': 'deque',
};

export function containerKindOf(typeName: string): ContainerKind | null {
  return containerKinds[typeName] ?? null;
}

/** Freed blocks have a link where the count was; lists of free objects have none. From 3.14 on flags follow the count. */
export function isReferenceCount(low: number, above: number): boolean {
  return low !== 0 && (above & 0xffff) === 0;
}

function words(piece: Buffer): number[] {
  return Array.from({ length: piece.length >> 3 }, (_, index) => wordIn(piece, index * 8));
}
