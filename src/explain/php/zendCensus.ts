/**
 * One look at all that lies in the heap of a PHP process: how much there is of each kind, and, of a sample, which blocks they are, so that
 * three looks tell what grows, and what of that stays.
 */

import { OwnRanges } from '../ownRanges.ts';
import type { Look, LookSample } from '../threeLooks.ts';
import { chunkBytes, chunksOf, wordAt, ZendChunk, type ZendHeap } from './zendHeap.ts';
import { arrayBytes, dataView, isAddress, longAt, parseArray, type ZendArray, type ZendValues, zendType } from './zendValues.ts';

/** Kinds that every heap has; a class has the number of its place in `ZendKinds`. */
export const kinds = { text: 0, array: 1, firstClass: 2 } as const;

const mostReferences = 1 << 24;
const mostSampled = 400_000;
/** An array with fewer elements is not looked at for growing by itself. */
const leastElements = 64;
const mostArrays = 200_000;

/** Class entries by the number that stands for them, the same in all looks at one process. */
export class ZendKinds {
  readonly entries: number[] = [];
  readonly #numbers = new Map<number, number>();
  readonly #values: ZendValues;

  constructor(values: ZendValues) {
    this.#values = values;
  }

  /** Number of the class with this entry; -1 when it is none. */
  of(entry: number): number {
    let number = this.#numbers.get(entry);
    if (number === undefined) {
      number = this.#values.className(entry) === null ? -1 : kinds.firstClass + this.entries.push(entry) - 1;
      if (this.#numbers.size < 500_000) this.#numbers.set(entry, number);
    }
    return number;
  }

  entryOf(kind: number): number {
    return this.entries[kind - kinds.firstClass] ?? 0;
  }
}

export interface ZendCensus extends Look {
  /** One block in so many is in the sample. */
  oneIn: number;
  /** Elements of long arrays, by address of the array. */
  longArrays: Map<number, number>;
  /** All chunks of the heap. */
  own: OwnRanges;
  /** Bytes of texts that have whole pages or more, by address. */
  longTexts: Map<number, number>;
}

export interface CensusRequest {
  heap: ZendHeap;
  values: ZendValues;
  kinds: ZendKinds;
  /** 0 for the first look, which decides. */
  oneIn: number;
}

export function takeCensus(request: CensusRequest): ZendCensus {
  const chunks = chunksOf(request.values.memory, request.heap);
  // A heap has some twelve thousand blocks in each chunk.
  const oneIn = request.oneIn || Math.max(1, Math.ceil((chunks.length * 12_000) / mostSampled));
  const taker = new CensusTaker(request, oneIn);
  const chunk = new ZendChunk(request.heap);
  const own = new OwnRanges();
  for (const address of chunks) {
    own.add(address, address + chunkBytes);
    chunk.load(request.values.memory, address);
    taker.look(chunk);
  }
  taker.lookAtHuge();
  return { ...taker.result(), own };
}

class CensusTaker {
  readonly #request: CensusRequest;
  readonly #oneIn: number;
  readonly #counts: number[] = [0, 0];
  readonly #bytes: number[] = [0, 0];
  readonly #addresses = new Float64Array(mostSampled * 2);
  readonly #kinds = new Int32Array(mostSampled * 2);
  readonly #marks = new Uint32Array(mostSampled * 2);
  #sampled = 0;
  readonly #longArrays = new Map<number, number>();
  readonly #longTexts = new Map<number, number>();

  constructor(request: CensusRequest, oneIn: number) {
    this.#request = request;
    this.#oneIn = oneIn;
  }

  look(chunk: ZendChunk): void {
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
      else if (size > 64) this.#embeddedObject(chunk, offset, size);
    });
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
  #embeddedObject(chunk: ZendChunk, offset: number, size: number): void {
    for (let inside = 8; inside + 40 <= Math.min(size, 320); inside += 8) {
      const word = (offset + inside) >>> 2;
      const info = chunk.words[word + 1] ?? 0;
      const references = chunk.words[word] ?? 0;
      if ((info & 15) !== zendType.object || references === 0 || references > 2 ** 20 || info > 2 ** 24) continue;
      if (isAddress(wordAt(chunk.bytes, offset + inside + 24)) && this.#object(chunk, offset + inside, size)) return;
    }
  }

