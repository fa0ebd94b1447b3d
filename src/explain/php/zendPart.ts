/** What lies in one chunk of PHP's heap, block by block, or in what is larger than a chunk. */
import type { LookSample } from '../threeLooks.ts';
import { hugeBlocks } from './hugeBlocks.ts';
import { chunkBytes, wordAt, type ZendChunk, type ZendHeap } from './zendHeap.ts';
import { kinds, type ZendKinds } from './zendKinds.ts';
import { arrayBytes, dataView, isAddress, longAt, parseArray, type ZendArray, type ZendValues, zendType } from './zendValues.ts';

const mostReferences = 1 << 24;
/** An array with fewer elements is not looked at for growing by itself. */
const leastElements = 64;
/** A chunk has no more blocks that hold anything. */
const mostOfPart = chunkBytes / 24;

export interface PartRequest {
  heap: ZendHeap;
  values: ZendValues;
  kinds: ZendKinds;
}

/** What lies in one chunk, or in all huge blocks. */
export interface ZendPart {
  counts: number[];
  bytes: number[];
  sample: LookSample;
  /** In turn: the block that the values lie in, and the array, or the object that it is inside of. */
  arrays: Float64Array;
  longArrays: [address: number, count: number][];
  longTexts: [address: number, bytes: number][];
}

export class PartTaker {
  readonly #request: PartRequest;
  readonly #oneIn: number;
  readonly #addresses = new Float64Array(mostOfPart);
  readonly #kinds = new Int32Array(mostOfPart);
  readonly #marks = new Uint32Array(mostOfPart);
  #sampled = 0;
  readonly #arrays = new Float64Array(2 * mostOfPart);
  #arrayCount = 0;
  #part = emptyPart();

  constructor(request: PartRequest, oneIn: number) {
    this.#request = request;
    this.#oneIn = oneIn;
  }

  inChunk(chunk: ZendChunk): ZendPart {
    const { words } = chunk;
    const view = dataView(chunk.bytes);
    const high = Math.floor(chunk.address / 2 ** 32);
    chunk.visitBlocks((offset, size, small) => {
      const word = offset >>> 2;
      const references = words[word] ?? 0;
      const info = words[word + 1] ?? 0;
      if (references === 0 || references > mostReferences || size < 24) return;
      // The first word of a free block is the address of the next one.
      if (info === high && references > 2 ** 20) return;
      const type = info & 15;
      if (type === zendType.object && size >= 40) this.#object(chunk, offset, size);
      else if (type === zendType.array && size === arrayBytes) {
        const array = parseArray(view, offset, chunk.address + offset, this.#request.values.packedAsValues);
        if (array !== null) this.#array(array);
      } else if (type === zendType.string) this.#text(chunk, view, offset, size, small);
      else if (size > 64) this.#embeddedObject(chunk, view, offset, size);
    });
    return this.#taken();
  }

  /** zend_object: references, type, handle, class at 16, handlers at 24, properties from 40 on. */
  #object(chunk: ZendChunk, offset: number, size: number): boolean {
    const word = offset >>> 2;
    const entry = (chunk.words[word + 4] ?? 0) + (chunk.words[word + 5] ?? 0) * 2 ** 32;
    const kind = isAddress(entry) ? this.#request.kinds.of(entry) : -1;
    if (kind < 0) return false;
    const mark =
      Math.imul(chunk.words[word + 2] ?? 0, 0x9e37_79b1) ^ (chunk.words[word + 10] ?? 0) ^ Math.imul(chunk.words[word + 11] ?? 0, 31);
    this.#add(kind, chunk.address + offset, size, mark);
    return true;
  }

