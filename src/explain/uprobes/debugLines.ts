/**
 * Which line of the source an address comes from, where the program was compiled with -g: the line number program of DWARF 2 to 5.
 * DWARF 5, section 6.2.
 */
import { basename } from 'node:path';
import { DwarfReader } from './dwarfReader.ts';

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

/** Null of another version. */
function headerOf(table: Buffer, start: number, to: number, texts: LineTexts): Unit | null {
  const reader = new DwarfReader(table, start);
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

function filesOf(reader: DwarfReader): string[] {
  for (let folder = 0; folder < mostEntries && reader.text() !== ''; folder += 1);
  // They are counted from 1.
  const files = [''];
  for (let name = reader.text(); name !== '' && files.length < mostEntries; name = reader.text()) {
    files.push(name);
    for (let field = 0; field < 3; field += 1) reader.uleb();
  }
  return files;
}

function filesOf5(reader: DwarfReader, texts: LineTexts): string[] {
  entriesOf5(reader, texts);
  return entriesOf5(reader, texts);
}

/** Of folders, or of files: each says in which form its parts come; the first is its path. */
function entriesOf5(reader: DwarfReader, texts: LineTexts): string[] {
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

/** Bytes of those that are numbers of a fixed size, or a checksum. */
const plainForms = new Map([
  [0x0b, 1],
  [0x05, 2],
  [0x06, 4],
  [0x07, 8],
  [0x1e, 16],
]);

function formOf(reader: DwarfReader, form: number, { lineStrings, strings }: LineTexts): string {
  switch (form) {
    case 0x08:
      return reader.text();
    case 0x1f:
    case 0x0e: {
      const at = reader.fixed(4);
      const from = form === 0x1f ? lineStrings : strings;
      return from === null || at >= from.length ? '' : new DwarfReader(from, at).text();
    }
    case 0x0f:
      reader.uleb();
      return '';
    default: {
      const bytes = plainForms.get(form);
      if (bytes === undefined) throw new RangeError(`a form 0x${form.toString(16)}`);
      reader.at += bytes;
      return '';
    }
  }
}

interface Row {
  address: number;
  file: number;
  line: number;
}

function walkLines(table: Buffer, unit: Unit, wanted: readonly number[], found: Map<number, string>, walk: { stepsLeft: number }): void {
  const reader = new DwarfReader(table, unit.from);
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
      else if (extended === 2) row.address = reader.unsigned8();
      reader.at = next;
    } else if (code === 1) emit(false);
    else standard(reader, code, row, unit);
  }
}

function standard(reader: DwarfReader, code: number, row: Row, { instructionBytes, opcodeBase, lineRange, operands }: Unit): void {
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
