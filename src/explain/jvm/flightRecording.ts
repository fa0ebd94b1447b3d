/**
 * A recording of the Java Flight Recorder, parsed without a JDK: it describes its own types, and what is named more than once is in pools of constants.
 * The file is written by a process that is not trusted: each length is checked against what is left, and the number of values is bounded.
 * src/jdk.jfr/share/classes/jdk/jfr/internal/consumer (ChunkHeader, MetadataReader, ChunkParser) of OpenJDK.
 */
import { StanchError } from '../../model/errors.ts';

export type JfrValue = number | string | null | JfrValue[] | JfrObject | JfrReference;
/** By the name of the field. */
interface JfrObject {
  fields: Map<string, JfrValue>;
}
/** To a constant. */
interface JfrReference {
  typeId: number;
  key: number;
}

interface Field {
  name: string;
  typeId: number;
  isConstant: boolean;
  isArray: boolean;
}

interface Type {
  name: string;
  fields: Field[];
}

interface Element {
  name: string;
  attributes: Map<string, string>;
  children: Element[];
}

const headerBytes = 68;
const mostChunks = 1_000;
const mostDepth = 16;
const mostValues = 5_000_000;
const mostPools = 100_000;

export class FlightRecording {
  readonly #bytes: Buffer;
  readonly #events: { type: string; fields: Map<string, JfrValue> }[] = [];
  readonly #constants = new Map<number, Map<number, JfrValue>>();
  readonly #wanted: string;
  #types = new Map<number, Type>();
  #valuesLeft = mostValues;

  /** The last chunk's events of one type, with the constants. Errors: STANCH_E_NOT_POSSIBLE of what is no recording. */
  constructor(bytes: Buffer, wanted: string) {
    this.#bytes = bytes;
    this.#wanted = wanted;
    let start = 0;
    for (let chunk = 0; start < bytes.length && chunk < mostChunks; chunk += 1) start = this.#readChunk(start);
  }

  events(): readonly Map<string, JfrValue>[] {
    return this.#events.map(({ fields }) => fields);
  }

  /** What a reference stands for; anything else as it is. */
  resolve(value: JfrValue | undefined): JfrValue {
    if (value === undefined) return null;
    if (!isReference(value)) return value;
    return this.#constants.get(value.typeId)?.get(value.key) ?? null;
  }

  /** `a.b.c` from there on, over references. */
  at(value: JfrValue | undefined, path: string): JfrValue {
    let found = this.resolve(value);
    for (const name of path.split('.')) {
      if (!isObject(found)) return null;
      found = this.resolve(found.fields.get(name));
    }
    return found;
  }

