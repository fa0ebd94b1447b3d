/**
 * Names and lines of the functions of a Go program from `.gopclntab`, which is in every binary, stripped or not. Go 1.18 and newer.
 * https://go.dev/src/debug/gosym/pclntab.go
 */
const magics = new Set([0xfffffff0, 0xfffffff1]);
const headerBytes = 72;
const mostSteps = 10_000;

export interface GoPlace {
  function: string;
  file: string | null;
  line: number | null;
  /** Where the function begins. */
  entry: number;
}

export class GoLines {
  readonly #bytes: Buffer;
  readonly #textStart: number;
  readonly #count: number;
  readonly #names: number;
  readonly #units: number;
  readonly #files: number;
  readonly #steps: number;
  readonly #functions: number;

  private constructor(bytes: Buffer, bias: number, text: number | null) {
    const offset = (at: number) => Number(bytes.readBigUInt64LE(at));
    this.#bytes = bytes;
    this.#count = offset(8);
    // Since Go 1.26 it is not told here.
    this.#textStart = offset(24) === 0 ? (text ?? 0) : offset(24) + bias;
    this.#names = offset(32);
    this.#units = offset(40);
    this.#files = offset(48);
    this.#steps = offset(56);
    this.#functions = offset(64);
  }

  /**
   * `bias`: added to the addresses of the file by where it was loaded; `text`: where its code begins in the process. Null for the tables of other
   * versions, and where neither these nor `text` say where the code begins.
   */
  static parse(bytes: Buffer, bias: number, text: number | null): GoLines | null {
    if (bytes.length < headerBytes || !magics.has(bytes.readUInt32LE(0)) || bytes[7] !== 8) return null;
    return text === null && bytes.readBigUInt64LE(24) === 0n ? null : new GoLines(bytes, bias, text);
  }

  placeOf(address: number): GoPlace | null {
    const offset = address - this.#textStart;
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entryAt(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0 || low > this.#count || offset < 0 || (low === this.#count && offset >= this.#entryAt(low))) return null;
    const record = this.#functions + this.#u32(this.#functions + (low - 1) * 8 + 4);
    const entry = this.#entryAt(low - 1);
    const fileNumber = this.#valueAt(this.#u32(record + 20), offset - entry);
    return {
      function: this.#text(this.#names + this.#u32(record + 4)),
      file: fileNumber === null ? null : this.#text(this.#files + this.#u32(this.#units + (this.#u32(record + 32) + fileNumber) * 4)),
      line: this.#valueAt(this.#u32(record + 24), offset - entry),
      entry: this.#textStart + entry,
    };
  }

  #entryAt(index: number): number {
    return this.#u32(this.#functions + index * 8);
  }

  #u32(at: number): number {
    return at >= 0 && at + 4 <= this.#bytes.length ? this.#bytes.readUInt32LE(at) : 0;
  }

  #text(at: number): string {
    const end = this.#bytes.indexOf(0, at);
    return end < 0 || end - at > 1_000 ? '' : this.#bytes.toString('utf8', at, end);
  }

  /** A table of steps: how much the value changes, in zigzag, and for how many bytes of code it stays. */
  #valueAt(table: number, offset: number): number | null {
    let at = this.#steps + table;
    const next = () => {
      let value = 0;
      for (let shift = 0; shift < 35; shift += 7) {
        const byte = this.#bytes[at] ?? 0;
        at += 1;
        value += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
      return value;
    };
    let value = -1;
    let code = 0;
    for (let step = 0; table !== 0 && step < mostSteps; step += 1) {
      const change = next();
      if (change === 0 && step > 0) return null;
      value += change % 2 === 0 ? change / 2 : -(change + 1) / 2;
      code += next();
      if (offset < code) return value < 0 ? null : value;
    }
    return null;
  }
}
