/**
 * Who called whom, out of the stack as it was and `.eh_frame`, which is in every program, stripped or not, and needs no frame pointers.
 * DWARF 5, section 6.4, and https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/ehframechpt.html
 */
import { DwarfReader } from './dwarfReader.ts';

const framePointer = 6;
const stackPointer = 7;
const returnAddress = 16;
const mostInstructions = 4_000;
const mostRemembered = 16;
const mostFrames = 24;

interface Common {
  codeAlign: number;
  dataAlign: number;
  pointerEncoding: number;
  hasAugmentation: boolean;
  instructions: [number, number];
}

interface Rules {
  cfaRegister: number;
  cfaOffset: number;
  /** From the CFA to where the caller's frame pointer lies; null: it is still in its register. */
  framePointerAt: number | null;
}

/** Functions of one file, by where they begin in the process. */
export class CallFrames {
  readonly #bytes: Buffer;
  /** By where they begin, in order. */
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  /** Place of the common part, and of the instructions with their end. */
  readonly #places: { common: Common; from: number; to: number }[];

  private constructor(bytes: Buffer, functions: readonly { start: number; end: number; common: Common; from: number; to: number }[]) {
    this.#bytes = bytes;
    const ordered = [...functions].sort((a, b) => a.start - b.start);
    this.#starts = Float64Array.from(ordered, ({ start }) => start);
    this.#ends = Float64Array.from(ordered, ({ end }) => end);
    this.#places = ordered.map(({ common, from, to }) => ({ common, from, to }));
  }

  /** `address`: of the section in the process. Null where it is not understood. */
  static parse(bytes: Buffer, address: number): CallFrames | null {
    const commons = new Map<number, Common | null>();
    const functions: { start: number; end: number; common: Common; from: number; to: number }[] = [];
    try {
      for (let at = 0; at + 4 <= bytes.length; ) {
        const length = bytes.readUInt32LE(at);
        if (length === 0 || length === 0xffff_ffff) break;
        const [idAt, end] = [at + 4, at + 4 + length];
        const id = bytes.readUInt32LE(idAt);
        if (id !== 0) {
          const commonAt = idAt - id;
          let common = commons.get(commonAt);
          if (common === undefined) {
            common = commonOf(bytes, commonAt);
            commons.set(commonAt, common);
          }
          if (common !== null) functions.push(functionOf(bytes, idAt + 4, end, address, common));
        }
        at = end;
      }
    } catch (error) {
      // Past the end of what somebody else wrote.
      if (!(error instanceof RangeError)) throw error;
    }
    return functions.length === 0 ? null : new CallFrames(bytes, functions);
  }

  /** Where the function begins and ends that an address lies in. */
  functionAt(address: number): { start: number; end: number } | null {
    const index = this.#indexOf(address);
    return index < 0 ? null : { start: this.#starts[index] ?? 0, end: this.#ends[index] ?? 0 };
  }

  #indexOf(address: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= address) low = middle + 1;
      else high = middle - 1;
    }
    return high >= 0 && address < (this.#ends[high] ?? 0) ? high : -1;
  }