  /** Classes of extensions have their own record before the object. */
  #embeddedObject(chunk: ZendChunk, view: DataView, offset: number, size: number): void {
    for (let inside = 8; inside + 40 <= Math.min(size, 320); inside += 8) {
      const word = (offset + inside) >>> 2;
      const info = chunk.words[word + 1] ?? 0;
      const references = chunk.words[word] ?? 0;
      if ((info & 15) !== zendType.object || references === 0 || references > 2 ** 20) continue;
      if (!isAddress(wordAt(chunk.bytes, offset + inside + 24)) || !this.#object(chunk, offset + inside, size)) continue;
      this.#arraysInside(chunk, view, offset, inside);
      return;
    }
  }

  #arraysInside(chunk: ZendChunk, view: DataView, offset: number, inside: number): void {
    for (let at = 0; at + arrayBytes <= inside; at += 8) {
      const array = parseArray(view, offset + at, chunk.address + offset + at, this.#request.values.packedAsValues);
      if (array !== null) this.#holds(array, chunk.address + offset + inside);
    }
  }

  #holds({ blockBytes, blockStart }: ZendArray, holder: number): void {
    if (blockBytes === 0 || this.#arrayCount === mostOfPart) return;
    this.#arrays[2 * this.#arrayCount] = blockStart;
    this.#arrays[2 * this.#arrayCount + 1] = holder;
    this.#arrayCount += 1;
  }

  #array(array: ZendArray): void {
    this.#holds(array, array.address);
    if (array.count >= leastElements) this.#part.longArrays.push([array.address, array.count]);
    this.#add(kinds.array, array.address, arrayBytes + array.blockBytes, array.data / 8 + array.count);
  }

  #text(chunk: ZendChunk, view: DataView, offset: number, size: number, small: boolean): void {
    const length = longAt(view, offset + 16);
    if (length + 25 > size || (small && length * 2 + 64 < size) || chunk.bytes[offset + 24 + length] !== 0) return;
    // Whole pages would hide what is added to it between two of them.
    const bytes = small ? size : length + 25;
    if (!small) this.#part.longTexts.push([chunk.address + offset, bytes]);
    const word = offset >>> 2;
    this.#add(
      kinds.text,
      chunk.address + offset,
      bytes,
      Math.imul(length, 0x9e37_79b1) ^ (chunk.words[word + 6] ?? 0) ^ (chunk.words[word + 7] ?? 0),
    );
  }

  /** Blocks beyond a chunk have memory of their own. */
  inHugeBlocks(): ZendPart {
    const { values, heap } = this.#request;
    for (const { address, size } of hugeBlocks(values, heap)) {
      const header = values.bytes(address, 24);
      if (header === null) continue;
      const bytes = wordAt(header, 16) + 25;
      if ((header.readUInt32LE(4) & 15) === zendType.string && bytes <= size) {
        this.#part.longTexts.push([address, bytes]);
        this.#add(kinds.text, address, bytes, address / 8);
      }
    }
    return this.#taken();
  }

  #add(kind: number, address: number, bytes: number, mark: number): void {
    const part = this.#part;
    part.counts[kind] = (part.counts[kind] ?? 0) + 1;
    part.bytes[kind] = (part.bytes[kind] ?? 0) + bytes;
    if (Math.imul((address / 8) >>> 0, 0x9e37_79b1) >>> 0 > 0xffff_ffff / this.#oneIn || this.#sampled >= mostOfPart) return;
    this.#addresses[this.#sampled] = address;
    this.#kinds[this.#sampled] = kind;
    this.#marks[this.#sampled] = mark >>> 0;
    this.#sampled += 1;
  }

  #taken(): ZendPart {
    const count = this.#sampled;
    const sample = { addresses: this.#addresses.slice(0, count), kinds: this.#kinds.slice(0, count), marks: this.#marks.slice(0, count) };
    const part = { ...this.#part, sample, arrays: this.#arrays.slice(0, 2 * this.#arrayCount) };
    this.#part = emptyPart();
    this.#arrayCount = 0;
    this.#sampled = 0;
    return part;
  }
}

function emptyPart(): Omit<ZendPart, 'sample' | 'arrays'> {
  return { counts: [0, 0], bytes: [0, 0], longArrays: [], longTexts: [] };
}
