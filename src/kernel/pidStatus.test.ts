import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { absent } from '../model/reading.ts';
import { emptyPidStatus, type PidStatus, parsePidStatus } from './pidStatus.ts';

function status(path: string): PidStatus {
  const bytes = readFileSync(new URL(`./fixtures/${path}`, import.meta.url));
  const into = emptyPidStatus();
  parsePidStatus(bytes, bytes.length, into);
  return into;
}

test('memory by kind in bytes, the effective user and threads', () => {
  assert.deepEqual(status('debian12/600/status'), {
    processId: 600,
    effectiveUid: 1000,
    anonBytes: 90000 * 1024,
    fileBytes: 40000 * 1024,
    shmemBytes: 0,
    swapBytes: 20000 * 1024,
    threads: 11,
  });
});

test('kernel threads and zombies have no memory lines: absent, not 0', () => {
  for (const path of ['debian12/2/status', 'debian12/800/status']) {
    const { anonBytes, swapBytes, threads } = status(path);
    assert.deepEqual([anonBytes, swapBytes, threads], [absent, absent, 1]);
  }
});

test('what an older kernel does not write is absent, the rest is there', () => {
  const { anonBytes, shmemBytes, swapBytes, effectiveUid } = status('linux-4.18/900/status');
  assert.deepEqual([anonBytes, shmemBytes, swapBytes, effectiveUid], [absent, absent, 0, 27]);
});

test('values of one process never stay for the next', () => {
  const into = emptyPidStatus();
  const big = readFileSync(new URL('./fixtures/debian12/600/status', import.meta.url));
  parsePidStatus(big, big.length, into);
  const zombie = readFileSync(new URL('./fixtures/debian12/800/status', import.meta.url));
  parsePidStatus(zombie, zombie.length, into);
  assert.equal(into.anonBytes, absent);
});
