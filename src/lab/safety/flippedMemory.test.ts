/**
 * The census of each runtime on memory of a real process, some of whose bits are flipped: it ends, and throws nothing but words. The
 * process stands still while it is read, and what is flipped follows from the seed: what is found once is found again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHeap } from '../../explain/openHeap.ts';
import { StanchError } from '../../model/errors.ts';
import type { HeapProgram } from '../naming/heapPrograms.ts';
import { startProgram, whyNotNamed } from '../naming/naming.ts';
import type { NamingLanguage } from '../naming/namingCases.ts';
import { FlippedMemory } from './flippedMemory.ts';

const isRoot = process.getuid?.() === 0;
/** One byte in so many: from hardly any, so that it gets far, to so many that nothing is what it seems. */
const rates = [100_000, 5_000, 500];
const looks = 3;
const requestsBetween = 1_000;
// Its texts have other places in a table each time.
process.env.PYTHONHASHSEED = '0';

const tested: [NamingLanguage, string][] = [
  ['c', 'array'],
  ['php', 'static-array'],
  ['go', 'map_without_eviction'],
  ['python', 'session_map'],
];

for (const [language, name] of tested) {
  const skip = whyNotNamed(language) ?? (isRoot ? false : 'needs root, or leave to read the memory of others');
  test(`${language}, ${name}`, { skip, timeout: 600_000 }, async () => {
    const program = await startProgram(language, name);
    try {
      for (const [seed, oneIn] of rates.entries()) await readFlipped(program, seed + 1, oneIn);
    } finally {
      await program.stop();
    }
  });
}

async function readFlipped(program: HeapProgram, seed: number, oneIn: number): Promise<void> {
  process.kill(program.pid, 'SIGSTOP');
  const memory = new FlippedMemory(program.pid, seed, oneIn);
  try {
    const heap = openHeap(memory);
    if (heap === null || 'why' in heap) return;
    for (let look = 0; look < looks; look += 1) {
      if (look > 0) await goOn(program);
      heap.look();
    }
    heap.growing();
    heap.notes?.();
  } catch (error) {
    assert.ok(error instanceof StanchError, `seed ${seed}, one in ${oneIn}: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    memory.close();
    process.kill(program.pid, 'SIGCONT');
  }
}

/** For so many requests. */
async function goOn({ pid, more }: HeapProgram): Promise<void> {
  process.kill(pid, 'SIGCONT');
  await more(requestsBetween);
  process.kill(pid, 'SIGSTOP');
}
