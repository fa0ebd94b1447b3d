/** What the first word of a block is: the sign by which blocks of one type are known. */
import type { Region, TargetMemory } from '../targetMemory.ts';
import { isTypeTable, typeNameOf } from './typeNames.ts';

const zeroWord = 0;
const smallWord = 1;
export const heapWord = 2;
const codeWord = 3;
export const textWord = 4;
const dataWord = 5;
const otherWord = 6;
const firstType = 16;
const mostTypes = 20_000;
const blockAlignment = 16;
/** Where linkers put a program that is always loaded at the same place; above what most numbers are. */
export const lowestAddress = 0x40_0000;

export const wordNames = ['zeros', 'a number', 'a pointer to another block', 'a function', 'text', 'a pointer to fixed data', 'bytes'];

interface Range {
  start: number;
  end: number;
  kind: number;
}

export class WordKinds {
  readonly #memory: TargetMemory;
  #ranges: Range[] = [];
  #last: Range = { start: 0, end: 0, kind: otherWord };
  /** Kind of each address that a first word had and that may be a table of virtual functions. */
  readonly #types = new Map<number, number>();
  readonly #typeNames: string[] = [];

  constructor(memory: TargetMemory) {
    this.#memory = memory;
  }

  /** Anew at each look: what is mapped changes. */
  setRegions(regions: readonly Region[], heap: readonly { start: number; end: number }[]): void {
    const files = regions.filter(({ path }) => path.startsWith('/'));
    const ranges = files.map(({ start, end, writable }): Range => ({ start, end, kind: writable ? dataWord : codeWord }));
    this.#ranges = [...ranges, ...heap.map(({ start, end }): Range => ({ start, end, kind: heapWord }))].sort((a, b) => a.start - b.start);
    this.#last = { start: 0, end: 0, kind: otherWord };
  }

  kindOf(low: number, high: number): number {
    if (high === 0) return this.#lowKind(low);
    if (high < 0x8000) {
      const address = high * 2 ** 32 + low;
      const kind = this.#rangeKind(address);
      if (kind === heapWord) return heapWord;
      if (kind !== otherWord) return low % 8 === 0 ? this.#typeKind(address, kind) : kind;
    }
    return isText(low) ? textWord : otherWord;
  }

  /** Numbers look like addresses of a program that is always loaded at the same place: what is not one of a class or of a whole block is a number. */
  #lowKind(low: number): number {
    if (low === 0) return zeroWord;
    if (low >= lowestAddress && low % 8 === 0) {
      const kind = this.#rangeKind(low);
      if (kind === heapWord && low % blockAlignment === 0) return heapWord;
      const type = kind === otherWord || kind === heapWord ? kind : this.#typeKind(low, kind);
      if (type >= firstType) return type;
    }
    return low < 0x1000_0000 ? smallWord : isText(low) ? textWord : otherWord;
  }

  /** The name of the type, for blocks that say it. */
  typeName(kind: number): string | null {
    return this.#typeNames[kind - firstType] ?? null;
  }

  #rangeKind(address: number): number {
    if (address >= this.#last.start && address < this.#last.end) return this.#last.kind;
    let [low, high] = [0, this.#ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle - 1;
    }
    const range = this.#ranges[high];
    if (range === undefined || address >= range.end) return otherWord;
    this.#last = range;
    return range.kind;
  }

  #typeKind(address: number, otherwise: number): number {
    const known = this.#types.get(address);
    if (known !== undefined) return known;
    if (this.#types.size >= mostTypes) return otherwise;
    const name = isTypeTable(this.#memory, address) ? typeNameOf(this.#memory, address) : null;
    let kind = otherwise;
    if (name !== null) {
      kind = firstType + this.#typeNames.length;
      this.#typeNames.push(name);
    }
    this.#types.set(address, kind);
    return kind;
  }
}

/** Four bytes that people read. */
function isText(word: number): boolean {
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = (word >>> shift) & 0xff;
    if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte > 126) return false;
  }
  return true;
}
