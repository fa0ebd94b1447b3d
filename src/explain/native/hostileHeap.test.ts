/** Whatever lies in the memory of a process, reading it ends and does not throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { BlockKinds } from './blockKinds.ts';
import { demangleFunction, demangleRust, demangleType } from './demangle.ts';
import { findArenas } from './glibcArenas.ts';
import { lookAtGlibc } from './glibcLook.ts';
import { NativeGrowth } from './nativeGrowth.ts';
import { WordKinds } from './wordKinds.ts';

const heapStart = 0x5555_0000_0000;
const heapBytes = 1 << 16;
const arena = { address: 0, top: 0, systemBytes: heapBytes, next: 0, fastbins: [heapStart + 32, heapStart + 64] };

/** A heap of such words and nothing else; what is outside of it can't be read. */
function memoryOf(words: readonly bigint[]): TargetMemory {
  const bytes = Buffer.alloc(heapBytes);
  for (let at = 0; at + 8 <= heapBytes && words.length > 0; at += 8) bytes.writeBigUInt64LE(words[(at / 8) % words.length] ?? 0n, at);
  const region: Region = { start: heapStart, end: heapStart + heapBytes, writable: true, path: '[heap]', fileOffset: 0 };
  const read = (address: number, into: Uint8Array) => {
    const from = address - heapStart;
    return from < 0 || from >= heapBytes ? 0 : bytes.copy(into, 0, from, Math.min(heapBytes, from + into.length));
  };
  const present = (start: number, end: number): [number, number][] => [[start, end]];
  const parts = {
    pid: 0,
    read,
    present,
    isPresent: () => true,
    regions: () => [region],
    symbolsByAddress: () => [],
    threadSymbols: () => [],
    fromFile: () => null,
    close: () => undefined,
  };
  return parts as Partial<TargetMemory> as TargetMemory;
}

/** Sizes of blocks, pointers into the heap and to itself, and anything at all. */
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.integer({ min: 0, max: 64 }).map((size) => BigInt(size * 16 + 1)),
  fc.integer({ min: 0, max: heapBytes - 1 }).map((offset) => BigInt(heapStart + offset)),
  fc.constantFrom(0n, 0x291n, 0x251n, 0x301n, 0xffff_ffff_ffff_fff1n),
);

test('a heap of anything is looked at, compared and told without an error', () => {
  fc.assert(
    fc.property(fc.array(fc.array(word, { minLength: 1, maxLength: 40 }), { minLength: 3, maxLength: 3 }), (heaps) => {
      const blocks = new BlockKinds();
      const looks = heaps.map((words, index) => {
        const memory = memoryOf(words);
        return lookAtGlibc(memory, () => [arena], { blocks, words: new WordKinds(memory) }, { every: 1, withTable: index === 2 });
      });
      const memory = memoryOf(heaps[2] ?? []);
      const [first, second, third] = looks;
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      const heap = { memory, blocks, words: new WordKinds(memory), follow: () => third.following };
      const growth = new NativeGrowth(heap, [first, second, third], 1);
      const things = [...growth.things(null), ...growth.things(first)];
      for (const { growthBytes, counts } of things) assert.ok(growthBytes > 0 && counts[2] > counts[0]);
    }),
    { numRuns: 150 },
  );
});

test('an arena is not seen where there is none', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 300 }), (words) => {
      assert.deepEqual(findArenas(memoryOf(words)), []);
    }),
    { numRuns: 50 },
  );
});

test('names are read to their end, whatever they are', () => {
  assert.equal(demangleType('N4shop11UserSessionE'), 'shop::UserSession');
  assert.equal(demangleType('St6vectorIN4shop4CartESaIS1_EE'), 'std::vector<shop::Cart>');
  assert.equal(demangleType('N4shop14sessionsByNameB5cxx11E'), 'shop::sessionsByName');
  assert.equal(
    demangleRust('_ZN4core3ptr35drop_in_place$LT$keeps..MailJob$GT$17ha26de302bd37cf50E'),
    'core::ptr::drop_in_place<keeps::MailJob>',
  );
  const mangled = fc.string({ unit: fc.constantFrom(...'NSIEPRKLJFBt0123456789_abcdxyzsi'), maxLength: 80 });
  const grown = '_RNvMs4_NtCslNYArtu3iFV_5alloc7raw_vecNtB5_11RawVecInner11finish_growB7_';
  assert.equal(demangleFunction(grown), '<alloc::raw_vec::RawVecInner>::finish_grow');
  const run = '_RNvXCs15Um0AUPpm2_4dyntNtB2_8SendMailNtB2_3Job3run';
  assert.equal(demangleFunction(run), '<dynt::SendMail as dynt::Job>::run');
  assert.equal(demangleFunction('_RINvCs1_4shop4keepRSyE'), 'shop::keep<&[u64]>');
  fc.assert(fc.property(mangled, (text) => typeof demangleFunction(`_RNvC${text}`) === 'string'));
  fc.assert(fc.property(mangled, (text) => demangleType(text).length <= Math.max(512, text.length)));
  fc.assert(fc.property(mangled, (text) => typeof demangleRust(`_ZN${text}17h0123456789abcdefE`) === 'string'));
});
