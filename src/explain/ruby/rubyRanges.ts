/** Memory outside of Ruby's heap that belongs to an object in it: where an array, a hash, a proc with its variables has its values. */
import { firstFrom, larger } from '../numberColumns.ts';
import { largestPageBytes, type RubyPage, visitSlots } from './rubyHeap.ts';
import { isAddress, type RubyValues, rubyFlag, rubyType, wordIn } from './rubyValues.ts';

const mostRanges = 8_000_000;
const firstLength = 1 << 14;
/** What a proc, a thread and the like have of their own. */
const dataBytes = 96;

export interface RangeOwner {
  /** Where the memory begins. */
  start: number;
  owner: number;
}

export class RubyRanges {
  #starts = new Float64Array(firstLength);
  #bytes = new Float64Array(firstLength);
  #owners = new Float64Array(firstLength);
  #count = 0;

  /** Of an object its flags, and the bytes in which it begins at `at`. */
  visit(values: RubyValues, address: number, flags: number, bytes: Buffer, at: number): void {
    const isEmbedded = (flags & rubyFlag.embedded) !== 0;
    switch (flags & 31) {
      case rubyType.array:
        if (!isEmbedded) this.#add(wordIn(bytes, at + 32), wordIn(bytes, at + 16) * 8, address);
        break;
      case rubyType.hash:
        this.#addHash(values, address, wordIn(bytes, at + 16), (flags & rubyFlag.hashTable) !== 0);
        break;
      case rubyType.object:
        if (!isEmbedded) this.#add(wordIn(bytes, at + 24), bytes.readUInt32LE(at + 16) * 8, address);
        break;
      case rubyType.struct:
        if ((flags & rubyFlag.structEmbedded) === 0) this.#add(wordIn(bytes, at + 24), wordIn(bytes, at + 16) * 8, address);
        break;
      case rubyType.data:
        this.#add(wordIn(bytes, at + 32), dataBytes, address);
        break;
      case rubyType.imemo:
        // The variables of a block: kind 0, where they are, how many.
        if (((flags >>> 12) & 15) === 0) this.#add(wordIn(bytes, at + 24), bytes.readUInt32LE(at + 32) * 8, address);
        break;
    }
  }

  /** Small ones have up to eight pairs in one block, after eight bytes of hints. */
  #addHash(values: RubyValues, address: number, table: number, isLarge: boolean): void {
    if (!isLarge) {
      this.#add(table + 8, 8 * 16, address);
      return;
    }
    const range = values.tableRange(table);
    if (range !== null) this.#add(range.start, range.end - range.start, address);
  }

  #add(start: number, bytes: number, owner: number): void {
    if (!isAddress(start) || !(bytes > 0) || this.#count >= mostRanges) return;
    if (this.#count === this.#starts.length) this.#grow();
    this.#starts[this.#count] = start;
    this.#bytes[this.#count] = bytes;
    this.#owners[this.#count] = owner;
    this.#count += 1;
  }

  #grow(): void {
    const length = this.#count * 2;
    this.#starts = larger(this.#starts, length);
    this.#bytes = larger(this.#bytes, length);
    this.#owners = larger(this.#owners, length);
  }

  /** Whose each of these addresses is. There are few of them and many ranges: these are not brought into order. */
  at(addresses: readonly number[]): Map<number, RangeOwner> {
    const wanted = Float64Array.from(addresses).sort();
    const found = new Map<number, RangeOwner>();
    for (let range = 0; range < this.#count && wanted.length > 0; range += 1) {
      const start = this.#starts[range] ?? 0;
      const end = start + (this.#bytes[range] ?? 0);
      for (let index = firstFrom(wanted, start); index < wanted.length && (wanted[index] ?? 0) < end; index += 1)
        found.set(wanted[index] ?? 0, { start, owner: this.#owners[range] ?? 0 });
    }
    return found;
  }
}

export function readRubyRanges(values: RubyValues, pages: readonly RubyPage[]): RubyRanges {
  const ranges = new RubyRanges();
  const buffer = Buffer.alloc(largestPageBytes);
  for (const page of pages)
    visitSlots(values, page, buffer, (address, flags, _klass, bytes, at) => ranges.visit(values, address, flags, bytes, at));
  return ranges;
}
