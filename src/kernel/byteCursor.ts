/**
 * Walks over kernel text as bytes: decimals, hexadecimals, words and lines, without making strings.
 * Every method moves forward only and stops at the end, so that a parser built on it always ends, whatever the bytes are.
 */
const space = 0x20;
const tab = 0x09;
const newline = 0x0a;
const zero = 0x30;
const nine = 0x39;

export class ByteCursor {
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  at = 0;

  reset(bytes: Uint8Array, length: number, at = 0): void {
    this.#bytes = bytes;
    this.#end = Math.max(0, Math.min(length, bytes.length));
    this.at = Math.min(Math.max(0, at), this.#end);
  }

  get atEnd(): boolean {
    return this.at >= this.#end;
  }

  /** The byte under the cursor; 0 at the end. */
  get byte(): number {
    return this.at < this.#end ? (this.#bytes[this.at] ?? 0) : 0;
  }

  skipBlanks(): void {
    while (this.at < this.#end && (this.#bytes[this.at] === space || this.#bytes[this.at] === tab)) this.at += 1;
  }

  /** Skips blanks and one word. */
  skipWord(): void {
    this.skipBlanks();
    while (this.at < this.#end) {
      const byte = this.#bytes[this.at];
      if (byte === space || byte === tab || byte === newline) return;
      this.at += 1;
    }
  }

  skipWords(count: number): void {
    for (let index = 0; index < count; index += 1) this.skipWord();
  }

  /** Skips blanks and reads a decimal; NaN when there is none. A leading minus counts. */
  decimal(): number {
    this.skipBlanks();
    const negative = this.byte === 0x2d;
    if (negative) this.at += 1;
    const start = this.at;
    let value = 0;
    while (this.at < this.#end) {
      const digit = this.#bytes[this.at] ?? 0;
      if (digit < zero || digit > nine) break;
      value = value * 10 + (digit - zero);
      this.at += 1;
    }
    if (this.at === start) return Number.NaN;
    return negative ? -value : value;
  }

  /** Skips blanks and reads a hexadecimal number of at most 16 digits; NaN when there is none. */
  hex(): number {
    this.skipBlanks();
    const start = this.at;
    let value = 0;
    while (this.at < this.#end && this.at - start < 16) {
      const digit = hexDigit(this.#bytes[this.at] ?? 0);
      if (digit < 0) break;
      value = value * 16 + digit;
      this.at += 1;
    }
    return this.at === start ? Number.NaN : value;
  }

  skipHex(): void {
    while (this.at < this.#end && hexDigit(this.#bytes[this.at] ?? 0) >= 0) this.at += 1;
  }

  /** Moves past `key` and tells so when the bytes under the cursor are it. */
  accept(key: Uint8Array): boolean {
    if (this.at + key.length > this.#end) return false;
    for (let index = 0; index < key.length; index += 1) {
      if (this.#bytes[this.at + index] !== key[index]) return false;
    }
    this.at += key.length;
    return true;
  }

  /** Moves to the start of the next line; at the end there is none. */
  nextLine(): void {
    const found = this.#bytes.indexOf(newline, this.at);
    this.at = found < 0 || found >= this.#end ? this.#end : found + 1;
  }
}

/** -1 for what is none. */
function hexDigit(byte: number): number {
  if (byte >= zero && byte <= nine) return byte - zero;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