  #array(array: ZendArray): void {
    if (array.count >= leastElements && this.#longArrays.size < mostArrays) this.#longArrays.set(array.address, array.count);
    this.#add(kinds.array, array.address, arrayBytes + array.blockBytes, array.data / 8 + array.count);
  }

  #text(chunk: ZendChunk, view: DataView, offset: number, size: number, small: boolean): void {
    const length = longAt(view, offset + 16);
    if (length + 25 > size || (small && length * 2 + 64 < size) || chunk.bytes[offset + 24 + length] !== 0) return;
    if (!small && this.#longTexts.size < mostArrays) this.#longTexts.set(chunk.address + offset, size);
    const word = offset >>> 2;
    this.#add(
      kinds.text,
      chunk.address + offset,
      size,
      Math.imul(length, 0x9e37_79b1) ^ (chunk.words[word + 6] ?? 0) ^ (chunk.words[word + 7] ?? 0),
    );
  }

  /** Blocks beyond a chunk have memory of their own. */
  lookAtHuge(): void {
    const { values, heap } = this.#request;
    for (const { address, size } of hugeBlocks(values, heap)) {
      const header = values.bytes(address, 24);
      if (header === null) continue;
      if ((header.readUInt32LE(4) & 15) === zendType.string && wordAt(header, 16) + 25 <= size) {
        this.#longTexts.set(address, size);
        this.#add(kinds.text, address, size, address / 8);
      }
    }
  }

  #add(kind: number, address: number, bytes: number, mark: number): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    this.#bytes[kind] = (this.#bytes[kind] ?? 0) + bytes;
    if (Math.imul((address / 8) >>> 0, 0x9e37_79b1) >>> 0 > 0xffff_ffff / this.#oneIn || this.#sampled >= this.#addresses.length) return;
    this.#addresses[this.#sampled] = address;
    this.#kinds[this.#sampled] = kind;
    this.#marks[this.#sampled] = mark >>> 0;
    this.#sampled += 1;
  }

  result(): Omit<ZendCensus, 'own'> {
    const count = this.#sampled;
    const sample = { addresses: this.#addresses.slice(0, count), kinds: this.#kinds.slice(0, count), marks: this.#marks.slice(0, count) };
    return {
      counts: this.#counts,
      bytes: this.#bytes,
      sample: inOrder(sample),
      oneIn: this.#oneIn,
      longArrays: this.#longArrays,
      longTexts: this.#longTexts,
    };
  }
}

/** Blocks come in order of address but for huge ones. */
function inOrder(sample: LookSample): LookSample {
  if (sample.addresses.every((address, index) => index === 0 || address > (sample.addresses[index - 1] ?? 0))) return sample;
  const order = Array.from(sample.addresses.keys()).sort((a, b) => (sample.addresses[a] ?? 0) - (sample.addresses[b] ?? 0));
  return {
    addresses: Float64Array.from(order, (index) => sample.addresses[index] ?? 0),
    kinds: Int32Array.from(order, (index) => sample.kinds[index] ?? 0),
    marks: Uint32Array.from(order, (index) => sample.marks[index] ?? 0),
  };
}

const heapRecordBytes = 512;
const hugeAlignment = 2 ** 21;

/** zend_mm_huge_list: address, bytes, next. Where the heap has its list differs between versions; what is in it does not. */
export function hugeBlocks(values: ZendValues, heap: ZendHeap): { address: number; size: number }[] {
  const record = values.bytes(heap.address, heapRecordBytes);
  for (let offset = 0; record !== null && offset < heapRecordBytes; offset += 8) {
    const found: { address: number; size: number }[] = [];
    let node = wordAt(record, offset);
    while (isAddress(node) && found.length < 100_000) {
      const entry = values.bytes(node, 24);
      if (entry === null) break;
      const [address, size] = [wordAt(entry, 0), wordAt(entry, 8)];
      if (address === 0 || address % hugeAlignment !== 0 || size % 4096 !== 0 || size < hugeAlignment - 4096) break;
      found.push({ address, size });
      node = wordAt(entry, 16);
    }
    if (found.length > 0 && node === 0) return found;
  }
  return [];
}
