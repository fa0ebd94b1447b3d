/** Memory that the program has freed and that malloc keeps: no leak of the program, and what gives it back. */
import { formatBytes } from '../../model/units.ts';
import type { GlibcLook } from './glibcLook.ts';

const leastKeptBytes = 32 << 20;
const leastKeptPart = 0.25;
const manyArenas = 8;

export function allocatorAdvice({ inUseBytes, freeBytes, arenas }: GlibcLook): string[] {
  if (freeBytes < leastKeptBytes || freeBytes < (inUseBytes + freeBytes) * leastKeptPart) return [];
  const kept = `malloc keeps ${formatBytes(freeBytes)} that the program has freed, beside ${formatBytes(inUseBytes)} in use: that part is no leak.`;
  return arenas >= manyArenas
    ? [`${kept} It is spread over ${arenas} arenas: set MALLOC_ARENA_MAX=2 in the environment of the service and restart it.`]
    : [`${kept} MALLOC_TRIM_THRESHOLD_=131072 in the environment, malloc_trim(0) after a peak, or jemalloc by LD_PRELOAD give it back.`];
}
