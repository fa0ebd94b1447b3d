/**
 * Memory of a worker of PHP-FPM that outlives a request: all of its own but the chunks of PHP's heap. That heap is emptied after each request
 * and keeps some chunks for the next one, more after a large request than after a small one, by megabytes: next to that no leak is seen.
 */
import type { TargetMemory } from '../targetMemory.ts';
import { chunkBytes, chunksOf, keptChunksOf, type ZendHeap } from './zendHeap.ts';

/** Bytes in memory; those swapped out are not in it. */
export function lastingBytes(memory: TargetMemory, heap: ZendHeap): number {
  let bytes = 0;
  for (const region of memory.regions()) {
    if (region.writable && (region.path === '' || region.path === '[heap]')) bytes += presentBytes(memory, region.start, region.end);
  }
  for (const chunk of [...chunksOf(memory, heap), ...keptChunksOf(memory, heap)]) bytes -= presentBytes(memory, chunk, chunk + chunkBytes);
  return bytes;
}

function presentBytes(memory: TargetMemory, start: number, end: number): number {
  return memory.present(start, end).reduce((sum, [from, to]) => sum + to - from, 0);
}
