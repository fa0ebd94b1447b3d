import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kept } from './kept.ts';

test('what was made for one is there for the next, until it is old; what failed is tried again', () => {
  let [now, made] = [0, 0];
  const look = kept(
    1000,
    () => {
      made += 1;
      if (made === 2) throw new Error('not now');
      return made;
    },
    () => now,
  );
  assert.deepEqual([look(), look()], [1, 1]);
  now = 1000;
  assert.throws(look, /not now/);
  assert.equal(look(), 3);
  now = 1999;
  assert.equal(look(), 3);
});
