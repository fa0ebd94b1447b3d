/**
 * Types as a Go program describes them for its own use, in every binary: name, size, and what each word of a value is. Found from the list of types
 * that reflection needs, and from there by what these are made of.
 * https://go.dev/src/internal/abi/type.go
 */
import { HeapPages } from '../heapPages.ts';
import type { TargetMemory } from '../targetMemory.ts';
import type { GoProgram } from './goProgram.ts';

const mostTypes = 200_000;
const mostFields = 400;
const mostWords = 96;
const mostName = 400;
const mostShown = 100;
const headerBytes = 48;
const structBytes = 80;
const mostStructBytes = 1 << 24;
const kindMask = 31;
const isNamed = 1;
const isStarred = 2;

/** As Go numbers them. */
const kinds = { array: 17, chan: 18, func: 19, interface: 20, map: 21, pointer: 22, slice: 23, string: 24, struct: 25, unsafe: 26 };

export const pointerKind = kinds.pointer;
export const structKind = kinds.struct;

export interface GoType {
  address: number;
  name: string;
  /** Of a struct, where it is from: `net/http`; empty: it is not said. */
  package: string;
  size: number;
  kind: number;
  /** Of what a pointer, a slice, an array, a map or a channel has; null: none, or it is not described. */
  element: number | null;
  /** Of a struct. */
  fields: { name: string; type: number; offset: number }[];
  /** Of an array. */
  length: number;
}

/** What a word of a value may hold. */
export type GoWord =
  | { is: 'pointer'; to: GoType | null }
  /** To the first of a text's or a slice's; how many there are comes behind it. */
  | { is: 'text' }
  | { is: 'slice'; of: GoType | null }
  | { is: 'map' | 'chan' | 'func' | 'type' | 'value' | 'number' };

export class GoTypes {
  readonly #pages: HeapPages;
  readonly #start: number;
  readonly #end: number;
  readonly #bytes: Buffer | null;
  readonly #isRelocated: boolean;
  readonly #types = new Map<number, GoType | null>();
  readonly #words = new Map<number, GoWord[]>();

  constructor(memory: TargetMemory, { range, bytes, isRelocated, links }: NonNullable<GoProgram['types']>) {
    this.#pages = new HeapPages(memory);
    [this.#start, this.#end, this.#bytes] = [range.start, range.end, bytes];
    this.#isRelocated = isRelocated;
    this.#readFrom([...links, ...this.#structs()]);
  }

  /** Whether it may be the address of a type. */
  isAmong(address: number): boolean {
    return address >= this.#start && address < this.#end;
  }

  at(address: number): GoType | null {
    let known = this.#types.get(address);
    if (known === undefined) {
      known = this.#types.size < mostTypes ? this.#read(address) : null;
      this.#types.set(address, known);
    }
    return known;
  }

  *all(): Generator<GoType> {
    for (const type of this.#types.values()) if (type !== null) yield type;
  }

  /** Of a value, up to a limit. */
  wordsOf(type: GoType): GoWord[] {
    let words = this.#words.get(type.address);
    if (words === undefined) {
      words = [];
      this.#fill(type, 0, words, 0);
      for (let word = 0; word < words.length; word += 1) words[word] ??= { is: 'number' };
      this.#words.set(type.address, words);
    }
    return words;
  }

  /** The field that lies there, by its names from the outermost on: `byToken`, `cache.pages`. */
  fieldAt(type: GoType, offset: number): string {
    const names: string[] = [];
    let of: GoType | null = type;
    let rest = offset;
    for (let depth = 0; of !== null && of.kind === kinds.struct && depth < 8; depth += 1) {
      const left: number = rest;
      const field: GoType['fields'][number] | undefined = of.fields.findLast((each) => each.offset <= left);
      if (field === undefined) break;
      names.push(field.name);
      of = this.at(field.type);
      rest -= field.offset;
    }
    return names.join('.');
  }

  #readFrom(links: readonly number[]): void {
    const open = [...links];
    const seen = new Set(open);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const type = this.at(next);
      if (type === null) continue;
      for (const other of [type.element, ...this.#alsoOf(type), ...type.fields.map((field) => field.type)]) {
        if (other === null || seen.has(other) || seen.size >= mostTypes) continue;
        seen.add(other);
        open.push(other);
      }
    }
  }

  /** The list has only those that are written out: structs with a name are found by what lies where they are. */
  *#structs(): Generator<number> {
    const bytes = this.#bytes;
    for (let at = 0; bytes !== null && at + structBytes <= bytes.length; at += 8) {
      if (((bytes[at + 23] ?? 0) & kindMask) !== kinds.struct || !isAlignment(bytes[at + 21]) || !isAlignment(bytes[at + 22])) continue;
      const [size, count, room] = [
        bytes.readUIntLE(at, 6),
        bytes.readUIntLE(at + headerBytes + 16, 6),
        bytes.readUIntLE(at + headerBytes + 24, 6),
      ];
      const withPointers = bytes.readUIntLE(at + 8, 6);
      if (size === 0 || size > mostStructBytes || withPointers > size || withPointers % 8 !== 0) continue;
      if (count > 0 && count === room && count <= mostFields) yield this.#start + at;
    }
  }

  /** Of a map the key, the element, and what it keeps several of these in follow one another. */
  #alsoOf({ kind, address }: GoType): number[] {
    return kind === kinds.map ? [this.#word(address + headerBytes), this.#word(address + headerBytes + 16)] : [];
  }

