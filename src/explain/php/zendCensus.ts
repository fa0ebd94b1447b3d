/**
 * One look at all that lies in the heap of a PHP process: how much there is of each kind, and, of a sample, which blocks they are, so that
 * three looks tell what grows, and what of that stays.
 */

import { crc32 } from 'node:zlib';
import { AddressFilter } from '../addressFilter.ts';
import { OwnRanges } from '../ownRanges.ts';
import type { TargetMemory } from '../targetMemory.ts';
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
/** A chunk has no more blocks that hold anything. */
const mostOfPart = chunkBytes / 24;
/** What is copied is still in the nearest cache when its checksum is taken. */
const pieceBytes = 1 << 16;

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
  /** Of the look before: what reads the same is not looked through again. */
  known: KnownChunks;
}

/** What is kept from one look to the next. */
export class KnownChunks {
  readonly #parts = new Map<number, { checksums: Uint32Array; part: Part }>();
  readonly #piece = new Uint8Array(pieceBytes);

  /** What lies in the chunk, if it still reads the same. */
  of(memory: TargetMemory, address: number): Part | null {
    const known = this.#parts.get(address);
    const isSame = known?.checksums.every((checksum, piece) => {
      memory.readPresent(address + piece * pieceBytes, this.#piece);
      return crc32(this.#piece) === checksum;
    });
    return known !== undefined && isSame === true ? known.part : null;
  }

  keep({ address, bytes }: ZendChunk, part: Part): void {
    const pieces = { length: chunkBytes / pieceBytes };
    const checksums = Uint32Array.from(pieces, (_, piece) => crc32(bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)));
    this.#parts.set(address, { checksums, part });
  }

  /** By block, whose values lie in it: the array, or the object of an extension that the array is inside of. */
  arraysIn(blocks: ReadonlySet<number>): Map<number, number> {
    const filter = new AddressFilter(blocks);
    const found = new Map<number, number>();
    for (const { part } of this.#parts.values()) {
      for (let at = 0; at < part.arrays.length; at += 2) {
        const block = part.arrays[at] ?? 0;
        if (filter.mayHave(block % 2 ** 32) && blocks.has(block)) found.set(block, part.arrays[at + 1] ?? 0);
      }
    }
    return found;
  }
}

/** What lies in one chunk, or in all huge blocks. */
interface Part {
  counts: number[];
  bytes: number[];
  sample: LookSample;
  /** In turn: the block that the values lie in, and the array, or the object that it is inside of. */
  arrays: Float64Array;
  longArrays: [address: number, count: number][];
  longTexts: [address: number, bytes: number][];
}

export function takeCensus(request: CensusRequest): ZendCensus {
  const { heap, values, known } = request;
  const chunks = chunksOf(values.memory, heap);
  // A heap has some twelve thousand blocks in each chunk.
  const oneIn = request.oneIn || Math.max(1, Math.ceil((chunks.length * 12_000) / mostSampled));
  const taker = new PartTaker(request, oneIn);
  const chunk = new ZendChunk(heap);
  const own = new OwnRanges();
  const parts = chunks.map((address) => {
    own.add(address, address + chunkBytes);
    const before = known.of(values.memory, address);
    if (before !== null) return before;
    chunk.load(values.memory, address);
    const part = taker.inChunk(chunk);
    known.keep(chunk, part);
    return part;
  });
  return { ...together([...parts, taker.inHugeBlocks()]), oneIn, own };
}

function together(parts: readonly Part[]): Omit<ZendCensus, 'oneIn' | 'own'> {
  const counts: number[] = [0, 0];
  const bytes: number[] = [0, 0];
  const samples: LookSample[] = [];
  let sampled = 0;
  for (const part of parts) {
    part.counts.forEach((count, kind) => {
      counts[kind] = (counts[kind] ?? 0) + count;
      bytes[kind] = (bytes[kind] ?? 0) + (part.bytes[kind] ?? 0);
    });
    if (sampled + part.sample.addresses.length > mostSampled * 2) continue;
    samples.push(part.sample);
    sampled += part.sample.addresses.length;
  }
  return {
    counts,
    bytes,
    sample: inOrder(joined(samples, sampled)),
    longArrays: new Map(parts.flatMap(({ longArrays }) => longArrays).slice(0, mostArrays)),
    longTexts: new Map(parts.flatMap(({ longTexts }) => longTexts).slice(0, mostArrays)),
  };
}

function joined(samples: readonly LookSample[], length: number): LookSample {
  const all = { addresses: new Float64Array(length), kinds: new Int32Array(length), marks: new Uint32Array(length) };
  let at = 0;
  for (const { addresses, kinds: sampledKinds, marks } of samples) {
    all.addresses.set(addresses, at);
    all.kinds.set(sampledKinds, at);
    all.marks.set(marks, at);
    at += addresses.length;
  }
  return all;
}

class PartTaker {
  readonly #request: CensusRequest;
  readonly #oneIn: number;
  readonly #addresses = new Float64Array(mostOfPart);
  readonly #kinds = new Int32Array(mostOfPart);
  readonly #marks = new Uint32Array(mostOfPart);
  #sampled = 0;
  readonly #arrays = new Float64Array(2 * mostOfPart);
  #arrayCount = 0;
  #part = emptyPart();

  constructor(request: CensusRequest, oneIn: number) {
    this.#request = request;
    this.#oneIn = oneIn;
  }

  inChunk(chunk: ZendChunk): Part {
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
    if (!small) this.#part.longTexts.push([chunk.address + offset, size]);
    const word = offset >>> 2;
    this.#add(
      kinds.text,
      chunk.address + offset,
      size,
      Math.imul(length, 0x9e37_79b1) ^ (chunk.words[word + 6] ?? 0) ^ (chunk.words[word + 7] ?? 0),
    );
  }

  /** Blocks beyond a chunk have memory of their own. */
  inHugeBlocks(): Part {
    const { values, heap } = this.#request;
    for (const { address, size } of hugeBlocks(values, heap)) {
      const header = values.bytes(address, 24);
      if (header === null) continue;
      if ((header.readUInt32LE(4) & 15) === zendType.string && wordAt(header, 16) + 25 <= size) {
        this.#part.longTexts.push([address, size]);
        this.#add(kinds.text, address, size, address / 8);
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

  #taken(): Part {
    const count = this.#sampled;
    const sample = { addresses: this.#addresses.slice(0, count), kinds: this.#kinds.slice(0, count), marks: this.#marks.slice(0, count) };
    const part = { ...this.#part, sample, arrays: this.#arrays.slice(0, 2 * this.#arrayCount) };
    this.#part = emptyPart();
    this.#arrayCount = 0;
    this.#sampled = 0;
    return part;
  }
}

function emptyPart(): Omit<Part, 'sample' | 'arrays'> {
  return { counts: [0, 0], bytes: [0, 0], longArrays: [], longTexts: [] };
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
