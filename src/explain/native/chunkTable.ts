/** Which block an address lies in: one bit for each place where a block begins, and how many began before. 2 bytes a block, 1/64 of the heap. */
import type { HeapPart } from './glibcHeap.ts';

/** Kind of a block that is free. */
export const freeKind = 0xffff;
const bytesOfBit = 16;

interface TablePart extends HeapPart {
  /** Number of the first block. */
  base: number;
  count: number;
  bits: Uint32Array;
  /** Blocks that begin before each word of `bits`. */
  before: Uint32Array;
}

export class ChunkTable {
  readonly parts: TablePart[] = [];
  #part: TablePart | null = null;
  #kinds = new Uint16Array(1 << 16);
  #count = 0;

  /** Parts and the blocks in them come in the order of addresses. */
  beginPart(part: HeapPart): void {
    const words = part.kind === 'mapped' ? 1 : Math.ceil((part.end - part.start) / bytesOfBit / 32);
    this.#part = { ...part, base: this.#count, count: 0, bits: new Uint32Array(words), before: new Uint32Array(words) };
    this.parts.push(this.#part);
  }

  add(address: number, kind: number): void {
    const part = this.#part;
    if (part === null) return;
    const bit = (address - part.start) / bytesOfBit;
    part.bits[bit >>> 5] = (part.bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
    if (this.#count === this.#kinds.length) {
      const larger = new Uint16Array(this.#kinds.length * 2);
      larger.set(this.#kinds);
      this.#kinds = larger;
    }
    this.#kinds[this.#count] = kind < freeKind ? kind : freeKind - 1;
    this.#count += 1;
    part.count += 1;
  }

  /** The one added last. */
  freeLast(): void {
    this.#kinds[this.#count - 1] = freeKind;
  }

  free(address: number): void {
    const index = this.indexOf(address);
    if (index >= 0) this.#kinds[index] = freeKind;
  }

  /** Before it is asked. */
  seal(): void {
    for (const { bits, before } of this.parts) {
      let sum = 0;
      for (let word = 0; word < bits.length; word += 1) {
        before[word] = sum;
        sum += bitCount(bits[word] ?? 0);
      }
    }
  }

  get count(): number {
    return this.#count;
  }

  kindOf(index: number): number {
    return this.#kinds[index] ?? freeKind;
  }

  /** Number of the part that an address lies in; -1: in none. */
  partOf(address: number): number {
    let [low, high] = [0, this.parts.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((this.parts[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle - 1;
    }
    return high >= 0 && address < (this.parts[high]?.end ?? 0) ? high : -1;
  }

  /** Number of the block that an address lies in; -1: in none. */
  indexOf(address: number): number {
    const part = this.parts[this.partOf(address)];
    return part === undefined ? -1 : indexIn(part, address);
  }

  /** Up to the next block, or the end of the part. */
  bytesOf(index: number): number {
    const part = this.parts.find(({ base, count }) => index >= base && index < base + count);
    if (part === undefined) return 0;
    return (index + 1 < part.base + part.count ? this.addressOf(index + 1) : part.end) - this.addressOf(index);
  }

  addressOf(index: number): number {
    const part = this.parts.find(({ base, count }) => index >= base && index < base + count);
    if (part === undefined || part.kind === 'mapped') return part?.start ?? 0;
    const wanted = index - part.base;
    let [low, high] = [0, part.before.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((part.before[middle] ?? 0) <= wanted) low = middle;
      else high = middle - 1;
    }
    let left = wanted - (part.before[low] ?? 0);
    for (let bit = 0; bit < 32; bit += 1) {
      if (((part.bits[low] ?? 0) >>> bit) & 1 && left-- === 0) return part.start + (low * 32 + bit) * bytesOfBit;
    }
    return 0;
  }
}

export function indexIn(part: ChunkTable['parts'][number], address: number): number {
  if (part.kind === 'mapped') return part.base;
  const bit = (address - part.start) / bytesOfBit;
  const word = bit >>> 5;
  const mask = 0xffff_ffff >>> (31 - (bit & 31));
  const upTo = (part.before[word] ?? 0) + bitCount((part.bits[word] ?? 0) & mask);
  return upTo === 0 ? -1 : part.base + upTo - 1;
}

function bitCount(word: number): number {
  let count = word - ((word >>> 1) & 0x5555_5555);
  count = (count & 0x3333_3333) + ((count >>> 2) & 0x3333_3333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
