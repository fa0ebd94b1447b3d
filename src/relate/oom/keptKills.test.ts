import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killForTests } from '../conditionForTests.ts';
import { keepKills, readKeptKills } from './keptKills.ts';

function storeOf(states: { subjectId: string; timeMs: number; bytes: Uint8Array }[]) {
  return {
    states: () => states,
    putState: (subjectId: string, timeMs: number, bytes: Uint8Array) => {
      states.push({ subjectId, timeMs, bytes });
    },
  };
}

test('post-mortems are read back as they were, the newest of many, from among the states of subjects', () => {
  const store = storeOf([{ subjectId: 'w-1', timeMs: 1, bytes: Uint8Array.of(0, 255) }]);
  assert.deepEqual(readKeptKills(store), []);
  const many = Array.from({ length: 200 }, (_, index) => ({ ...killForTests(), id: `kill-${index}` }));
  keepKills(store, many, 5);
  assert.deepEqual(readKeptKills(store), many.slice(-30));
});

test('those of another version are forgotten', () => {
  const bytes = Buffer.from(JSON.stringify({ version: 0, kills: [{ id: 'of another shape' }] }));
  assert.deepEqual(readKeptKills(storeOf([{ subjectId: 'host/kills', timeMs: 1, bytes }])), []);
});
