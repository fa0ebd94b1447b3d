/** Whatever lies in the memory of a Go program, reading its heap ends and does not throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { takeCensus } from './goCensus.ts';
import { goHeapGrowth } from './goHeapGrowth.ts';
import { type GoSpan, GoSpans } from './goSpans.ts';
import { framesOf, stackOf } from './goStacks.ts';

const heapStart = 0xc0_0000_0000;
const heapBytes = 1 << 16;
const pageBytes = 8_192;
const variables = [{ start: heapStart + pageBytes, end: heapStart + 2 * pageBytes }];

/** By where it lies. */
type Word = (at: number) => bigint;

/** Such words over and over, and nothing else; what is outside can't be read. */
function memoryOf(words: readonly Word[]): TargetMemory {
  const bytes = Buffer.alloc(heapBytes);
  for (let at = 0; at + 8 <= heapBytes && words.length > 0; at += 8) bytes.writeBigUInt64LE(words[(at / 8) % words.length]?.(at) ?? 0n, at);
  const region: Region = { start: heapStart, end: heapStart + heapBytes, writable: true, path: '', fileOffset: 0 };
  const read = (address: number, into: Uint8Array) => {
    const from = address - heapStart;
    return from < 0 || from >= heapBytes || !Number.isInteger(from)
      ? 0
      : bytes.copy(into, 0, from, Math.min(heapBytes, from + into.length));
  };
  const parts = {
    pid: 0,
    read,
    present: (start: number, end: number): [number, number][] => [[start, end]],
    isPresent: () => true,
    regions: () => [region],
    fromFile: () => null,
    close: () => undefined,
  };
  return parts as Partial<TargetMemory> as TargetMemory;
}

/** Counts, pointers into the heap and to itself, and anything at all. */
const word: fc.Arbitrary<Word> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => () => value),
  fc.integer({ min: 0, max: 200 }).map((count) => () => BigInt(count)),
  fc.integer({ min: 0, max: heapBytes - 1 }).map((offset) => () => BigInt(heapStart + offset)),
  {
    weight: 6,
    arbitrary: fc.integer({ min: 0, max: heapBytes / 8 - 1 }).map(
      (offset): Word =>
        (at) =>
          BigInt(heapStart + ((at * 5 + offset * 8) % heapBytes)),
    ),
  },
  fc.constantFrom(0n, 1n, 24n, 0x0200_0001n, 0x0101_0000n).map((value) => () => value),
);
const words = fc.array(word, { minLength: 1, maxLength: 60 });

/** What a heap may be read as, with more in use each time. */
function spansOf(classes: readonly number[], look: number): GoSpan[] {
  return classes.map((spanClass, index) => {
    const elementBytes = [pageBytes, 16, 64, 512, 2_048][index % 5] ?? 64;
    const count = pageBytes / elementBytes;
    return {
      start: heapStart + index * pageBytes,
      bytes: pageBytes,
      spanClass,
      elementBytes,
      count,
      free: Math.min(count, Math.ceil((count * (look + 1)) / 3)),
      bits: new Uint8Array(Math.ceil(count / 8)).fill((look * 85) & 255),
    };
  });
}

test('a heap of anything is compared, followed and told without an error', () => {
  const classes = fc.array(fc.integer({ min: 2, max: 135 }), { minLength: 5, maxLength: 8 });
  fc.assert(
    fc.property(words, classes, fc.uint8Array({ minLength: 200, maxLength: 3_000 }), (content, spanClasses, types) => {
      const memory = memoryOf(content);
      const looks = [0, 1, 2].map((look) => takeCensus(memory, { spans: spansOf(spanClasses, look), collection: 2 }, 1));
      const [first, second, third] = looks;
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      const records = [heapStart, heapStart + 512, heapStart + 4_096];
      const things = goHeapGrowth(
        {
          memory,
          path: '/shop',
          program: {
            minor: 19 + (content.length % 8),
            variables,
            text: null,
            types: {
              range: { start: heapStart, end: heapStart + types.length },
              bytes: Buffer.from(types),
              isRelocated: content.length % 2 === 0,
              links: [heapStart, heapStart + 64],
            },
          },
          lines: { placeOf: (address) => ({ function: 'main.run', file: 'shop.go', line: 1, entry: address - (address % 64) }) },
          spans: { read: () => ({ spans: spansOf(spanClasses, 2), collection: 2 }) },
          goroutines: records.map((address) => ({ address, created: 1, start: 2 })),
          records,
          symbols: [{ name: 'main.history', address: heapStart + pageBytes, size: 64 }],
          extent: { start: 0x40_0000, end: 0x50_0000 },
        },
        [first, second, third],
        1,
      );
      for (const { thing } of things ?? []) assert.ok(thing.growthBytes > 0 && thing.type !== '');
    }),
    { numRuns: 150 },
  );
});

test('no heap is seen where there is none', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 18, max: 26 }), (content, minor) => {
      GoSpans.find(memoryOf(content), { minor, variables })?.read();
      assert.equal(GoSpans.find(memoryOf(content), { minor: 99, variables }), null);
    }),
    { numRuns: 50 },
  );
});

test('frames of a stack of anything come to an end', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 0, max: heapBytes / 8 }), (content, at) => {
      const memory = memoryOf(content);
      const stack = stackOf(memory, { address: heapStart + at * 8, start: 1 }) ?? {
        goroutine: 1,
        start: 1,
        pointer: heapStart,
        end: heapStart + heapBytes,
        code: 1,
        frame: heapStart + 64,
      };
      assert.ok([...framesOf(memory, stack)].length <= 501);
    }),
    { numRuns: 100 },
  );
});
