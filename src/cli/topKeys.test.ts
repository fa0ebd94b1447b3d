import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstTopState, pressKeys } from './topKeys.ts';

const press = (input: string, count = 10) => pressKeys(firstTopState, input, 3, count);

test('arrows and pages move within the rows', () => {
  assert.equal(press('jj').selected, 2);
  assert.equal(press('\u001b[B\u001b[B\u001b[A').selected, 1);
  assert.equal(press('\u001b[6~').selected, 3);
  assert.equal(press('\u001b[F').selected, 9);
  assert.equal(press('k').selected, 0);
});

test('keys sort, switch and quit', () => {
  assert.equal(press('f').sort, 'fds');
  assert.equal(press('p').kind, 'process');
  assert.equal(press('pp').kind, 'workload');
  assert.equal(press('q').quit, true);
  assert.equal(press('\u0003').quit, true);
});

test('an escape sequence that is not known is not taken for the letters in it', () => {
  assert.deepEqual(press('\u001b[15~\u001bOQ\u001b[1;5P'), firstTopState);
});

test('any input leaves the mark on a row', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(20), (input, count) => {
      const { selected } = press(input, count);
      assert.ok(selected >= 0 && selected <= Math.max(0, count - 1));
    }),
  );
});
