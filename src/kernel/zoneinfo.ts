/**
 * /proc/zoneinfo: under `pagesets`, each CPU's list of free pages as `count: N`. MemFree is without them,
 * and on a machine with many CPUs they are a lot.
 * https://man7.org/linux/man-pages/man5/proc_zoneinfo.5.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

/** Free pages that CPUs keep for themselves. */
export function readCpuFreePages(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/zoneinfo`, 1 << 22);
  return isValue(text) ? parseCpuFreePages(text) : text;
}

const maxLines = 1 << 17;

export function parseCpuFreePages(text: string): Reading<number> {
  let total: number | null = null;
  for (const line of text.split('\n', maxLines)) {
    const match = /^ {2,32}count: {1,32}(\d{1,15})$/.exec(line);
    if (match !== null) total = (total ?? 0) + Number(match[1]);
  }
  return total ?? absent;
}
