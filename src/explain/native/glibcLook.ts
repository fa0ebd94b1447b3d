/** One look at everything that glibc's malloc holds: how many blocks of each kind, and a sample of them. */

import type { TargetMemory } from '../targetMemory.ts';
import type { Look } from '../threeLooks.ts';
import { type BlockKinds, largeBlock } from './blockKinds.ts';
import { BlockSample, markOf } from './blockSample.ts';
import { ChunkTable } from './chunkTable.ts';
import { type EarlyWord, readEarlyWords } from './earlyWords.ts';
import { freeListed, mayBeCache } from './freeLists.ts';
import { type Arena, arenaBytes, long } from './glibcArenas.ts';
import { heapParts, walkChunks } from './glibcHeap.ts';
import { RootWords } from './rootWords.ts';
import type { WordKinds } from './wordKinds.ts';

const mostCaches = 4096;
const mostMappings = 64;
const contentWords = 16;
/** The main heap may be longer by this when it is read again; nothing else is put behind it. */
const mostGrowthBytes = 1 << 30;
const wholeSampleBytes = 40 << 20;

export interface GlibcLook extends Look {
  inUseBytes: number;
  /** Freed by the program and kept by malloc. */
  freeBytes: number;
  /** Could not be told apart. */
  lostBytes: number;
  arenas: number;
  /** The largest blocks that have pages of their own. */
  mappings: MappedBlock[];
  following: Following | null;
}

export interface MappedBlock {
  address: number;
  kind: number;
  bytes: number;
  /** Of its pages those that are there: what was asked for in advance is not used yet. */
  presentBytes: number;
  mark: number;
}

/** Which blocks there are, and what refers to them from outside; only where asked for. */
export interface Following {
  table: ChunkTable;
  roots: RootWords;
  /** Of blocks near to these. */
  early: readonly EarlyWord[];
}

export interface LookOptions {
  /** One of so many blocks is sampled. */
  every: number;
  withTable: boolean;
  /** What surely is not malloc's. */
  isOther?(address: number): boolean;
}

/** So many blocks stand for one in the sample. */
export function sampleEvery(heapBytes: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(heapBytes / wholeSampleBytes)));
}

export function lookAtGlibc(
  memory: TargetMemory,
  readArenas: (memory: TargetMemory) => readonly Arena[],
  { blocks, words }: { blocks: BlockKinds; words: WordKinds },
  options: LookOptions,
): GlibcLook {
  // Before it is asked how far the heap goes: what the newest variable refers to is to be in it.
  const outside = options.withTable ? readOutside(memory, readArenas(memory), options.isOther) : null;
  const arenas = readArenas(memory);
  const regions = memory.regions();
  const parts = heapParts(memory, arenas, regions, options.isOther);
  words.setRegions(
    regions,
    parts.map(({ start, limit, kind }) => ({ start, end: kind === 'main' ? limit + mostGrowthBytes : limit })),
  );
  const census = new Census(blocks, words, options);
  const largest = parts.filter(({ kind }) => kind === 'mapped').sort((a, b) => b.end - b.start - (a.end - a.start));
  const mapped = new Set(largest.slice(0, mostMappings));
  const mappings: MappedBlock[] = [];
  let lostBytes = 0;
  for (const part of parts) {
    census.table?.beginPart(part);
    lostBytes += walkChunks(memory, part, census);
    if (mapped.has(part))
      mappings.push({ address: part.start, bytes: part.end - part.start, presentBytes: presentBytes(memory, part), ...census.latest });
  }
  const listed = freeListed(memory, arenas, census.caches);
  census.table?.seal();
  census.takeBack(memory, listed.free);
  // What a cache of a thread has is not held by it.
  for (const cache of listed.caches) census.table?.free(cache);
  const { counts, bytes, freeBytes, sample, table } = census;
  const inUseBytes = bytes.reduce((sum, each) => sum + each, 0);
  const following = table === null || outside === null ? null : { table, ...outside };
  return {
    counts,
    bytes,
    sample: sample.without(listed.free),
    inUseBytes,
    freeBytes,
    lostBytes,
    arenas: arenas.length,
    mappings,
    following,
  };
}

function presentBytes(memory: TargetMemory, { start, end }: { start: number; end: number }): number {
  let bytes = 0;
  for (const [from, to] of memory.present(start, end)) bytes += to - from;
  return bytes;
}

function readOutside(memory: TargetMemory, arenas: readonly Arena[], isOther: LookOptions['isOther']): Omit<Following, 'table'> {
  const regions = memory.regions();
  const ofMalloc = arenas.map(({ address }) => ({ start: address, end: address + arenaBytes }));
  const parts = heapParts(memory, arenas, regions, isOther);
  const roots = new RootWords(memory, regions, parts, ofMalloc);
  const high = parts.reduce((most, { limit }) => Math.max(most, limit), 0);
  return { roots, early: readEarlyWords(memory, roots, parts[0]?.start ?? 0, high) };
}

class Census {
  readonly counts: number[] = [];
  readonly bytes: number[] = [];
  readonly caches: number[] = [];
  readonly sample: BlockSample;
  readonly table: ChunkTable | null;
  freeBytes = 0;
  readonly #blocks: BlockKinds;
  readonly #words: WordKinds;
  #kind = 0;
  #size = 0;
  #isSampled = false;
  /** Of the block found last, where it is large. */
  latest = { kind: 0, mark: 0 };

  constructor(blocks: BlockKinds, words: WordKinds, { every, withTable }: LookOptions) {
    this.#blocks = blocks;
    this.#words = words;
    this.sample = new BlockSample(every);
    this.table = withTable ? new ChunkTable() : null;
  }

  found(address: number, size: number, words: Uint32Array, at: number): void {
    this.#size = size;
    this.#kind = this.#blocks.idOf(size, this.#words.kindOf(words[at] ?? 0, words[at + 1] ?? 0));
    this.#isSampled = this.sample.wants(address);
    if (this.#isSampled) {
      this.sample.add(address, this.#kind, markOf(words, at, Math.min(contentWords, (size - 8) / 4, words.length - at)));
    }
    if (size >= largeBlock) this.latest = { kind: this.#kind, mark: markOf(words, at, Math.min(contentWords, words.length - at)) };
    this.table?.add(address, this.#kind);
    if (mayBeCache(size) && this.caches.length < mostCaches) this.caches.push(address);
  }

  settled(inUse: boolean): void {
    if (inUse) {
      this.#countUp(this.#kind, this.#size);
      return;
    }
    this.freeBytes += this.#size;
    if (this.#isSampled) this.sample.dropLast();
    this.table?.freeLast();
  }

  #countUp(kind: number, size: number): void {
    while (this.counts.length <= kind) {
      this.counts.push(0);
      this.bytes.push(0);
    }
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.bytes[kind] = (this.bytes[kind] ?? 0) + size;
  }

  /** Blocks that looked as if they were in use. */
  takeBack(memory: TargetMemory, listed: ReadonlySet<number>): void {
    const start = Buffer.alloc(24);
    for (const address of listed) {
      if (!memory.isPresent(address) || memory.read(address, start) < start.length) continue;
      const size = long(start, 8) - (long(start, 8) % 16);
      const kind = this.#blocks.idOf(size, this.#words.kindOf(start.readUInt32LE(16), start.readUInt32LE(20)));
      const [count, bytes] = [this.counts[kind] ?? 0, this.bytes[kind] ?? 0];
      if (count === 0 || bytes < size) continue;
      this.counts[kind] = count - 1;
      this.bytes[kind] = bytes - size;
      this.freeBytes += size;
      this.table?.free(address);
    }
  }
}
