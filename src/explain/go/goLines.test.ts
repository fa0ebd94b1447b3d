/** Names and lines of functions, of a table as Go 1.26 writes it: where the code begins is told elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoLines } from './goLines.ts';

/** Of one function of 64 bytes whose code is of line 7. */
function tableOf(textStart: number): Buffer {
  const bytes = Buffer.alloc(400);
  bytes.writeUInt32LE(0xffff_fff1, 0);
  bytes[7] = 8;
  const [names, units, files, steps, functions] = [80, 120, 140, 160, 200];
  for (const [at, value] of [1, 1, textStart, names, units, files, steps, functions].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), 8 + at * 8);
  }
  bytes.write('main.run\0', names);
  bytes.write('shop.go\0', files);
  // By 1 from -1, and by 8 from -1, each for 64 bytes of code.
  bytes.set([0, 2, 64, 0, 16, 64, 0], steps);
  bytes.writeUInt32LE(0, functions);
  bytes.writeUInt32LE(12, functions + 4);
  bytes.writeUInt32LE(64, functions + 8);
  bytes.writeUInt32LE(1, functions + 12 + 20);
  bytes.writeUInt32LE(4, functions + 12 + 24);
  return bytes;
}

test('where the code begins is in the table, or told with it', () => {
  for (const [inTable, told] of [
    [0x40_1000, null],
    [0, 0x40_1000],
  ] as const) {
    const place = GoLines.parse(tableOf(inTable), 0, told)?.placeOf(0x40_1010);
    assert.deepEqual(place, { function: 'main.run', file: 'shop.go', line: 7, entry: 0x40_1000 });
  }
});

test('code elsewhere is no function', () => {
  assert.equal(GoLines.parse(tableOf(0), 0, 0x40_1000)?.placeOf(0x40_0fff), null);
  assert.equal(GoLines.parse(tableOf(0), 0, 0x40_1000)?.placeOf(0x40_1040), null);
});
