/**
 * Messages of D-Bus as bytes, as far as talking to systemd needs them: little-endian, version 1.
 * https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol
 */
import { StanchError } from '../../model/errors.ts';

/** 64-bit numbers are exact. A variant is what is in it. */
export type DbusValue = string | number | bigint | boolean | DbusValue[] | { signature: string; value: DbusValue };

export interface MethodCall {
  destination: string | null;
  path: string;
  interface: string;
  member: string;
  signature: string;
  body: readonly DbusValue[];
}

export interface DbusMessage {
  kind: 'call' | 'return' | 'error' | 'signal' | 'unknown';
  replySerial: number;
  errorName: string;
  member: string;
  body: DbusValue[];
}

const kinds = ['unknown', 'call', 'return', 'error', 'signal'] as const;
/** What the specification allows is 128 MiB; no answer that is asked for here is near this. */
const mostBytes = 1 << 20;
const deepest = 16;
const alignments: Record<string, number> = {
  y: 1,
  b: 4,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  x: 8,
  t: 8,
  d: 8,
  s: 4,
  o: 4,
  g: 1,
  a: 4,
  v: 1,
  '(': 8,
  '{': 8,
};

export function encodeCall(call: MethodCall, serial: number): Buffer {
  const body = new Writer();
  writeAll(body, call.signature, call.body);
  const head = new Writer();
  for (const byte of [0x6c, 1, 0, 1]) head.byte(byte);
  head.uint32(body.length);
  head.uint32(serial);
  const fields: DbusValue[] = [
    [1, { signature: 'o', value: call.path }],
    [2, { signature: 's', value: call.interface }],
    [3, { signature: 's', value: call.member }],
  ];
  if (call.destination !== null) fields.push([6, { signature: 's', value: call.destination }]);
  if (call.signature !== '') fields.push([8, { signature: 'g', value: call.signature }]);
  writeOne(head, 'a(yv)', fields);
  head.align(8);
  return Buffer.concat([head.bytes(), body.bytes()]);
}

/** The first message in the bytes and its length; null while it is not whole. Throws STANCH_E_SYSTEMD on what is no message. */
export function decodeMessage(bytes: Buffer): { message: DbusMessage; length: number } | null {
  if (bytes.length < 16) return null;
  if (bytes[0] !== 0x6c || bytes[3] !== 1) throw notDbus('another byte order or version');
  const bodyLength = bytes.readUInt32LE(4);
  const headLength = aligned(16 + bytes.readUInt32LE(12), 8);
  const length = headLength + bodyLength;
  if (length > mostBytes) throw notDbus(`a message of ${length} bytes`);
  if (bytes.length < length) return null;
  const message: DbusMessage = { kind: kinds[bytes[1] ?? 0] ?? 'unknown', replySerial: 0, errorName: '', member: '', body: [] };
  let signature = '';
  const [fields] = readAll(new Reader(bytes.subarray(0, headLength), 12), 'a(yv)');
  for (const field of Array.isArray(fields) ? fields : []) {
    const [code, value] = Array.isArray(field) ? field : [];
    if (code === 3) message.member = String(value);
    if (code === 4) message.errorName = String(value);
    if (code === 5) message.replySerial = Number(value);
    if (code === 8) signature = String(value);
  }
  message.body = readAll(new Reader(bytes.subarray(headLength, length), 0), signature);
  return { message, length };
}

function notDbus(found: string): StanchError {
  return new StanchError('STANCH_E_SYSTEMD', {
    expected: 'messages of D-Bus from systemd',
    found,
    next: 'See whether systemd is well: systemctl is-system-running',
  });
}

function aligned(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}

