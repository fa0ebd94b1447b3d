/**
 * The heap of PHP (zend_alloc.c), read from outside: chunks of 2 MiB in a ring, each with a map that says of every page what lies in it,
 * so that the bounds of every block are known without walking from one to the next. 64 bit, PHP 7.3 to 8.4.
 */
import { readPresent, type TargetMemory } from '../targetMemory.ts';

export const chunkBytes = 2 * 1024 ** 2;
const pageBytes = 4096;
const pagesOfChunk = 512;
const mostChunks = 1 << 16;
/** What lies before the heap's own record in its first chunk, and before the maps in all of them. */
const chunkHeaderBytes = 64;

/** Bytes of a block, blocks of a run and pages of a run, by number of the size class (zend_alloc_sizes.h). */
const blockSizes = [
  8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048,
  2560, 3072,
];
const runBlocks = [512, 256, 170, 128, 102, 85, 73, 64, 51, 42, 36, 32, 25, 21, 18, 16, 64, 32, 9, 8, 32, 16, 9, 8, 16, 8, 16, 8, 8, 4];
const runPages = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 3, 1, 1, 5, 3, 2, 2, 5, 3, 7, 4, 5, 3];

const firstPageInfo = 0x4000_0001;
const smallRun = 0x8000_0000;
const binMask = 0x1f;
const pagesMask = 0x3ff;

export interface ZendHeap {
  /** Address of the heap's own record. */
  address: number;
  /** First chunk; the ring starts and ends there. */
  mainChunk: number;
  /** Where the map of pages lies in a chunk. */
  mapOffset: number;
}

/** The heap of the process; null when it has none: a PHP without its own allocator, or not PHP. */
export function findZendHeap(memory: TargetMemory): ZendHeap | null {
  const header = Buffer.alloc(pageBytes);
  for (const region of memory.regions()) {
    if (!region.writable || region.path !== '') continue;
    const first = Math.ceil(region.start / chunkBytes) * chunkBytes;
    for (let chunk = first; chunk + chunkBytes <= region.end; chunk += chunkBytes) {
      if (!memory.isPresent(chunk) || memory.read(chunk, header) < pageBytes) continue;
      const address = wordAt(header, 0);
      if (address % chunkBytes !== chunkHeaderBytes) continue;
      const mainChunk = address - chunkHeaderBytes;
      if (mainChunk !== chunk && (memory.read(mainChunk, header) < pageBytes || wordAt(header, 0) !== address)) continue;
      const mapOffset = mapOffsetIn(header);
      if (mapOffset !== null) return { address, mainChunk, mapOffset };
    }
  }
  return null;
}

/** The map starts with the page that it lies in itself, which is always taken. How much is before it differs between versions. */
function mapOffsetIn(header: Buffer): number | null {
  for (let offset = 256; offset + pagesOfChunk * 4 <= pageBytes; offset += 4) {
    const usedPages = header.readUInt8(offset - pagesOfChunk / 8);
    if (header.readUInt32LE(offset) === firstPageInfo && (usedPages & 1) === 1) return offset;
  }
  return null;
}

/** Addresses of all chunks, in order. */
export function chunksOf(memory: TargetMemory, heap: ZendHeap): number[] {
  const header = Buffer.alloc(16);
  const chunks = new Set<number>();
  let chunk = heap.mainChunk;
  while (!chunks.has(chunk) && chunks.size < mostChunks) {
    if (chunk % chunkBytes !== 0 || memory.read(chunk, header) < 16 || wordAt(header, 0) !== heap.address) break;
    chunks.add(chunk);
    chunk = wordAt(header, 8);
  }
  return [...chunks].sort((a, b) => a - b);
}

