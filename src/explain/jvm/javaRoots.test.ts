import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeWords } from './javaRoots.ts';

const bounds = { start: 0xc000_0000, end: 0x1_0000_0000, oopShift: 0, oopBase: 0 };

/** `count` words of 8 bytes, of which one in `oneIn` is the address of an object of its own. */
function found(count: number, oneIn: number): number {
  const words = new Uint32Array(count * 2);
  for (let index = 0; index < count; index += oneIn) words[index * 2] = bounds.start + index * 8;
  const units = new Set<number>();
  wholeWords(bounds, words, words.length, units);
  return units.size;
}

test('what the collector has gone through is no root, though its list of it is still there; handles are', () => {
  assert.equal(found(65_536, 1), 0);
  assert.equal(found(65_536, 8), 8_192);
  assert.equal(found(700, 1), 700, 'a block of handles is short');
});
