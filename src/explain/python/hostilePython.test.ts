/** Whatever lies in the memory of a Python process, reading it ends and does not throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Region, TargetMemory } from '../targetMemory.ts';
import { openPython } from './pythonProcess.ts';

const heapStart = 0x7f12_3400_0000;
const heapBytes = 1 << 15;
const dataStart = 0x5500_0000_0000;
const dataBytes = 0x1000;
const typeType = dataStart;
const unicodeType = dataStart + 0x400;
const listType = dataStart + 0x800;
const text = 'list\0';
const [basicBytes, readyType] = [40, 0x8000_1200];

/** `type`, `str` and `list` as they are, and a heap of anything, another one at each look. */
function memoryOf(minor: number, heap: () => Buffer, classAt = 8): TargetMemory {
  const data = Buffer.alloc(dataBytes);
  data.write(text, 0xf00, 'latin1');
  for (const at of [0, 0x400, 0x800]) {
    const words: [number, number][] = [
      [0, 1],
      [classAt, typeType],
      [24, dataStart + 0xf00],
      [32, basicBytes],
      [168, readyType],
    ];
    for (const [offset, value] of words) data.writeBigUInt64LE(BigInt(value), at + offset);
  }
  const python = `/usr/bin/python3.${minor}`;
  const regions: Region[] = [
    { start: dataStart, end: dataStart + dataBytes, writable: true, path: python, fileOffset: 0 },
    { start: heapStart, end: heapStart + heapBytes, writable: true, path: '', fileOffset: 0 },
  ];
  const read = (address: number, into: Uint8Array) => {
    if (address >= dataStart && address < dataStart + dataBytes) return data.copy(into, 0, address - dataStart);
    return address >= heapStart && address < heapStart + heapBytes ? heap().copy(into, 0, address - heapStart) : 0;
  };
  const isPresent = (address: number) => regions.some(({ start, end }) => address >= start && address < end);
  const parts = {
    pid: 0,
    read,
    isPresent,
    present: (start: number, end: number): [number, number][] => [[start, end]],
    regions: () => regions,
    symbols: () =>
      new Map([
        ['PyType_Type', typeType],
        ['PyUnicode_Type', unicodeType],
      ]),
  };
  return parts as Partial<TargetMemory> as TargetMemory;
}

const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.integer({ min: 0, max: 70 }).map(BigInt),
  fc.integer({ min: 0, max: heapBytes / 8 - 1 }).map((at) => BigInt(heapStart + at * 8)),
  fc.constantFrom(BigInt(typeType), BigInt(unicodeType), BigInt(listType), 1n, 0x60n),
);

test('a heap of anything is looked at and told without an error, in every version', () => {
  const heaps = fc.array(fc.array(word, { minLength: 1, maxLength: 60 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 15 }), heaps, (minor, wordsOfLooks) => {
      const bytes = wordsOfLooks.map((words) => {
        const heap = Buffer.alloc(heapBytes);
        for (let at = 0; at < heapBytes; at += 8) heap.writeBigUInt64LE(words[(at / 8) % words.length] ?? 0n, at);
        return heap;
      });
      let look = 0;
      const reader = openPython(memoryOf(minor, () => bytes[Math.min(look, 2)] ?? Buffer.alloc(heapBytes)));
      assert.ok(reader !== null && 'look' in reader);
      for (; look < 3; look += 1) reader.look();
      for (const { growthBytes } of reader.growing()) assert.ok(growthBytes > 0);
    }),
    { numRuns: 100 },
  );
});

test('a version whose layout is not known is said', () => {
  const reader = openPython(memoryOf(7, () => Buffer.alloc(heapBytes)));
  assert.ok(reader !== null && 'why' in reader);
  assert.match(reader.why, /3\.7.*expected Python 3\.8 to 3\.15/);
});

test('a Python whose objects begin in another way, as those without the lock do, is said', () => {
  const reader = openPython(memoryOf(14, () => Buffer.alloc(heapBytes), 24));
  assert.ok(reader !== null && 'why' in reader);
  assert.match(reader.why, /3\.14 begins its objects.*with the interpreter's lock/);
});
