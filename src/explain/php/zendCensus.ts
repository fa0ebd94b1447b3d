/**
 * One look at all that lies in the heap of a PHP process: how much there is of each kind, and, of a sample, which blocks they are, so that
 * three looks tell what grows, and what of that stays.
 */
import { crc32 } from 'node:zlib';
import { AddressFilter } from '../addressFilter.ts';
import { OwnRanges } from '../ownRanges.ts';
import { readPresent, type TargetMemory } from '../targetMemory.ts';
import type { Look, LookSample } from '../threeLooks.ts';
import { chunkBytes, chunksOf, ZendChunk } from './zendHeap.ts';
import { type PartRequest, PartTaker, type ZendPart } from './zendPart.ts';

const mostSampled = 400_000;
const mostArrays = 200_000;
/** What is copied is still in the nearest cache when its checksum is taken. */
const pieceBytes = 1 << 16;

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

interface CensusRequest extends PartRequest {
  /** 0 for the first look, which decides. */
  oneIn: number;
  /** Of the look before: what reads the same is not looked through again. */
  known: KnownChunks;
}

/** What is kept from one look to the next. */
export class KnownChunks {
  readonly #parts = new Map<number, { checksums: Uint32Array; part: ZendPart; look: number }>();
  #look = 0;
  readonly #piece = new Uint8Array(pieceBytes);

  beginLook(): void {
    this.#look += 1;
  }

  /** Whether the chunk around an address reads as it did at the first look. */
  isAsAtFirst(address: number): boolean {
    return this.#parts.get(address - (address % chunkBytes))?.look === 1;
  }

  /** What lies in the chunk, if it still reads the same. */
  of(memory: TargetMemory, address: number): ZendPart | null {
    const known = this.#parts.get(address);
    const isSame = known?.checksums.every((checksum, piece) => {
      readPresent(memory, address + piece * pieceBytes, this.#piece);
      return crc32(this.#piece) === checksum;
    });
    return known !== undefined && isSame === true ? known.part : null;
  }

  keep({ address, bytes }: ZendChunk, part: ZendPart): void {
    const pieces = { length: chunkBytes / pieceBytes };
    const checksums = Uint32Array.from(pieces, (_, piece) => crc32(bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)));
    this.#parts.set(address, { checksums, part, look: this.#look });
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

export function takeCensus(request: CensusRequest): ZendCensus {
  const { heap, values, known } = request;
  known.beginLook();
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

function together(parts: readonly ZendPart[]): Omit<ZendCensus, 'oneIn' | 'own'> {
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
