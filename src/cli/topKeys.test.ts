import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Proposal } from './topAction.ts';
import { firstTopState, pressKeys } from './topKeys.ts';

const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `w-${index}`, name: `row ${index}` }));
const press = (input: string, count = 10) => pressKeys(firstTopState, input, 3, rowsOf(count));

const proposal: Proposal = {
  id: 'p-1',
  time: '2026-01-02T03:04:05.000Z',
  state: 'waits',
  plan: {
    kind: 'restart',
    subjectId: 'w-2',
    subjectName: 'row 2',
    reason: 'it leaks',
    steps: ['Restart it'],
    risk: null,
    undoable: false,
    expectedBytes: null,
  },
};

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

test('acting is on the marked row, by its own keys; nothing is agreed to before its plan was seen', () => {
  assert.deepEqual(press('jja').action, { step: 'choosing', subjectId: 'w-2', name: 'row 2' });
  assert.deepEqual(press('jjar').action, { step: 'planning', subjectId: 'w-2', name: 'row 2', kind: 'restart' });
  assert.equal(press('ax').action, null);
  assert.equal(press('ary').action, null);
  assert.equal(press('a', 0).action, null);
  assert.equal(press('aq').quit, false);
  assert.equal(press('a\u0003').quit, true);
});

test('whatever is typed, only a plan that is shown is agreed to, and only by y', () => {
  fc.assert(fc.property(fc.string(), (input) => press(input).action?.step !== 'agreeing'));
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 1 }), (key) => {
      const planned = pressKeys({ ...firstTopState, action: { step: 'planned', proposal } }, key, 3, rowsOf(3));
      assert.equal(planned.action?.step, key === 'y' ? 'agreeing' : undefined);
    }),
  );
});
