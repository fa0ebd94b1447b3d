/** What an object refers to, how large it is with what is its own, and a mark by which it is known again. */
import { wordIn } from '../heapWindows.ts';
import { containerKindOf, type PythonType, type PythonValues } from './pythonValues.ts';

const mostInObject = 512;
const mostMembers = 24;
const mostSlots = 30;
const mostDeep = 160;
const deepest = 5;
/** Of an object's own: more refer to what it only uses. */
const mostOwners = 3;
const notOwn = new Set(['module', 'type', 'code', 'frame']);
const plain = new Set(['str', 'bytes', 'int', 'float', 'complex', 'NoneType', 'bool', 'bytearray', 'range']);

export class PythonObjects {
  readonly values: PythonValues;

  constructor(values: PythonValues) {
    this.values = values;
  }

  /** Addresses of objects that this one refers to; not its class. */
  children(address: number, type: PythonType): number[] {
    if (plain.has(type.name)) return [];
    if (containerKindOf(type.name) === 'dict') return this.values.entries(address, mostMembers).flatMap(({ key, value }) => [key, value]);
    if (containerKindOf(type.name) !== null) return this.values.members(address, mostMembers);
    const items = type.itemBytes === 8 ? Math.min(64, this.values.windows.word(address + 16)) : 0;
    const piece = this.values.windows.piece(address, Math.min(mostInObject, type.basicBytes + items * 8));
    const inside: number[] = [];
    // From 3.14 on a tuple has its hash before what is in it.
    for (let at = type.name === 'tuple' ? type.basicBytes : 16; piece !== null && at + 8 <= piece.length; at += 8)
      inside.push(wordIn(piece, at));
    if (type.isManaged) inside.push(...this.#managed(address, type));
    return inside.filter((word) => word !== address && word >= 4096 && word % 8 === 0);
  }

  #managed(address: number, type: PythonType): number[] {
    const { values, dict } = this.values.managed(address, type);
    if (dict !== 0) return [dict];
    const keys = values === 0 ? null : this.values.keys(this.values.windows.word(type.address + this.values.layout.sharedKeysAt));
    const piece = keys === null || keys.count === 0 ? null : this.values.windows.piece(values, Math.min(mostSlots, keys.count) * 8);
    if (piece === null) return [];
    return Array.from({ length: piece.length >> 3 }, (_, slot) => wordIn(piece, slot * 8));
  }

  /** Bytes of an object and of what only it refers to, and how many of each class of the program are among these. */
  deepSize(address: number): { bytes: number; types: Map<number, number> } {
    const types = new Map<number, number>();
    const seen = new Set([address]);
    let open = [address];
    let bytes = 0;
    for (let depth = 0; depth < deepest && open.length > 0 && seen.size < mostDeep; depth += 1) {
      const next: number[] = [];
      for (const object of open) {
        const type = this.values.typeOf(object);
        if (type === null) continue;
        bytes += this.#ownBytes(object, type);
        types.set(type.address, (types.get(type.address) ?? 0) + 1);
        for (const child of this.children(object, type)) {
          if (seen.size >= mostDeep || seen.has(child)) continue;
          const childType = this.values.typeOf(child);
          if (childType === null || notOwn.has(childType.name) || childType.isMeta || this.values.references(child) > mostOwners) continue;
          seen.add(child);
          next.push(child);
        }
      }
      open = next;
    }
    return { bytes, types };
  }

  #ownBytes(address: number, type: PythonType): number {
    const count = this.values.windows.word(address + 16);
    const items = count < 2 ** 26 ? count : 0;
    const managed = type.isManaged ? 64 : 16;
    switch (type.name) {
      case 'str':
        return this.values.layout.textAt + items + 1;
      case 'int':
        return 32;
      case 'list':
        return 56 + items * 8;
      case 'dict':
        return 64 + Math.max(8, items) * 40;
      case 'set':
        return 200 + items * 16;
      default:
        return type.basicBytes + (type.itemBytes > 0 ? items * type.itemBytes : 0) + managed;
    }
  }

  /** The same for the same object, another one for another object in its place. */
  mark(address: number): number {
    const type = this.values.typeOf(address);
    if (type === null) return 0;
    let mark = mixed(type.address % 2 ** 32, this.#plainMark(address, type));
    for (const child of this.children(address, type).slice(0, 6)) {
      const childType = this.values.typeOf(child);
      if (childType === null) continue;
      mark = mixed(mark, this.#plainMark(child, childType));
      if (containerKindOf(childType.name) !== 'dict') continue;
      for (const { value } of this.values.entries(child, 6)) {
        const valueType = this.values.typeOf(value);
        if (valueType !== null) mark = mixed(mark, this.#plainMark(value, valueType));
      }
    }
    return mark;
  }

  /** Of what never changes. */
  #plainMark(address: number, { name, address: type }: PythonType): number {
    const from = name === 'str' ? this.values.layout.textAt : name === 'int' || name === 'bytes' ? 24 : name === 'float' ? 16 : 0;
    if (from === 0) return type % 2 ** 32;
    const length = name === 'float' || name === 'int' ? 8 : Math.min(40, Math.max(1, this.values.windows.word(address + 16)));
    const piece = this.values.windows.piece(address + from, length);
    let mark = length;
    for (const byte of piece ?? []) mark = mixed(mark, byte);
    return mark;
  }
}

function mixed(mark: number, word: number): number {
  return Math.imul(mark ^ word, 0x0100_0193) ^ (mark >>> 15);
}
