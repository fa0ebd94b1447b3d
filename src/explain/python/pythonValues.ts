/**
 * How CPython lays out what it keeps, 3.8 to 3.13 with the interpreter's lock.
 * https://github.com/python/cpython/blob/3.11/Include/cpython/object.h, unicodeobject.h, Objects/dict-common.h, pycore_dict.h
 */
import { type HeapWindows, wordIn } from '../heapWindows.ts';

const typeNameAt = 24;
const basicSizeAt = 32;
const itemSizeAt = 40;
const typeFlagsAt = 168;
const typeDictAt = 264;
const readyFlag = 1 << 12;
const typeSubclassFlag = 0x80000000;
const heapTypeFlag = 1 << 9;
const mostNameBytes = 120;

export interface PythonType {
  address: number;
  name: string;
  basicBytes: number;
  itemBytes: number;
  /** Defined in Python, or otherwise made while it runs. */
  isOfProgram: boolean;
  isMeta: boolean;
}

export class PythonValues {
  readonly windows: HeapWindows;
  readonly minor: number;
  readonly #unicodeType: number;

  constructor(windows: HeapWindows, minor: number, unicodeType: number) {
    this.windows = windows;
    this.minor = minor;
    this.#unicodeType = unicodeType;
  }

  /** Null where there is no type. */
  type(address: number): PythonType | null {
    const piece = this.windows.piece(address, 176);
    if (piece === null) return null;
    const flags = piece.readUInt32LE(typeFlagsAt);
    const [basicBytes, itemBytes] = [wordIn(piece, basicSizeAt), wordIn(piece, itemSizeAt)];
    if ((flags & readyFlag) === 0 || basicBytes > 1e5 || itemBytes > 1e4) return null;
    const name = this.#cText(wordIn(piece, typeNameAt));
    if (name === null) return null;
    return { address, name, basicBytes, itemBytes, isOfProgram: (flags & heapTypeFlag) !== 0, isMeta: (flags & typeSubclassFlag) !== 0 };
  }

  #cText(address: number): string | null {
    const piece = this.windows.piece(address, mostNameBytes) ?? this.windows.piece(address, 16);
    const end = piece?.indexOf(0) ?? -1;
    const text = piece?.toString('latin1', 0, end) ?? '';
    return end > 0 && /^[A-Za-z_][\w.<>\- ]*$/.test(text) ? text : null;
  }

  /** Of a name: ASCII, not long; null of anything else. */
  name(address: number): string | null {
    const head = this.windows.piece(address, 40);
    if (head === null || wordIn(head, 8) !== this.#unicodeType) return null;
    const length = wordIn(head, 16);
    const isCompactAscii = (head.readUInt32LE(32) & 0x60) === 0x60;
    if (!isCompactAscii || length === 0 || length > mostNameBytes) return null;
    const text = this.windows.piece(address + (this.minor >= 12 ? 40 : 48), length)?.toString('latin1') ?? '';
    return /^[A-Za-z_][\w.]*$/.test(text) ? text : null;
  }

  /** Where the entries of a dict's keys begin and how they lie. */
  keys(address: number): { from: number; to: number; entryBytes: number; keyAt: number; count: number } | null {
    const head = this.windows.piece(address, 40);
    if (head === null) return null;
    if (this.minor >= 11) {
      const [sizeLog, indexLog, kind] = [head[8] ?? 99, head[9] ?? 99, head[10] ?? 99];
      if (sizeLog > 32 || indexLog > 36 || kind > 2) return null;
      const entryBytes = kind === 0 ? 24 : 16;
      const from = address + 32 + 2 ** indexLog;
      return {
        from,
        to: from + Math.ceil((2 ** sizeLog * 2) / 3) * entryBytes,
        entryBytes,
        keyAt: kind === 0 ? 8 : 0,
        count: wordIn(head, 24),
      };
    }
    const size = wordIn(head, 8);
    if (size === 0 || size > 2 ** 32) return null;
    const from = address + 40 + size * (size <= 0xff ? 1 : size <= 0xffff ? 2 : 4);
    return { from, to: from + Math.ceil((size * 2) / 3) * 24, entryBytes: 24, keyAt: 8, count: wordIn(head, 32) };
  }

  /** The name of the module whose variables a dict has; null of another dict. */
  moduleOf(dict: number): string | null {
    const keys = this.keys(this.windows.word(dict + 32));
    if (keys === null) return null;
    for (let entry = 0; entry < Math.min(keys.count, 8); entry += 1) {
      const at = keys.from + entry * keys.entryBytes + keys.keyAt;
      if (this.name(this.windows.word(at)) === '__name__') return this.name(this.windows.word(at + 8));
    }
    return null;
  }

  isTypeDict(at: number, types: ReadonlyMap<number, PythonType>): PythonType | null {
    return types.get(at - typeDictAt) ?? null;
  }

  /** What an instance calls the attribute in a slot: the keys that its class's instances share lie somewhere in the class. */
  attribute(type: number, slot: number): string | null {
    for (let at = 840; at <= 920 && slot >= 0 && slot < 64; at += 8) {
      const keys = this.keys(this.windows.word(type + at));
      if (keys === null || keys.count > 64 || slot >= keys.count) continue;
      const name = this.name(this.windows.word(keys.from + slot * keys.entryBytes + keys.keyAt));
      if (name !== null) return name;
    }
    return null;
  }
}