class Writer {
  #bytes = Buffer.alloc(512);
  length = 0;

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  align(to: number): void {
    this.#room(8);
    this.length = aligned(this.length, to);
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.length] = value;
    this.length += 1;
  }

  uint32(value: number): number {
    this.align(4);
    this.#room(4);
    this.#bytes.writeUInt32LE(value >>> 0, this.length);
    this.length += 4;
    return this.length - 4;
  }

  uint64(value: bigint): void {
    this.align(8);
    this.#room(8);
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.length);
    this.length += 8;
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    this.uint32(bytes.length);
    this.raw(bytes);
  }

  signature(value: string): void {
    this.byte(value.length);
    this.raw(Buffer.from(value));
  }

  patch(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  /** With the zero that ends it. */
  private raw(bytes: Buffer): void {
    this.#room(bytes.length + 1);
    bytes.copy(this.#bytes, this.length);
    this.length += bytes.length;
    this.byte(0);
  }

  #room(count: number): void {
    while (this.length + count > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
  }
}

function writeAll(writer: Writer, signature: string, values: readonly DbusValue[]): void {
  const types = splitSignature(signature);
  for (const [index, type] of types.entries()) writeOne(writer, type, values[index] ?? '');
}

function writeOne(writer: Writer, type: string, value: DbusValue): void {
  const items = Array.isArray(value) ? value : [];
  if (type === 'y') writer.byte(Number(value));
  else if (type === 'b' || type === 'i' || type === 'u') writer.uint32(Number(value));
  else if (type === 't' || type === 'x') writer.uint64(typeof value === 'bigint' ? value : BigInt(Number(value)));
  else if (type === 's' || type === 'o') writer.text(String(value));
  else if (type === 'g') writer.signature(String(value));
  else if (type === 'v' && typeof value === 'object' && !Array.isArray(value)) {
    writer.signature(value.signature);
    writeOne(writer, value.signature, value.value);
  } else if (type.startsWith('(')) {
    writer.align(8);
    writeAll(writer, type.slice(1, -1), items);
  } else if (type.startsWith('a')) {
    writeArray(writer, type.slice(1), items);
  } else throw new TypeError(`no value of the type ${type} is ever sent`);
}

function writeArray(writer: Writer, element: string, items: readonly DbusValue[]): void {
  const at = writer.uint32(0);
  writer.align(alignments[element[0] ?? 'y'] ?? 1);
  const start = writer.length;
  for (const item of items) writeOne(writer, element, item);
  writer.patch(at, writer.length - start);
}

class Reader {
  readonly bytes: Buffer;
  at: number;
  depth = 0;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  align(to: number): void {
    this.at = aligned(this.at, to);
  }

  take(count: number): number {
    const at = this.at;
    if (at + count > this.bytes.length) throw notDbus('a message that ends too early');
    this.at += count;
    return at;
  }

  text(length: number): string {
    const at = this.take(length + 1);
    return this.bytes.toString('utf8', at, at + length);
  }
}

function readAll(reader: Reader, signature: string): DbusValue[] {
  return splitSignature(signature).map((type) => readOne(reader, type));
}

function readOne(reader: Reader, type: string): DbusValue {
  const { bytes } = reader;
  reader.align(alignments[type[0] ?? ''] ?? 1);
  switch (type[0]) {
    case 'y':
      return bytes[reader.take(1)] ?? 0;
    case 'b':
      return bytes.readUInt32LE(reader.take(4)) !== 0;
    case 'n':
      return bytes.readInt16LE(reader.take(2));
    case 'q':
      return bytes.readUInt16LE(reader.take(2));
    case 'i':
      return bytes.readInt32LE(reader.take(4));
    case 'u':
      return bytes.readUInt32LE(reader.take(4));
    case 'x':
      return bytes.readBigInt64LE(reader.take(8));
    case 't':
      return bytes.readBigUInt64LE(reader.take(8));
    case 'd':
      return bytes.readDoubleLE(reader.take(8));
    case 's':
    case 'o':
      return reader.text(bytes.readUInt32LE(reader.take(4)));
    case 'g':
      return reader.text(bytes[reader.take(1)] ?? 0);
    case 'v':
      return nested(reader, () => readOne(reader, reader.text(bytes[reader.take(1)] ?? 0)));
    case '(':
    case '{':
      return nested(reader, () => readAll(reader, type.slice(1, -1)));
    case 'a':
      return nested(reader, () => readArray(reader, type.slice(1)));
    default:
      throw notDbus(`a value of the type ${JSON.stringify(type)}`);
  }
}

function readArray(reader: Reader, element: string): DbusValue[] {
  const length = reader.bytes.readUInt32LE(reader.take(4));
  reader.align(alignments[element[0] ?? ''] ?? 1);
  const end = reader.at + length;
  if (end > reader.bytes.length) throw notDbus('an array that is longer than its message');
  const values: DbusValue[] = [];
  while (reader.at < end) {
    const before = reader.at;
    values.push(readOne(reader, element));
    if (reader.at === before) throw notDbus('an array of nothing');
  }
  return values;
}

/** Hostile bytes can nest without end. */
function nested<T>(reader: Reader, read: () => T): T {
  reader.depth += 1;
  if (reader.depth > deepest) throw notDbus('values nested too deep');
  try {
    return read();
  } finally {
    reader.depth -= 1;
  }
}

/** `sa(sv)b` into `s`, `a(sv)`, `b`. */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < signature.length; at += 1) {
    const letter = signature[at] ?? '';
    if (letter === '(' || letter === '{') depth += 1;
    if (letter === ')' || letter === '}') depth -= 1;
    if (depth < 0) throw notDbus(`the signature ${JSON.stringify(signature)}`);
    if (letter === 'a' || depth > 0) continue;
    types.push(signature.slice(start, at + 1));
    start = at + 1;
  }
  if (start !== signature.length) throw notDbus(`the signature ${JSON.stringify(signature)}`);
  return types;
}
