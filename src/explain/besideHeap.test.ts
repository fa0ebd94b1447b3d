/** Threads and shared memory that become more are told, as they are no part of a heap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besideHeap, besideTexts } from './besideHeap.ts';

const looks = (threads: number[], sharedBytes: number[]) =>
  threads.map((count, at) => ({ threads: count, sharedBytes: sharedBytes[at] ?? 0 }));

test('the kernel tells of threads', () => {
  assert.ok((besideHeap(process.pid)?.threads ?? 0) >= 1);
  assert.equal(besideHeap(2 ** 22 + 1), null);
});

test('what becomes more both times is told, and nothing else is', () => {
  assert.match(besideTexts(looks([130, 262, 418], [0, 0, 0])).join(), /130 → 262 → 418/);
  assert.match(besideTexts(looks([1, 1, 1], [1e6, 4e6, 8e6])).join(), /shared memory/);
  assert.deepEqual(besideTexts(looks([130, 262, 140], [8e6, 9e6, 1e6])), []);
  assert.deepEqual(besideTexts([null, null, null]), []);
});