/** Addresses of the chunks that are kept for later. The heap has them in a list beside its first chunk. */
export function keptChunksOf(memory: TargetMemory, heap: ZendHeap): number[] {
  const record = Buffer.alloc(heap.mapOffset - chunkHeaderBytes);
  const kept = new Set<number>();
  const offset = memory.read(heap.address, record) === record.length ? offsetOfWord(record, heap.mainChunk) : -1;
  let chunk = offset < 0 || offset + 16 > record.length ? 0 : wordAt(record, offset + 8);
  const header = Buffer.alloc(16);
  while (chunk !== 0 && chunk % chunkBytes === 0 && !kept.has(chunk) && kept.size < mostChunks && memory.read(chunk, header) === 16) {
    kept.add(chunk);
    chunk = wordAt(header, 8);
  }
  return [...kept];
}

function offsetOfWord(bytes: Buffer, word: number): number {
  for (let offset = 0; offset + 8 <= bytes.length; offset += 8) if (wordAt(bytes, offset) === word) return offset;
  return -1;
}

export interface Block {
  /** In the chunk. */
  offset: number;
  size: number;
  /** Of a size class; else whole pages. */
  small: boolean;
}

/** One chunk, as it was when it was read. */
export class ZendChunk {
  address = 0;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly #mapWord: number;
  /** First page of the run that a page belongs to; -1 where it is free. */
  readonly #runOfPage = new Int16Array(pagesOfChunk);

  constructor(heap: ZendHeap) {
    const buffer = new ArrayBuffer(chunkBytes);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.#mapWord = heap.mapOffset >>> 2;
  }

  load(memory: TargetMemory, address: number): void {
    this.address = address;
    readPresent(memory, address, this.bytes);
    this.#findRuns();
  }

  #isUsed(page: number): boolean {
    const bits = this.words[this.#mapWord - pagesOfChunk / 32 + (page >>> 5)] ?? 0;
    return ((bits >>> (page & 31)) & 1) === 1;
  }

  /** What the map says of free pages, and of the later pages of a large block, is left from before. */
  #findRuns(): void {
    this.#runOfPage.fill(-1);
    for (let page = 1; page < pagesOfChunk; ) {
      if (!this.#isUsed(page)) page += 1;
      else {
        const pages = Math.min(this.#pagesOfRun(page), pagesOfChunk - page);
        this.#runOfPage.fill(page, page, page + pages);
        page += pages;
      }
    }
  }

  #info(page: number): number {
    return this.words[this.#mapWord + page] ?? 0;
  }

  #pagesOfRun(page: number): number {
    const info = this.#info(page);
    return Math.max(1, info & smallRun ? (runPages[info & binMask] ?? 1) : info & pagesMask);
  }

  /** Calls `visit` for each block, in use or free. */
  visitBlocks(visit: (offset: number, size: number, small: boolean) => void): void {
    for (let page = 1; page < pagesOfChunk; page += 1) {
      if (this.#runOfPage[page] !== page) continue;
      const info = this.#info(page);
      const start = page * pageBytes;
      if ((info & smallRun) === 0) {
        visit(start, this.#pagesOfRun(page) * pageBytes, false);
        continue;
      }
      const size = blockSizes[info & binMask] ?? pageBytes;
      const blocks = runBlocks[info & binMask] ?? 0;
      for (let block = 0; block < blocks && start + (block + 1) * size <= chunkBytes; block += 1) visit(start + block * size, size, true);
    }
  }

  /** The block around this offset of the chunk; null where there is none. */
  blockAt(offset: number): Block | null {
    const page = this.#runOfPage[Math.floor(offset / pageBytes)] ?? -1;
    if (page < 1) return null;
    const info = this.#info(page);
    const start = page * pageBytes;
    if ((info & smallRun) === 0) return { offset: start, size: this.#pagesOfRun(page) * pageBytes, small: false };
    const size = blockSizes[info & binMask];
    if (size === undefined) return null;
    const block = Math.floor((offset - start) / size);
    return block < (runBlocks[info & binMask] ?? 0) ? { offset: start + block * size, size, small: true } : null;
  }
}

/** User-space addresses fit exactly into a number. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
