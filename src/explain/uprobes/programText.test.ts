/** What is read of a program before it is touched: instructions, frames and lines; and whatever a file may say instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CallFrames, unwind } from './callFrames.ts';
import { linesOf } from './debugLines.ts';
import { affordable } from './pulse.ts';
import { instructionLength } from './x86Length.ts';

/** Of compiled C and C++, as objdump tells them apart. */
const instructions = [
  '55',
  '4889e5',
  '4883ec10',
  'e815ffffff',
  'ff15e3860200',
  'ff258bd20200',
  'f30f1efa',
  '48b8efcdab8967452301',
  '4c8d04ed00000000',
  '66c705112200003344',
  '660f1f840000000000',
  '48c7442408ffffffff',
  'f6c301',
  'f7c700010000',
  '48f7d8',
  'c5fd6f442420',
  'c4e27d18051234abcd',
  '62f17c48100510203040',
  '660f3a0fc108',
  '0f84a0b0c0d0',
  '0fb6c0',
  'c8100000',
  '644889042528000000',
  'f30f5e05aabbccdd',
];

test('instructions are as long as they are', () => {
  for (const hex of instructions) {
    const bytes = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(16, 0x90)]);
    assert.equal(instructionLength(bytes, 0), hex.length / 2, hex);
  }
});

test('what is no instruction has no length, and no length leads out of the bytes', () => {
  for (const hex of ['06', '62', '9a0102030405', 'd6', '66'.repeat(20)])
    assert.equal(instructionLength(Buffer.from(hex, 'hex'), 0), 0, hex);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (bytes) => {
      const length = instructionLength(Buffer.from(bytes), 0);
      assert.ok(length >= 0 && length <= Math.min(15, bytes.length));
    }),
  );
});

/** `push rbp; mov rbp, rsp` at 0x1000, as gcc describes it. */
const frameTable = Buffer.from(
  [
    '14000000' + '00000000' + '01' + '7a5200' + '01' + '78' + '10' + '01' + '1b' + '0c0708' + '9001' + '0000',
    '1c000000' + '1c000000' + 'e0efffff' + '40000000' + '00' + '41' + '0e10' + '8602' + '43' + '0d06' + '00'.repeat(7),
    '00000000',
  ].join(''),
  'hex',
);

test('a stack is followed by frames that are told by the frame pointer and by the stack pointer', () => {
  const frames = CallFrames.parse(frameTable, 0x1_1000);
  const start = frames?.functionAt(0x1_0010)?.start;
  assert.ok(frames !== null && start === 0x1_0000);
  const words = [0xaaaa, 0xbbbb, 0x8040, start + 0x21, 0xcccc, 0xdddd, start + 0x31];
  const copy = { at: start + 8, stackPointer: 0x8000, framePointer: 0x8010, words };
  assert.deepEqual(
    unwind(copy, () => frames),
    [start + 8, start + 0x20],
  );
  const atEntry = { at: start, stackPointer: 0x8018, framePointer: 0x8010, words: words.slice(3) };
  assert.equal(unwind(atEntry, () => frames)[1], start + 0x20);
});

test('tables of frames and lines of anything are read to their end', () => {
  const word = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2, 4, 5, 0x1b, 0x7a, 0x52, 0xff));
  const anything = fc.array(word, { maxLength: 400 }).map((bytes) => Buffer.from(bytes));
  const frameLike = fc.tuple(fc.nat({ max: frameTable.length - 1 }), word).map(([at, value]) => {
    const changed = Buffer.from(frameTable);
    changed[at] = value;
    return changed;
  });
  fc.assert(
    fc.property(fc.oneof(anything, frameLike), (bytes) => {
      const frames = CallFrames.parse(bytes, 0x1000);
      const stack = { at: 0x1010, stackPointer: 0x8000, framePointer: 0x8010, words: [0x1010, 0x1020, 0x1030, 0x8020] };
      assert.ok(unwind(stack, () => frames).length <= 24);
      const sized = Buffer.concat([Buffer.from([bytes.length & 0xff, bytes.length >> 8, 0, 0, 4, 0]), bytes]);
      assert.ok(linesOf(sized, { lineStrings: bytes, strings: null }, [0x1010, 0x20]).size <= 2);
    }),
  );
});

test('places are looked at as far as the process can bear it, those that fit best first', () => {
  const place = (offset: number, fit: number, perSecond: number) => ({ place: { mapped: 'x', offset }, fit, perSecond });
  const chosen = affordable([place(1, 1, 4_000), place(2, 0.9, 40_000), place(3, 0.1, 5_000), place(4, 0.1, 9_000)]);
  assert.deepEqual(
    chosen.places.map(({ offset }) => offset),
    [1, 3],
  );
  assert.equal(chosen.perSecond, 9_000);
  assert.deepEqual(affordable([place(1, 1, 400_000)]).places, []);
});
