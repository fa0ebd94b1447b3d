/** The classes that a HotSpot JVM has loaded, by the narrow pointer that each object has to its class. */
import type { TargetMemory } from '../targetMemory.ts';
import type { VmStructs } from './vmStructs.ts';

const mostLoaders = 100_000;
const mostClasses = 500_000;
const klassBytes = 512;
const longestName = 400;
const mostBlocks = 1_000;
const mostSupers = 64;

export interface JavaClass {
  /** Address of its Klass. */
  klass: number;
  /** `com.shop.Order$Line`, `byte[]`, `com.shop.Order[]`. */
  name: string;
  superKlass: number;
  /** What tells the size of an object: bytes, or for arrays what an element has. */
  layoutHelper: number;
  loaderData: number;
}

export class JavaClasses {
  readonly #vm: VmStructs;
  readonly #memory: TargetMemory;
  readonly #base: number;
  readonly #shift: number;
  readonly #byNarrow = new Map<number, JavaClass>();
  readonly #byKlass = new Map<number, JavaClass>();
  readonly #fields = new Map<number, JavaField[]>();
  readonly #offsets = new Map<number, number[]>();

  constructor(vm: VmStructs, memory: TargetMemory) {
    this.#vm = vm;
    this.#memory = memory;
    this.#base = vm.word(vm.field('CompressedKlassPointers::_base', 'CompressedKlassPointers::_narrow_klass._base'));
    this.#shift = vm.int(vm.field('CompressedKlassPointers::_shift', 'CompressedKlassPointers::_narrow_klass._shift'));
  }

  /** Looks for classes that came since the last time. */
  refresh(): void {
    const vm = this.#vm;
    const [nextLoader, firstKlass] = [vm.field('ClassLoaderData::_next'), vm.field('ClassLoaderData::_klasses')];
    let loader = vm.word(vm.field('ClassLoaderDataGraph::_head'));
    for (let loaders = 0; loader > 0 && loaders < mostLoaders; loaders += 1) {
      let klass = vm.word(loader + firstKlass);
      while (klass > 0 && this.#byKlass.size < mostClasses) {
        // New ones come first.
        const known = this.#byKlass.get(klass);
        if (known?.loaderData === loader) break;
        const record = this.#bytes(klass, klassBytes);
        if (record === null) break;
        this.#add(klass, record, loader);
        klass = longIn(record, vm.field('Klass::_next_link'));
      }
      loader = vm.word(loader + nextLoader);
    }
  }

