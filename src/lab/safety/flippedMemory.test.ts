/** The census of each runtime on memory of a real process, some of whose bits are flipped: it ends, and throws nothing but words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHeap } from '../../explain/openHeap.ts';
import { StanchError } from '../../model/errors.ts';
import { FlippedMemory } from './flippedMemory.ts';
import { safetyTargets } from './safetyTargets.ts';

const isRoot = process.getuid?.() === 0;
/** One byte in so many: from hardly any, so that it gets far, to so many that nothing is what it seems. */
const rates = [100_000, 5_000, 500];
const tested = ['C, array', 'php, static-array', 'go, map_without_eviction', 'python, turns over'];

for (const { name, missing, start } of safetyTargets.filter((target) => tested.includes(target.name))) {
  test(name, { skip: missing ?? (isRoot ? false : 'needs root, or leave to read the memory of others'), timeout: 600_000 }, async () => {
    const { pid, stop } = await start();
    try {
      for (const [seed, oneIn] of rates.entries()) readFlipped(pid, seed + 1, oneIn);
    } finally {
      await stop();
    }
  });
}

function readFlipped(pid: number, seed: number, oneIn: number): void {
  const memory = new FlippedMemory(pid, seed, oneIn);
  try {
    const heap = openHeap(memory);
    if (heap === null || 'why' in heap) return;
    for (let look = 0; look < 3; look += 1) heap.look();
    heap.growing();
    heap.notes?.();
  } catch (error) {
    assert.ok(error instanceof StanchError, `seed ${seed}, one in ${oneIn}: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    memory.close();
  }
}
