import { StanchError } from '../model/errors.ts';

/** Largest value a varint may hold: what a double holds exactly. Takes 8 bytes. */
const maxVarint = Number.MAX_SAFE_INTEGER;
const maxVarintBytes = 8;

/** What a decoder throws on bytes that no encoder wrote. */
export function corrupt(found: string, cause?: unknown): StanchError {
  return new StanchError('STANCH_E_STORE_CORRUPT', {
    expected: 'a file as stanch writes it',
    found,
    next: 'stanch sets the file aside and goes on; check the disk (dmesg, smartctl).',
    cause,
  });
}

/** A buffer that grows and is reused, so that a tick allocates nothing. */
export class ByteWriter {
  bytes = new Uint8Array(1024);
  length = 0;
  #float = new DataView(this.bytes.buffer);

  reset(): void {
    this.length = 0;
  }

  /** Gives back what an exceptionally large record took. */
  shrink(maxBytes: number): void {
    if (this.bytes.length > maxBytes) this.#resize(1024);
  }

  byte(value: number): void {
    this.#need(1);
    this.bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, low bits first. */
  varint(value: number): void {
    this.#need(maxVarintBytes);
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  uint32(value: number): void {
    this.#need(4);
    this.#float.setUint32(this.length, value, true);
    this.length += 4;
  }

  float64(value: number): void {
    this.#need(8);
    this.#float.setFloat64(this.length, value, true);
    this.length += 8;
  }

  append(bytes: Uint8Array, length = bytes.length): void {
    this.#need(length);
    if (length === bytes.length) this.bytes.set(bytes, this.length);
    else this.bytes.set(bytes.subarray(0, length), this.length);
    this.length += length;
  }

  /** Makes room for `count` bytes that the caller fills in from the place returned. */
  reserve(count: number): number {
    this.#need(count);
    const at = this.length;
    this.length += count;
    return at;
  }

  setUint32(at: number, value: number): void {
    this.#float.setUint32(at, value, true);
  }

  /** The bytes written, valid until the next write. */
  view(from = 0): Uint8Array {
    return this.bytes.subarray(from, this.length);
  }

  #need(count: number): void {
    if (this.length + count > this.bytes.length) this.#resize(Math.max(this.bytes.length * 2, this.length + count));
  }

  #resize(capacity: number): void {
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, Math.min(this.length, capacity)));
    this.bytes = grown;
    this.#float = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` wrote; throws STANCH_E_STORE_CORRUPT instead of reading past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** Where the next read starts. */
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.at >= this.#end;
  }

  get remaining(): number {
    return this.#end - this.at;
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    let factor = 128;
    for (let count = 1; count < maxVarintBytes; count += 1) {
      byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > maxVarint) break;
        return value;
      }
      factor *= 128;
    }
    throw corrupt('a number larger than 2^53');
  }

  byte(): number {
    if (this.at >= this.#end) throw corrupt('a record that ends too early');
    return this.#bytes[this.at++] ?? 0;
  }

  uint32(): number {
    return this.#view(4).getUint32(0, true);
  }

  float64(): number {
    return this.#view(8).getFloat64(0, true);
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.#end) throw corrupt('a record that ends too early');
    const taken = this.#bytes.subarray(this.at, this.at + count);
    this.at += count;
    return taken;
  }

  #view(count: number): DataView {
    const taken = this.take(count);
    return new DataView(taken.buffer, taken.byteOffset, count);
  }
}