  #bytes(address: number, length: number): Buffer | null {
    const into = Buffer.alloc(length);
    return this.#memory.read(address, into) === length ? into : null;
  }

  #add(klass: number, record: Buffer, loaderData: number): void {
    const name = this.symbol(longIn(record, this.#vm.field('Klass::_name')));
    if (name === null) return;
    const added = {
      klass,
      name: javaName(name),
      superKlass: longIn(record, this.#vm.field('Klass::_super')),
      layoutHelper: record.readInt32LE(this.#vm.field('Klass::_layout_helper')),
      loaderData,
    };
    this.#fields.delete(klass);
    this.#offsets.delete(klass);
    this.#byKlass.set(klass, added);
    this.#byNarrow.set(Math.floor((klass - this.#base) / 2 ** this.#shift), added);
  }

  symbol(address: number): string | null {
    const header = this.#bytes(address, 16);
    if (header === null) return null;
    const length = header.readUInt16LE(this.#vm.field('Symbol::_length'));
    if (length === 0) return null;
    const text = this.#bytes(address + this.#vm.field('Symbol::_body', 'Symbol::_body[0]'), Math.min(length, longestName));
    return text === null ? null : text.toString('utf8');
  }

  get size(): number {
    return this.#byKlass.size;
  }

  ofKlass(klass: number): JavaClass | undefined {
    return this.#byKlass.get(klass);
  }

  /** All classes with the narrow pointer of each. */
  entries(): IterableIterator<[number, JavaClass]> {
    return this.#byNarrow.entries();
  }

  /** Whether the class or one that it extends has this name. */
  isA(of: JavaClass, name: string): boolean {
    for (const at of this.#withSupers(of)) if (at.name === name) return true;
    return false;
  }

  /** The field of an object, or with `isStatic` of the class itself, that lies at this offset. */
  fieldAt(of: JavaClass, offset: number, isStatic: boolean): { name: string; owner: JavaClass } | null {
    for (const at of isStatic ? [of] : this.#withSupers(of)) {
      const found = this.#fieldsOf(at).find((field) => field.offset === offset && field.isStatic === isStatic);
      if (found !== undefined) return { name: found.name, owner: at };
    }
    return null;
  }

  /** Whether an object of one class may refer to one of the other by a field of its type; a field for any object is none. */
  hasFieldOf(of: JavaClass, type: JavaClass): boolean {
    const types = new Set<string>();
    for (const at of this.#withSupers(type)) if (this.#byKlass.has(at.superKlass)) types.add(at.name);
    for (const at of this.#withSupers(of)) if (this.#fieldsOf(at).some((field) => !field.isStatic && types.has(field.type))) return true;
    return false;
  }

  /** The class, and what it extends, up to Object. */
  *#withSupers(of: JavaClass): Generator<JavaClass> {
    let at: JavaClass | undefined = of;
    for (let depth = 0; at !== undefined && depth < mostSupers; depth += 1) {
      yield at;
      at = this.#byKlass.get(at.superKlass);
    }
  }

  /** Where in an object of the class its references are, of so many bytes each: by the map that the collector itself goes by. */
  referenceOffsets({ klass, layoutHelper }: JavaClass, referenceBytes: number): readonly number[] {
    let found = this.#offsets.get(klass);
    if (found === undefined) {
      found = this.#readOffsets(klass, layoutHelper, referenceBytes);
      this.#offsets.set(klass, found);
    }
    return found;
  }

  /** Behind the tables of methods of a class: offset and count of each run of references. */
  #readOffsets(klass: number, objectBytes: number, referenceBytes: number): number[] {
    const vm = this.#vm;
    const int = (name: string) => vm.int(klass + vm.field(name));
    const tables = int('Klass::_vtable_len') + int('InstanceKlass::_itable_len');
    const blocks = Math.min(mostBlocks, int('InstanceKlass::_nonstatic_oop_map_size'));
    const offsets: number[] = [];
    for (let block = 0; block < blocks; block += 1) {
      const at = klass + vm.size('InstanceKlass') + tables * 8 + block * 8;
      const [offset, count] = [vm.int(at), vm.int(at + 4)];
      if (!(offset >= 8 && count > 0 && offset + count * referenceBytes <= objectBytes)) break;
      for (let index = 0; index < count; index += 1) offsets.push(offset + index * referenceBytes);
    }
    return offsets;
  }

  #fieldsOf(of: JavaClass): JavaField[] {
    let found = this.#fields.get(of.klass);
    if (found === undefined) {
      found = this.#readFields(of);
      this.#fields.set(of.klass, found);
    }
    return found;
  }

  #readFields(of: JavaClass): JavaField[] {
    const vm = this.#vm;
    const constants = vm.word(of.klass + vm.field('InstanceKlass::_constants'));
    const symbols = constants + vm.size('ConstantPool');
    const nameOf = (index: number) => this.symbol(vm.word(symbols + index * 8));
    const stream = vm.field('InstanceKlass::_fieldinfo_stream');
    if (Number.isNaN(stream)) {
      const count = this.#bytes(of.klass + vm.field('InstanceKlass::_java_fields_count'), 2)?.readUInt16LE(0) ?? 0;
      const table = vm.word(of.klass + vm.field('InstanceKlass::_fields'));
      const bytes = this.#bytes(table + vm.field('Array<u2>::_data'), count * shortsOfField * 2);
      return bytes === null ? [] : parseFieldTable(bytes, nameOf);
    }
    const array = vm.word(of.klass + stream);
    const length = vm.int(array + vm.field('Array<int>::_length'));
    const bytes = length > 0 && length < 1 << 20 ? this.#bytes(array + vm.field('Array<u1>::_data'), length) : null;
    return bytes === null ? [] : parseFieldStream(bytes, nameOf);
  }
}

/** Of those that refer to something: a number may look like a reference, as the static ones of Float do. */
export interface JavaField {
  name: string;
  offset: number;
  isStatic: boolean;
  /** As the class it may refer to is named. */
  type: string;
}

const staticFlag = 0x8;
const shortsOfField = 6;

/** Before JDK 21: flags, name, signature, value, and in two halves the offset, above two bits of a tag. */
export function parseFieldTable(bytes: Buffer, nameOf: (index: number) => string | null): JavaField[] {
  const fields: JavaField[] = [];
  for (let at = 0; at + shortsOfField * 2 <= bytes.length; at += shortsOfField * 2) {
    const offset = (bytes.readUInt16LE(at + 8) + bytes.readUInt16LE(at + 10) * 2 ** 16) >>> 2;
    const name = nameOf(bytes.readUInt16LE(at + 2));
    const type = typeOf(nameOf(bytes.readUInt16LE(at + 4)));
    if (name !== null && type !== null) fields.push({ name, offset, isStatic: (bytes.readUInt16LE(at) & staticFlag) !== 0, type });
  }
  return fields;
}

/** From JDK 21 on: numbers of one to five bytes. How many fields, then of each: name, signature, offset, flags, and what the flags say. */
export function parseFieldStream(bytes: Buffer, nameOf: (index: number) => string | null): JavaField[] {
  const fields: JavaField[] = [];
  let at = 0;
  const next = () => {
    let sum = 0;
    for (let index = 0; index < 5; index += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === 0) return Number.NaN;
      at += 1;
      sum += (byte - 1) * 2 ** (6 * index);
      if (byte < 192) break;
    }
    return sum;
  };
  const count = next();
  next();
  for (let index = 0; index < count; index += 1) {
    const [nameIndex, signatureIndex, offset, access, flags] = [next(), next(), next(), next(), next()];
    if (flags === undefined || Number.isNaN(flags)) return fields;
    // A first value, a generic signature, a group of fields kept apart.
    for (const bit of [0, 2, 4]) if ((flags >>> bit) & 1) next();
    const name = nameOf(nameIndex ?? 0);
    const type = typeOf(nameOf(signatureIndex ?? 0));
    if (name !== null && type !== null) fields.push({ name, offset: offset ?? 0, isStatic: ((access ?? 0) & staticFlag) !== 0, type });
  }
  return fields;
}

/** Null of what is no reference. */
function typeOf(signature: string | null): string | null {
  if (signature === null || !/^[L[]/.test(signature)) return null;
  return javaName(signature.startsWith('L') ? signature.slice(1, -1) : signature);
}

/** Or an array, of plain numbers or of those. */
export function isOfJdk(name: string): boolean {
  return /^(?:java|javax|jdk|sun)\./.test(name) || /^[a-z]+(?:\[\])+$/.test(name);
}

const primitives: Record<string, string> = {
  B: 'byte',
  C: 'char',
  D: 'double',
  F: 'float',
  I: 'int',
  J: 'long',
  S: 'short',
  Z: 'boolean',
};

/** `[Lcom/shop/Order;` is `com.shop.Order[]`; of a hidden class, what it was made for: lambdas of `com.shop.Feed`. */
export function javaName(symbol: string): string {
  const [, dimensions = '', element = ''] = /^(\[*)(.*)$/s.exec(symbol) ?? [];
  const plain = dimensions === '' ? element : (primitives[element] ?? element.replace(/^L|;$/g, ''));
  const name = plain
    .replaceAll('/', '.')
    .replace(/\$\$Lambda(?:\$\d+)?[.+]0x[\da-f]+$/, '$$$$Lambda')
    .replace(/[.+]0x[\da-f]{8,}$/, '');
  return name + '[]'.repeat(dimensions.length);
}

function longIn(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}