  rulesAt(address: number): Rules | null {
    const index = this.#indexOf(address);
    const place = this.#places[index];
    if (place === undefined) return null;
    try {
      const before = run(this.#bytes, place.common.instructions, place.common, Number.POSITIVE_INFINITY, initialRules);
      return before === null
        ? null
        : run(this.#bytes, [place.from, place.to], place.common, address - (this.#starts[index] ?? 0), () => ({ ...before }));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return null;
    }
  }
}

export interface StackCopy {
  /** Where the thread is. */
  at: number;
  stackPointer: number;
  framePointer: number;
  /** From the stack pointer on. */
  words: readonly number[];
}

/** Addresses from the innermost function outwards, as far as the copy of the stack goes; the first is `at` itself. */
export function unwind(copy: StackCopy, framesAt: (address: number) => CallFrames | null): number[] {
  const word = (address: number) => copy.words[(address - copy.stackPointer) / 8];
  const found = [copy.at];
  let [sp, bp] = [copy.stackPointer, copy.framePointer];
  for (let pc = copy.at; found.length < mostFrames; ) {
    const rules = framesAt(pc)?.rulesAt(pc) ?? null;
    if (rules === null) break;
    const cfa = (rules.cfaRegister === framePointer ? bp : sp) + rules.cfaOffset;
    const caller = word(cfa - 8);
    if (cfa <= sp || caller === undefined || caller < 4096) break;
    if (rules.framePointerAt !== null) bp = word(cfa + rules.framePointerAt) ?? 0;
    sp = cfa;
    // Where it goes on after the call may be another function already.
    pc = caller - 1;
    found.push(pc);
  }
  return found;
}

/** As DW_EH_PE says: 4 or 8 bytes, with a sign, from where it stands. `address`: of the section. */
function pointerFrom(reader: DwarfReader, encoding: number, address: number): number {
  const from = (encoding & 0x70) === 0x10 ? address + reader.at : 0;
  switch (encoding & 0x0f) {
    case 0x03:
      return from + reader.fixed(4);
    case 0x0b:
      return from + (reader.fixed(4) | 0);
    case 0x00:
    case 0x04:
    case 0x0c:
      return from + reader.signed8();
    default:
      throw new RangeError(`pointers encoded as 0x${encoding.toString(16)}`);
  }
}

function commonOf(bytes: Buffer, at: number): Common | null {
  const end = at + 4 + bytes.readUInt32LE(at);
  const reader = new DwarfReader(bytes, at + 8);
  const version = reader.fixed(1);
  const augmentation = reader.text();
  const [codeAlign, dataAlign] = [reader.uleb(), reader.sleb()];
  if (version === 1) reader.fixed(1);
  else reader.uleb();
  let pointerEncoding = 0;
  const hasAugmentation = augmentation.startsWith('z');
  // A signal handler's frame has everything elsewhere.
  if (augmentation.includes('S') || !/^(?:z[RPL]*)?$/.test(augmentation)) return null;
  if (hasAugmentation) {
    const length = reader.uleb();
    const from = reader.at;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = reader.fixed(1);
      else if (letter === 'L') reader.fixed(1);
      else pointerFrom(reader, reader.fixed(1) & 0x7f, 0);
    }
    reader.at = from + length;
  }
  return { codeAlign, dataAlign, pointerEncoding, hasAugmentation, instructions: [reader.at, end] };
}

function functionOf(bytes: Buffer, at: number, to: number, address: number, common: Common) {
  const reader = new DwarfReader(bytes, at);
  const start = pointerFrom(reader, common.pointerEncoding, address);
  const length = pointerFrom(reader, common.pointerEncoding & 0x0f, 0);
  if (common.hasAugmentation) {
    const skipped = reader.uleb();
    reader.at += skipped;
  }
  return { start, end: start + length, common, from: reader.at, to };
}

function initialRules(): Rules {
  return { cfaRegister: stackPointer, cfaOffset: 8, framePointerAt: null };
}

/** Up to the instruction `until` bytes from where the function begins. Null: its frame is told by an expression. */
function run(bytes: Buffer, [from, to]: [number, number], common: Common, until: number, initial: () => Rules): Rules | null {
  const reader = new DwarfReader(bytes, from);
  let rules = initial();
  const remembered: Rules[] = [];
  let location = 0;
  for (let step = 0; step < mostInstructions && reader.at < to; step += 1) {
    const code = reader.fixed(1);
    const [high, low] = [code >> 6, code & 0x3f];
    if (high === 1 || (code >= 0x02 && code <= 0x04)) {
      location += (high === 1 ? low : reader.fixed(code === 0x02 ? 1 : code === 0x03 ? 2 : 4)) * common.codeAlign;
      if (location > until) return rules;
    } else if (high === 2) saved(rules, low, reader.uleb() * common.dataAlign);
    else if (high === 3) restored(rules, low, initial);
    else if (code === 0x0a) {
      if (remembered.length < mostRemembered) remembered.push({ ...rules });
    } else if (code === 0x0b) rules = remembered.pop() ?? rules;
    else if (!otherRule(reader, code, rules, common, initial)) return null;
  }
  return rules;
}

/** False: not understood, or the outermost. */
function otherRule(reader: DwarfReader, code: number, rules: Rules, { dataAlign }: Common, initial: () => Rules): boolean {
  switch (code) {
    case 0x00:
      return true;
    case 0x05:
      saved(rules, reader.uleb(), reader.uleb() * dataAlign);
      return true;
    case 0x06:
      restored(rules, reader.uleb(), initial);
      return true;
    case 0x07:
      // Nobody called where a thread begins.
      return reader.uleb() !== returnAddress;
    case 0x08:
      reader.uleb();
      return true;
    case 0x09:
      reader.uleb();
      reader.uleb();
      return true;
    case 0x0c:
      rules.cfaRegister = reader.uleb();
      rules.cfaOffset = reader.uleb();
      return isKnown(rules);
    case 0x0d:
      rules.cfaRegister = reader.uleb();
      return isKnown(rules);
    case 0x0e:
      rules.cfaOffset = reader.uleb();
      return true;
    case 0x11:
      saved(rules, reader.uleb(), reader.sleb() * dataAlign);
      return true;
    case 0x2e:
      reader.uleb();
      return true;
    // Of a register that is not followed.
    case 0x10:
    case 0x16: {
      reader.uleb();
      const length = reader.uleb();
      reader.at += length;
      return true;
    }
    default:
      return false;
  }
}

function isKnown({ cfaRegister }: Rules): boolean {
  return cfaRegister === framePointer || cfaRegister === stackPointer;
}

function saved(rules: Rules, register: number, offset: number): void {
  if (register === framePointer) rules.framePointerAt = offset;
}

function restored(rules: Rules, register: number, initial: () => Rules): void {
  if (register === framePointer) rules.framePointerAt = initial().framePointerAt;
}
