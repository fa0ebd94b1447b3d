/**
 * The allocator of the C library: fewer arenas, memory given back earlier, or another allocator; for what holds memory that it freed.
 * https://man7.org/linux/man-pages/man3/mallopt.3.html
 */
import type { Recommendation } from '../../model/advice.ts';
import type { Measurements } from '../measurements.ts';
import { environmentAdvice } from './environmentAdvice.ts';

const manyArenas = 4;

export function malloc(measured: Measurements): Recommendation[] {
  const { heap, basis, environment, jemallocPath } = measured;
  if (heap === null || heap.allocator !== 'glibc') return [];
  const retains = basis.class === 'allocator-retention';
  const advice: Recommendation[] = [];
  if (heap.arenas > manyArenas && !environment.has('MALLOC_ARENA_MAX') && retains) advice.push(arenas(measured, heap));
  if (retains && heap.arenas <= manyArenas && !environment.has('MALLOC_TRIM_THRESHOLD_')) advice.push(trim(measured));
  if (retains && jemallocPath !== null && !environment.has('LD_PRELOAD')) advice.push(jemalloc(measured, jemallocPath));
  return advice;
}

function arenas(measured: Measurements, heap: { arenas: number; threads: number }): Recommendation {
  const words = {
    id: 'malloc-arenas',
    title: 'Fewer arenas: freed memory is used again',
    reason: `${heap.threads} threads allocate from ${heap.arenas} arenas, each keeps what was freed in it, and its memory is judged to be retained and not leaked.`,
    arithmetic: [`MALLOC_ARENA_MAX: 2, down from up to ${measured.host.cpuCount * 8} (8 a CPU)`],
    risk: 'Threads that allocate a lot at once wait for one another.',
  };
  return environmentAdvice(measured, words, 'MALLOC_ARENA_MAX', '2');
}

function trim(measured: Measurements): Recommendation {
  const words = {
    id: 'malloc-trim',
    title: 'Give freed memory back earlier',
    reason:
      'Its memory is judged to be retained and not leaked. The threshold of trimming rises by itself with large blocks that are freed, up to 64 MiB, unless it is set.',
    arithmetic: ['MALLOC_TRIM_THRESHOLD_: 131072, the default before it adapts (128 KiB)'],
    risk: 'More calls of the kernel where memory goes up and down.',
  };
  return environmentAdvice(measured, words, 'MALLOC_TRIM_THRESHOLD_', '131072');
}

function jemalloc(measured: Measurements, path: string): Recommendation {
  const words = {
    id: 'jemalloc',
    title: 'Another allocator: jemalloc gives back what is free in the middle of the heap',
    reason: `Its memory is judged to be retained and not leaked, and jemalloc is installed: ${path}. Try MALLOC_ settings first.`,
    arithmetic: ['No number: what it gives back depends on how the heap is broken up; compare after a day'],
    risk: 'Another allocator can bring out faults of the program; programs linked to one of their own are not changed.',
  };
  return environmentAdvice(measured, words, 'LD_PRELOAD', path);
}
