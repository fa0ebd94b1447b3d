/**
 * Which line of the source an address comes from, where the program was compiled with -g: the line number program of DWARF 2 to 5.
 * DWARF 5, section 6.2.
 */
import { basename } from 'node:path';

const mostUnits = 20_000;
const mostSteps = 50_000_000;
const mostEntries = 10_000;

interface Unit {
  version: number;
  from: number;
  to: number;
  /** Names of files, by their number. */
  files: string[];
  instructionBytes: number;
  lineBase: number;
  lineRange: number;
  opcodeBase: number;
  operands: number[];
}

/** Where the texts are that a table of lines refers to. */
export interface LineTexts {
  lineStrings: Buffer | null;
  strings: Buffer | null;
}

/** `keeps.c:27` for each of these addresses, in the file's own terms, that has a line. Whatever is in the tables, it ends. */
export function linesOf(table: Buffer, texts: LineTexts, addresses: readonly number[]): Map<number, string> {
  const wanted = [...new Set(addresses)].sort((a, b) => a - b);
  const found = new Map<number, string>();
  const walk = { stepsLeft: mostSteps };
  let at = 0;
  for (let unit = 0; unit < mostUnits && at + 4 < table.length && found.size < wanted.length; unit += 1) {
    const length = table.readUInt32LE(at);
    if (length === 0 || length >= 0xffff_fff0) break;
    const end = Math.min(table.length, at + 4 + length);
    try {
      const header = headerOf(table, at + 4, end, texts);
      if (header !== null) walkLines(table, header, wanted, found, walk);
    } catch (error) {
      // Past the end of what somebody else wrote.
      if (!(error instanceof RangeError)) throw error;
    }
    at = end;
  }
  return found;
}

class Reader {
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

  uleb(): number {
    let [value, scale] = [0, 1];
    for (let read = 0; read < 10; read += 1, scale *= 128) {
      const byte = this.fixed(1);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  }

  sleb(): number {
    let [value, scale] = [0, 1];
    for (let read = 0; read < 10; read += 1) {
      const byte = this.fixed(1);
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale;
    }
    return value;
  }

  address(): number {
    this.at += 8;
    return Number(this.bytes.readBigUInt64LE(this.at - 8));
  }

  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw new RangeError('a text without an end');
    const text = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }
}

/** Null of another version. */
function headerOf(table: Buffer, start: number, to: number, texts: LineTexts): Unit | null {
  const reader = new Reader(table, start);
  const version = reader.fixed(2);
  if (version < 2 || version > 5) return null;
  if (version === 5) reader.at += 2;
  const headerLength = reader.fixed(4);
  const from = reader.at + headerLength;
  const instructionBytes = reader.fixed(1);
  if (version >= 4) reader.at += 1;
  reader.at += 1;
  const lineBase = (reader.fixed(1) << 24) >> 24;
  const [lineRange, opcodeBase] = [reader.fixed(1), reader.fixed(1)];
  if (lineRange === 0) return null;
  const operands = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => reader.fixed(1));
  const files = version === 5 ? filesOf5(reader, texts) : filesOf(reader);
  return { version, from, to, files, instructionBytes, lineBase, lineRange, opcodeBase, operands };
}

function filesOf(reader: Reader): string[] {
  for (let folder = 0; folder < mostEntries && reader.text() !== ''; folder += 1);
  // They are counted from 1.
  const files = [''];
  for (let name = reader.text(); name !== '' && files.length < mostEntries; name = reader.text()) {
    files.push(name);
    for (let field = 0; field < 3; field += 1) reader.uleb();
  }
  return files;
}

function filesOf5(reader: Reader, texts: LineTexts): string[] {
  entriesOf5(reader, texts);
  return entriesOf5(reader, texts);
}

/** Of folders, or of files: each says in which form its parts come; the first is its path. */
function entriesOf5(reader: Reader, texts: LineTexts): string[] {
  const formats = Array.from({ length: reader.fixed(1) }, () => [reader.uleb(), reader.uleb()] as const);
  const count = Math.min(mostEntries, reader.uleb());
  return Array.from({ length: count }, () => {
    let path = '';
    for (const [content, form] of formats) {
      const value = formOf(reader, form, texts);
      if (content === 1) path = value;
    }
    return path;
  });
}

function formOf(reader: Reader, form: number, { lineStrings, strings }: LineTexts): string {
  switch (form) {
    case 0x08:
      return reader.text();
    case 0x1f:
    case 0x0e: {
      const at = reader.fixed(4);
      const from = form === 0x1f ? lineStrings : strings;
      return from === null || at >= from.length ? '' : new Reader(from, at).text();
    }
    case 0x0b:
      reader.at += 1;
      return '';
    case 0x05:
      reader.at += 2;
      return '';
    case 0x06:
      reader.at += 4;
      return '';
    case 0x07:
      reader.at += 8;
      return '';
    case 0x0f:
      reader.uleb();
      return '';
    case 0x1e:
      reader.at += 16;
      return '';
    default:
      throw new RangeError(`a form 0x${form.toString(16)}`);
  }
}

interface Row {
  address: number;
  file: number;
  line: number;
}

function walkLines(table: Buffer, unit: Unit, wanted: readonly number[], found: Map<number, string>, walk: { stepsLeft: number }): void {
  const reader = new Reader(table, unit.from);
  const first = (): Row => ({ address: 0, file: 1, line: 1 });
  let row = first();
  let before: Row | null = null;
  const emit = (isEnd: boolean) => {
    // Lines of functions that the linker left out begin at 0.
    if (before !== null && before.address > 0) take(unit, before, row.address, wanted, found);
    before = isEnd ? null : { ...row };
    if (isEnd) row = first();
  };
  while (reader.at < unit.to && walk.stepsLeft > 0) {
    walk.stepsLeft -= 1;
    const code = reader.fixed(1);
    if (code >= unit.opcodeBase) {
      const special = code - unit.opcodeBase;
      row.address += Math.floor(special / unit.lineRange) * unit.instructionBytes;
      row.line += unit.lineBase + (special % unit.lineRange);
      emit(false);
    } else if (code === 0) {
      const length = reader.uleb();
      const next = reader.at + length;
      const extended = reader.fixed(1);
      if (extended === 1) emit(true);
      else if (extended === 2) row.address = reader.address();
      reader.at = next;
    } else if (code === 1) emit(false);
    else standard(reader, code, row, unit);
  }
}

function standard(reader: Reader, code: number, row: Row, { instructionBytes, opcodeBase, lineRange, operands }: Unit): void {
  if (code === 2) row.address += reader.uleb() * instructionBytes;
  else if (code === 3) row.line += reader.sleb();
  else if (code === 4) row.file = reader.uleb();
  else if (code === 8) row.address += Math.floor((255 - opcodeBase) / lineRange) * instructionBytes;
  else if (code === 9) row.address += reader.fixed(2);
  else for (let operand = 0; operand < (operands[code - 1] ?? 0); operand += 1) reader.uleb();
}

/** What lies from one row up to the next is of the first one's line. */
function take({ files }: Unit, { address, file, line }: Row, end: number, wanted: readonly number[], found: Map<number, string>): void {
  if (end <= address) return;
  let [low, high] = [0, wanted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((wanted[middle] ?? 0) < address) low = middle + 1;
    else high = middle;
  }
  for (let index = low; index < wanted.length && (wanted[index] ?? 0) < end; index += 1) {
    const name = basename(files[file] ?? '');
    if (name !== '' && line > 0) found.set(wanted[index] ?? 0, `${name}:${line}`);
  }
}