  #readChunk(start: number): number {
    const bytes = this.#bytes;
    if (bytes.length - start < headerBytes || bytes.toString('latin1', start, start + 4) !== 'FLR\0') throw bad('the head of a chunk');
    const size = Number(bytes.readBigUInt64BE(start + 8));
    const poolAt = Number(bytes.readBigUInt64BE(start + 16));
    const metadataAt = Number(bytes.readBigUInt64BE(start + 24));
    const end = start + size;
    if (size < headerBytes || end > bytes.length || metadataAt >= size || poolAt >= size) throw bad('a chunk within the file');
    // Keys mean something else in each chunk: of the last one all is there.
    this.#constants.clear();
    this.#events.length = 0;
    this.#types = this.#readMetadata(new Cursor(bytes, start + metadataAt, end));
    this.#readPools(start, start + poolAt, end);
    this.#readEvents(start + headerBytes, end);
    return end;
  }

  #readMetadata(cursor: Cursor): Map<number, Type> {
    // Size, type, time, duration, number of the metadata.
    for (let skipped = 0; skipped < 5; skipped += 1) cursor.varint();
    const texts = Array.from({ length: cursor.count() }, () => String(cursor.text() ?? ''));
    if (texts.length === 0) throw bad('texts of its types');
    const types = new Map<number, Type>();
    const classes: Element[] = [];
    collect(this.#readElement(cursor, texts, 0), classes);
    for (const { attributes, children } of classes) {
      const fields = children.flatMap(({ name, attributes: field }) =>
        name === 'field'
          ? [
              {
                name: field.get('name') ?? '',
                typeId: Number(field.get('class')),
                isConstant: field.get('constantPool') === 'true',
                isArray: field.get('dimension') === '1',
              },
            ]
          : [],
      );
      types.set(Number(attributes.get('id')), { name: attributes.get('name') ?? '', fields });
    }
    return types;
  }

  #readElement(cursor: Cursor, texts: readonly string[], depth: number): Element {
    if (depth > mostDepth) throw bad('types that are not nested so deep');
    this.#count();
    const text = () => texts[cursor.varint()] ?? '';
    const element: Element = { name: text(), attributes: new Map(), children: [] };
    for (let left = cursor.count(); left > 0; left -= 1) element.attributes.set(text(), text());
    for (let left = cursor.count(); left > 0; left -= 1) element.children.push(this.#readElement(cursor, texts, depth + 1));
    return element;
  }

  /** Each says how far before it the one before is. */
  #readPools(start: number, first: number, end: number): void {
    let at = first;
    for (let left = mostPools; left > 0 && at > start; left -= 1) {
      const cursor = new Cursor(this.#bytes, at, end);
      cursor.varint();
      if (cursor.varint() !== 1) throw bad('a pool of constants');
      cursor.varint();
      cursor.varint();
      const delta = cursor.signed();
      cursor.byte();
      for (let pools = cursor.count(); pools > 0; pools -= 1) this.#readPool(cursor);
      if (delta >= 0) return;
      at += delta;
    }
  }

  #readPool(cursor: Cursor): void {
    const typeId = cursor.varint();
    const known = this.#constants.get(typeId) ?? new Map<number, JfrValue>();
    this.#constants.set(typeId, known);
    for (let left = cursor.count(); left > 0; left -= 1) {
      const key = cursor.varint();
      const value = this.#readValue(cursor, typeId, 0);
      // Read from the last to the first.
      if (!known.has(key)) known.set(key, value);
    }
  }

  #readEvents(start: number, end: number): void {
    for (let at = start; at < end; ) {
      const cursor = new Cursor(this.#bytes, at, end);
      const size = cursor.varint();
      if (size === 0 || at + size > end) throw bad('an event within its chunk');
      const type = this.#types.get(cursor.varint());
      if (type?.name === this.#wanted) this.#events.push({ type: type.name, fields: this.#readFields(cursor, type, 0) });
      at += size;
    }
  }

  #readFields(cursor: Cursor, { fields }: Type, depth: number): Map<string, JfrValue> {
    return new Map(fields.map((field) => [field.name, this.#readField(cursor, field, depth)]));
  }

  #readField(cursor: Cursor, { typeId, isConstant, isArray }: Field, depth: number): JfrValue {
    const one = (): JfrValue => {
      if (!isConstant) return this.#readValue(cursor, typeId, depth);
      this.#count();
      return { typeId, key: cursor.varint() };
    };
    return isArray ? Array.from({ length: cursor.count() }, one) : one();
  }

  #readValue(cursor: Cursor, typeId: number, depth: number): JfrValue {
    this.#count();
    const type = this.#types.get(typeId);
    if (type === undefined || depth > mostDepth) throw bad('values of a type that it describes');
    switch (type.name) {
      case 'boolean':
      case 'byte':
        return cursor.byte();
      case 'float':
        return cursor.skip(4);
      case 'double':
        return cursor.skip(8);
      case 'char':
      case 'short':
      case 'int':
      case 'long':
        return cursor.varint();
      case 'java.lang.String': {
        const text = cursor.text();
        return typeof text === 'number' ? { typeId, key: text } : text;
      }
      default:
        return { fields: this.#readFields(cursor, type, depth + 1) };
    }
  }

  #count(): void {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) throw bad(`at most ${mostValues} values`);
  }
}

class Cursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (byte === undefined) throw bad('more bytes');
    this.#at += 1;
    return byte;
  }

  /** Seven bits a byte, the lowest first; of the ninth all eight. */
  varint(): number {
    let value = 0;
    for (let index = 0, scale = 1; index < 9; index += 1, scale *= 128) {
      const byte = this.byte();
      if (index === 8 || byte < 128) return value + byte * scale;
      value += (byte - 128) * scale;
    }
    return value;
  }

  /** The way back is written as a number of 64 bits. */
  signed(): number {
    const start = this.#at;
    let value = 0n;
    for (let index = 0n; index < 9n; index += 1n) {
      const byte = BigInt(this.byte());
      const isLast = index === 8n || byte < 128n;
      value |= (isLast ? byte : byte - 128n) << (index * 7n);
      if (isLast) break;
    }
    const signed = Number(BigInt.asIntN(64, value));
    if (!Number.isSafeInteger(signed)) throw bad(`a distance at ${start}`);
    return signed;
  }

  /** Of things that take a byte each at least, or nearly. */
  count(): number {
    const count = this.varint();
    if (count > this.#end - this.#at) throw bad('as many as there is room for');
    return count;
  }

  skip(bytes: number): null {
    if (this.#end - this.#at < bytes) throw bad('more bytes');
    this.#at += bytes;
    return null;
  }

  /** A number: the key of a constant. */
  text(): string | number | null {
    const encoding = this.byte();
    if (encoding === 0) return null;
    if (encoding === 1) return '';
    if (encoding === 2) return this.varint();
    const length = this.count();
    if (encoding === 4) return String.fromCharCode(...Array.from({ length: Math.min(length, 4_096) }, () => this.varint() & 0xffff));
    if (encoding !== 3 && encoding !== 5) throw bad('a text');
    const start = this.#at;
    this.skip(length);
    return this.#bytes.toString(encoding === 3 ? 'utf8' : 'latin1', start, start + Math.min(length, 4_096));
  }
}

function collect(element: Element, classes: Element[]): void {
  if (element.name === 'class') classes.push(element);
  for (const child of element.children) collect(child, classes);
}

function isReference(value: JfrValue): value is JfrReference {
  return typeof value === 'object' && value !== null && 'key' in value;
}

function isObject(value: JfrValue): value is JfrObject {
  return typeof value === 'object' && value !== null && 'fields' in value;
}

function bad(expected: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: `${expected} in its flight recording`,
    found: 'something else',
    next: 'Without --means samples its memory is only read.',
  });
}
