/**
 * /proc/sysvipc/shm: a table of System V shared memory segments with a heading line; `rss` and `swap` in bytes since Linux 2.6.34.
 * https://man7.org/linux/man-pages/man7/sysvipc.7.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

/** Bytes of all segments in memory. */
export function readSysvShmBytes(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/sysvipc/shm`, 1 << 22);
  return isValue(text) ? parseSysvShmBytes(text) : text;
}

const maxSegments = 65536;

export function parseSysvShmBytes(text: string): Reading<number> {
  const [heading, ...rows] = text.split('\n', maxSegments);
  const column = heading?.trim().split(/\s+/).indexOf('rss') ?? -1;
  if (column < 0) return absent;
  let total = 0;
  for (const row of rows) {
    const cell = row.trim().split(/\s+/)[column];
    if (cell !== undefined && /^\d{1,18}$/.test(cell)) total += Number(cell);
  }
  return total;
}
