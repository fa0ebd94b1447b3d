/**
 * Cuts the objects of one depth out of a stream of JSON, each to be parsed by itself, so that a document of any size needs the
 * memory of its largest such object. What lies around them is skipped unchecked. Pure: bytes in, texts out.
 */
const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

export class ObjectSlices {
  readonly #depth: number;
  readonly #maxBytes: number;
  readonly #object: (json: string, line: number) => void;
  readonly #tooLong: (line: number) => void;
  /** Braces and brackets open before the byte at hand. */
  #open = 0;
  #isInString = false;
  #isEscaped = false;
  /** Of the object at hand that came in earlier pieces; null outside of one. */
  #parts: Uint8Array[] | null = null;
  #partsBytes = 0;
  #objectLine = 0;
  #line = 1;

  /** `depth` braces and brackets are open around each object; one of more than `maxBytes` is left out and told by `tooLong`. */
  constructor(depth: number, maxBytes: number, object: (json: string, line: number) => void, tooLong: (line: number) => void) {
    this.#depth = depth;
    this.#maxBytes = maxBytes;
    this.#object = object;
    this.#tooLong = tooLong;
  }

  /** The document is complete, or there was none. */
  get isWhole(): boolean {
    return this.#open === 0;
  }

  get line(): number {
    return this.#line;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte === 0x0a) this.#line += 1;
      if (this.#isInString) this.#inString(byte);
      else if (byte === quote) this.#isInString = true;
      else if (byte === openBrace || byte === openBracket) {
        if (byte === openBrace && this.#open === this.#depth) {
          this.#parts = [];
          this.#partsBytes = 0;
          this.#objectLine = this.#line;
          from = at;
        }
        this.#open += 1;
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#open = Math.max(0, this.#open - 1);
        if (this.#open === this.#depth) this.#close(chunk.subarray(from, at + 1));
      }
    }
    if (this.#parts !== null) this.#keep(chunk.subarray(from));
  }

  #inString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) this.#isInString = false;
  }

  #keep(part: Uint8Array): void {
    this.#partsBytes += part.length;
    if (this.#partsBytes > this.#maxBytes) this.#parts?.splice(0);
    else this.#parts?.push(part.slice());
  }

  #close(last: Uint8Array): void {
    const parts = this.#parts;
    this.#parts = null;
    if (parts === null) return;
    if (this.#partsBytes + last.length > this.#maxBytes) this.#tooLong(this.#objectLine);
    else this.#object(Buffer.concat([...parts, last]).toString('utf8'), this.#objectLine);
  }
}
