/**
 * The heap of several versions of glibc, laid out as their malloc/malloc.c has it: where tests run there is only one of them. The same ten blocks are in
 * use in each, one is in the cache of the thread, one in a fastbin where there are any, one is free, and two have pages of their own, side by side.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { BlockKinds } from './blockKinds.ts';
import { findArenas } from './glibcArenas.ts';
import { lookAtGlibc } from './glibcLook.ts';
import { WordKinds } from './wordKinds.ts';

interface Version {
  version: string;
  /** In `struct malloc_state`. */
  fastbinsAt: number | null;
  binsAt: number;
  cache: { chunkBytes: number; countBytes: number; lists: number; count: number };
  /** From 2.32 on links are stored xor their own address shifted by 12. */
  isProtected: boolean;
  /** Of what is mapped for a block, those that its size doesn't count. Seen in 2.41 and 2.43; of 2.42 it is not known, and either is found. */
  uncountedBytes: number;
}

const small = { chunkBytes: 0x290, countBytes: 2, lists: 64, count: 1 };
const versions: readonly Version[] = [
  {
    version: '2.26',
    fastbinsAt: 8,
    binsAt: 104,
    cache: { ...small, chunkBytes: 0x250, countBytes: 1 },
    isProtected: false,
    uncountedBytes: 0,
  },
  { version: '2.31', fastbinsAt: 16, binsAt: 112, cache: small, isProtected: false, uncountedBytes: 0 },
  { version: '2.36', fastbinsAt: 16, binsAt: 112, cache: small, isProtected: true, uncountedBytes: 0 },
  { version: '2.39', fastbinsAt: 16, binsAt: 112, cache: small, isProtected: true, uncountedBytes: 0 },
  // Its counts are of what is still free.
  {
    version: '2.42',
    fastbinsAt: 16,
    binsAt: 112,
    cache: { chunkBytes: 0x300, countBytes: 2, lists: 76, count: 6 },
    isProtected: true,
    uncountedBytes: 0,
  },
  {
    version: '2.43',
    fastbinsAt: null,
    binsAt: 24,
    cache: { chunkBytes: 0x300, countBytes: 2, lists: 76, count: 6 },
    isProtected: true,
    uncountedBytes: 16,
  },
];

const dataStart = 0x7f00_0010_0000;
const heapStart = 0x5600_0000_0000;
const dataBytes = 0x4000;
const heapBytes = 0x21000;
const inUse = 10;
const mappedStart = 0x7f00_0020_0000;
const mappedBlocks = [0x31000, 0x52000];

function layOut({ fastbinsAt, binsAt, cache, isProtected, uncountedBytes }: Version): TargetMemory {
  const data = Buffer.alloc(dataBytes);
  const heap = Buffer.alloc(heapBytes);
  const put = (bytes: Buffer, at: number, value: number) => bytes.writeBigUInt64LE(BigInt(value), at);
  const link = (at: number, to: number) => put(heap, at, isProtected ? Number(BigInt(heapStart + at) >> 12n) ^ to : to);
  let end = 0;
  const chunk = (size: number, isBeforeInUse = true) => {
    const at = end;
    put(heap, at + 8, size + (isBeforeInUse ? 1 : 0));
    end += size;
    return at;
  };
  const cacheAt = chunk(cache.chunkBytes);
  for (let block = 0; block < inUse; block += 1) heap.write(`order number ${block}`, chunk(0x40) + 16, 'latin1');
  const cached = chunk(0x40);
  link(cached + 16, 0);
  // The third list is of chunks of 64 bytes.
  if (cache.countBytes === 1) heap[cacheAt + 16 + 2] = cache.count;
  else heap.writeUInt16LE(cache.count, cacheAt + 16 + 2 * cache.countBytes);
  put(heap, cacheAt + 16 + cache.lists * cache.countBytes + 2 * 8, heapStart + cached + 16);
  const fast = fastbinsAt === null ? null : chunk(0x30);
  if (fast !== null) link(fast + 16, 0);
  chunk(0x90);
  chunk(0x50, false);
  put(heap, end + 8, heapBytes - end + 1);

  const arena = 0x400;
  const word = (at: number, value: number) => put(data, arena + at, value);
  if (fastbinsAt !== null && fast !== null) word(fastbinsAt + 8, heapStart + fast);
  word(binsAt - 16, heapStart + end);
  for (let bin = 0; bin < 127; bin += 1) {
    const self = dataStart + arena + binsAt + bin * 16 - 16;
    word(binsAt + bin * 16, self);
    word(binsAt + bin * 16 + 8, self);
  }
  const next = binsAt + 127 * 16 + 16;
  word(next, dataStart + arena);
  word(next + 24, heapBytes);
  word(next + 32, heapBytes);

  const mapped = Buffer.alloc(mappedBlocks.reduce((sum, bytes) => sum + bytes, 0));
  let mappedAt = 0;
  for (const bytes of mappedBlocks) {
    put(mapped, mappedAt + 8, bytes - uncountedBytes + 2);
    mappedAt += bytes;
  }
  return memoryOf([
    { start: heapStart, bytes: heap, path: '[heap]' },
    { start: dataStart, bytes: data, path: '/usr/lib/x86_64-linux-gnu/libc.so.6' },
    { start: mappedStart, bytes: mapped, path: '' },
  ]);
}

function memoryOf(pieces: readonly { start: number; bytes: Buffer; path: string }[]): TargetMemory {
  const regions = pieces.map(
    ({ start, bytes, path }): Region => ({ start, end: start + bytes.length, writable: true, path, fileOffset: 0 }),
  );
  const read = (address: number, into: Uint8Array) => {
    const piece = pieces.find(({ start, bytes }) => address >= start && address < start + bytes.length);
    return piece === undefined ? 0 : piece.bytes.copy(into, 0, address - piece.start);
  };
  const present = (start: number, end: number): [number, number][] => [[start, end]];
  const parts = { pid: 0, read, present, isPresent: () => true, regions: () => regions, close: () => undefined };
  return parts as Partial<TargetMemory> as TargetMemory;
}

for (const version of versions) {
  test(`glibc ${version.version}: arena, cache, free lists and mapped blocks are found where it has them`, () => {
    const memory = layOut(version);
    const [arena, ...others] = findArenas(memory);
    assert.equal(arena?.systemBytes, heapBytes);
    assert.deepEqual(others, []);
    const blocks = new BlockKinds();
    const look = lookAtGlibc(memory, findArenas, { blocks, words: new WordKinds(memory) }, { every: 1, withTable: false });
    const ofSize = (size: number) => look.counts.reduce((sum, count, kind) => sum + (blocks.sizes[kind] === size ? count : 0), 0);
    assert.equal(ofSize(0x40), inUse);
    assert.equal(ofSize(0x30), 0);
    assert.equal(ofSize(0x50), 1);
    assert.deepEqual(
      look.mappings.map(({ address, bytes }) => [address, bytes]),
      [
        [mappedStart, mappedBlocks[0]],
        [mappedStart + (mappedBlocks[0] ?? 0), mappedBlocks[1]],
      ],
    );
    assert.equal(look.freeBytes, 0x40 + 0x90 + (version.fastbinsAt === null ? 0 : 0x30));
  });
}
