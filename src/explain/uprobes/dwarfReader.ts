/** Goes through a table of DWARF. RangeError past its end: what is in it, somebody else wrote. DWARF 5, section 7.6. */
const mostLebBytes = 10;

export class DwarfReader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  fixed(length: 1 | 2 | 4): number {
    this.at += length;
    return this.bytes.readUIntLE(this.at - length, length);
  }

  signed8(): number {
    this.at += 8;
    return Number(this.bytes.readBigInt64LE(this.at - 8));
  }

  unsigned8(): number {
    this.at += 8;
    return Number(this.bytes.readBigUInt64LE(this.at - 8));
  }

  uleb(): number {
    let [value, scale] = [0, 1];
    for (let read = 0; read < mostLebBytes; read += 1) {
      const byte = this.fixed(1);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    return value;
  }

  sleb(): number {
    let [value, scale] = [0, 1];
    for (let read = 0; read < mostLebBytes; read += 1) {
      const byte = this.fixed(1);
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale;
    }
    return value;
  }

  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw new RangeError('a text without an end');
    const text = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }
}