  #read(address: number): GoType | null {
    if (!this.isAmong(address) || address % 8 !== 0) return null;
    const [size, flags] = [this.#word(address), this.#word(address + 16)];
    const [flag, kind] = [Math.floor(flags / 2 ** 32) & 0xff, Math.floor(flags / 2 ** 56) & kindMask];
    const name = this.#nameAt(this.#start + (this.#word(address + 40) % 2 ** 32));
    if (kind === 0 || kind > kinds.unsafe || !isName(name) || size > 2 ** 40) return null;
    const hasElement = [kinds.pointer, kinds.slice, kinds.array, kinds.chan, kinds.map].includes(kind);
    const element = hasElement ? this.#word(address + headerBytes + (kind === kinds.map ? 8 : 0)) : 0;
    return {
      address,
      name: readable((flag & isStarred) !== 0 ? name.replace(/^\*/, '') : name),
      package: kind === kinds.struct ? this.#packageOf(address, flag) : '',
      size,
      kind,
      element: this.isAmong(element) ? element : null,
      fields: kind === kinds.struct ? this.#fieldsOf(address, size) : [],
      length: kind === kinds.array ? this.#word(address + headerBytes + 16) : 0,
    };
  }

  /** Where a field is not for everybody it is with the fields, else with the name. */
  #packageOf(address: number, flag: number): string {
    const withFields = this.#nameAt(this.#word(address + headerBytes));
    const withName = (flag & isNamed) === 0 ? '' : this.#nameAt(this.#start + (this.#word(address + structBytes) % 2 ** 32));
    return withFields === '' ? withName : withFields;
  }

  #fieldsOf(address: number, size: number): GoType['fields'] {
    const [first, count] = [this.#word(address + headerBytes + 8), this.#word(address + headerBytes + 16)];
    if (count > mostFields) return [];
    if (!this.isAmong(first)) return [];
    return Array.from({ length: count }, (_, index) => {
      const at = first + index * 24;
      return { name: this.#nameAt(this.#word(at)), type: this.#word(at + 8), offset: this.#word(at + 16) };
    }).filter(({ offset }) => offset < Math.max(1, size));
  }

  /** A byte of flags, and the length in groups of seven bits. */
  #nameAt(address: number): string {
    if (!this.isAmong(address)) return '';
    let [length, scale, at] = [0, 1, address + 1];
    for (let group = 0; group < 3; group += 1) {
      const byte = this.#piece(at, 1)?.[0] ?? 0;
      length += (byte & 127) * scale;
      scale *= 128;
      at += 1;
      if (byte < 128) break;
    }
    return length > mostName ? '' : (this.#piece(at, length)?.toString('utf8') ?? '');
  }

  #word(address: number): number {
    const piece = this.#piece(address, 8);
    return piece === null ? 0 : piece.readUInt32LE(0) + piece.readUInt32LE(4) * 2 ** 32;
  }

  /** Where the loader has put something in, memory has it; what is not in memory was not changed. */
  #piece(address: number, length: number): Buffer | null {
    const present = this.#isRelocated || this.#bytes === null ? this.#pages.piece(address, length) : null;
    if (present !== null || this.#bytes === null) return present;
    const at = address - this.#start;
    return at >= 0 && at + length <= this.#bytes.length ? this.#bytes.subarray(at, at + length) : null;
  }

  /** `offset`: of the value, in bytes. */
  #fill(type: GoType, offset: number, words: GoWord[], depth: number): void {
    if (depth > 12 || offset % 8 !== 0 || offset / 8 >= mostWords) return;
    const element = type.element === null ? null : this.at(type.element);
    const put = (behind: number, word: GoWord) => {
      if (offset / 8 + behind < mostWords) words[offset / 8 + behind] = word;
    };
    const numbers = Math.min(mostWords, Math.ceil((offset + type.size) / 8));
    if (words.length < numbers) words.length = numbers;
    switch (type.kind) {
      case kinds.struct:
        for (const field of type.fields) {
          const of = this.at(field.type);
          if (of !== null) this.#fill(of, offset + field.offset, words, depth + 1);
        }
        return;
      case kinds.array:
        for (let index = 0; element !== null && element.size > 0 && index < Math.min(type.length, mostWords); index += 1) {
          this.#fill(element, offset + index * element.size, words, depth + 1);
        }
        return;
      case kinds.interface:
        put(0, { is: 'type' });
        put(1, { is: 'value' });
        return;
      case kinds.pointer:
        put(0, { is: 'pointer', to: element });
        return;
      case kinds.unsafe:
        put(0, { is: 'pointer', to: null });
        return;
      case kinds.string:
        put(0, { is: 'text' });
        return;
      case kinds.slice:
        put(0, { is: 'slice', of: element });
        return;
      case kinds.map:
        put(0, { is: 'map' });
        return;
      case kinds.chan:
        put(0, { is: 'chan' });
        return;
      case kinds.func:
        put(0, { is: 'func' });
        return;
    }
  }
}

function isAlignment(bytes: number | undefined): boolean {
  return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8;
}

/** Else what was taken for a type is none. */
function isName(text: string): boolean {
  return /^[\p{L}_*[{(<.]\P{C}*$/u.test(text);
}

/** What is made for a generic function says what it is made of, with all its paths. */
function readable(name: string): string {
  const map = /^(?:noalg\.)?map\.(?:bucket|group)(\[.*)$/.exec(name)?.[1];
  if (map !== undefined) return `entries of map${readable(map)}`;
  const short = name.replaceAll('go.shape.', '').replace(/[\w.-]+\/(?=[\w.-])/g, '');
  return short.length > mostShown ? `${short.slice(0, mostShown)}…` : short;
}
