/**
 * /proc/vmstat: lines `name N`, in pages or events.
 * https://docs.kernel.org/admin-guide/mm/ and mm/vmstat.c
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { parseKeyedNumbers } from './keyedNumbers.ts';
import { readText } from './read.ts';

export interface Vmstat {
  /** Pages of the allocator behind zram and zswap: what compressed memory takes. */
  compressedPages: Reading<number>;
  /** Anonymous pages mapped by processes: AnonPages of meminfo in pages. */
  anonPages: Reading<number>;
}

export function readVmstat(procRoot: string): Reading<Vmstat> {
  const text = readText(`${procRoot}/vmstat`, 65536);
  return isValue(text) ? parseVmstat(text) : text;
}

export function parseVmstat(text: string): Vmstat {
  const numbers = parseKeyedNumbers(text);
  return { compressedPages: numbers.get('nr_zspages') ?? absent, anonPages: numbers.get('nr_anon_pages') ?? absent };
}

/** Events in which memory changes that its process did not change: anonymous pages reclaimed and swapped out, huge pages put together. */
const takings = /^(?:pgsteal_anon|pswpout|zswpout|swpout_zero|thp_collapse_alloc) (\d{1,20})$/gm;

/** How many of these there were since boot; for comparing with an earlier number. */
export function readTakenPages(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/vmstat`, 65536);
  return isValue(text) ? parseTakenPages(text) : text;
}

export function parseTakenPages(text: string): Reading<number> {
  const counts = Array.from(text.matchAll(takings), ([, count]) => Number(count));
  return counts.length === 0 ? absent : counts.reduce((sum, count) => sum + count);
}
