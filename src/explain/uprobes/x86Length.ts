/**
 * How many bytes an instruction of x86-64 has, so that no probe is ever put into the middle of one. What is not known has length 0.
 * Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, appendix A.
 */
const legacyPrefixes = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);
const mostBytes = 15;

/** Classes of one-byte opcodes: no operand byte, ModRM, and what follows as an immediate. */
const invalid = 'x';
const plain = '.';
const withModRm = 'm';
/** Sixteen opcodes a row: b one byte, w two bytes, d four (two after 66), D four always, q as d but eight after REX.W, o an address, M ModRM and
 * one byte, N ModRM and d, e one word and one byte, f and F the groups that test by an immediate, p a prefix or another table. */
const oneByte = [
  'mmmmbdxxmmmmbdxp',
  'mmmmbdxxmmmmbdxx',
  'mmmmbdpxmmmmbdpx',
  'mmmmbdpxmmmmbdpx',
  'pppppppppppppppp',
  '................',
  'xxpmppppdNbM....',
  'bbbbbbbbbbbbbbbb',
  'MNxMmmmmmmmmmmmm',
  '..........x.....',
  'oooo....bd......',
  'bbbbbbbbqqqqqqqq',
  'MMw.ppMNe.w..bx.',
  'mmmmxxx.mmmmmmmm',
  'bbbbbbbbDDxb....',
  'p.pp..fF......mm',
].join('');
/** The same after 0f. */
const twoBytes = [
  'mmmmx.....x.xm.M',
  'mmmmmmmmmmmmmmmm',
  'mmmmxxxxmmmmmmmm',
  '......x.pxpxxxxx',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
  'MMMMmmm.mmxxmmmm',
  'DDDDDDDDDDDDDDDD',
  'mmmmmmmmmmmmmmmm',
  '...mMmxx...mMmmm',
  'mmmmmmmmmmMmmmmm',
  'mmMmMMMm........',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
].join('');

export function instructionLength(bytes: Buffer, start: number): number {
  let at = start;
  let [is16, isAddress32, isWide] = [false, false, false];
  for (; legacyPrefixes.has(bytes[at] ?? 0); at += 1) {
    if (at - start >= mostBytes) return 0;
    is16 ||= bytes[at] === 0x66;
    isAddress32 ||= bytes[at] === 0x67;
  }
  if (((bytes[at] ?? 0) & 0xf0) === 0x40) {
    isWide = ((bytes[at] ?? 0) & 8) !== 0;
    at += 1;
  }
  const { kind, length } = opcodeAt(bytes, at);
  at += length;
  const operand = operandBytes(kind, { is16: is16 && !isWide, isAddress32, isWide, group: ((bytes[at] ?? 0) >> 3) & 7 });
  if (operand === null) return 0;
  const total = at + ('mMNfF'.includes(kind) ? modRmBytes(bytes, at) : 0) + operand - start;
  return total <= mostBytes && start + total <= bytes.length ? total : 0;
}

/** Its class, and how many bytes the opcode has with what selects its table. */
function opcodeAt(bytes: Buffer, at: number): { kind: string; length: number } {
  const [opcode = 0, second = 0, third = 0, fourth = 0] = bytes.subarray(at, at + 5);
  // VEX and EVEX name the table: 1 is that after 0f, 3 has an immediate byte always.
  if (opcode === 0xc5) return { kind: vectorKind(1, third), length: 3 };
  if (opcode === 0xc4) return { kind: vectorKind(second & 0x1f, fourth), length: 4 };
  if (opcode === 0x62) return { kind: vectorKind(second & 7, bytes[at + 4] ?? 0), length: 5 };
  if (opcode !== 0x0f) return { kind: oneByte[opcode] ?? invalid, length: 1 };
  if (second === 0x38) return { kind: withModRm, length: 3 };
  if (second === 0x3a) return { kind: 'M', length: 3 };
  return { kind: twoBytes[second] ?? invalid, length: 2 };
}

function vectorKind(map: number, opcode: number): string {
  if (map === 1) return opcode === 0x77 ? plain : twoBytes[opcode] === 'M' ? 'M' : withModRm;
  if (map === 3) return 'M';
  return map === 2 || map === 5 || map === 6 ? withModRm : invalid;
}

interface Width {
  is16: boolean;
  isAddress32: boolean;
  isWide: boolean;
  /** Of ModRM, the bits in the middle. */
  group: number;
}

/** Bytes of the immediate; null where there is no such instruction. */
function operandBytes(kind: string, { is16, isAddress32, isWide, group }: Width): number | null {
  const word = is16 ? 2 : 4;
  switch (kind) {
    case plain:
    case withModRm:
      return 0;
    case 'b':
    case 'M':
      return 1;
    case 'w':
      return 2;
    case 'e':
      return 3;
    case 'd':
    case 'N':
      return word;
    case 'D':
      return 4;
    case 'q':
      return isWide ? 8 : word;
    case 'o':
      return isAddress32 ? 4 : 8;
    case 'f':
      return group < 2 ? 1 : 0;
    case 'F':
      return group < 2 ? word : 0;
    default:
      return null;
  }
}

/** ModRM, SIB and displacement. */
function modRmBytes(bytes: Buffer, at: number): number {
  const [modRm = 0, sib = 0] = bytes.subarray(at, at + 2);
  const [mode, register] = [modRm >> 6, modRm & 7];
  if (mode === 3) return 1;
  const base = register === 4 ? 2 : 1;
  if (mode === 1) return base + 1;
  if (mode === 2) return base + 4;
  return base + (register === 5 || (register === 4 && (sib & 7) === 5) ? 4 : 0);
}
