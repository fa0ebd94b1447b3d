/**
 * /proc/diskstats: a line for each disk and each of its partitions, counters since boot, times in ms.
 *
 *   major minor name  reads merged sectors ms  writes merged sectors ms  in-flight busy-ms weighted-ms …
 *    254       0 vda  36395 8484   1931762 26707 4675 18917  1734592 5582 0         9196    33085 …
 *
 * `busy` is time with at least one request on the way; `weighted` adds the age of all requests, so that its growth over time is the
 * mean length of the queue. Loop, ram and zram devices are left out, as what they wait for is
 * another disk or memory, and drives for removable media.
 * https://docs.kernel.org/admin-guide/iostats.html
 */
import { isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface DiskStats {
  name: string;
  /** Requests that were completed, reads and writes. */
  requests: number;
  /** Ms that all of them together took, from queued to done. */
  requestMs: number;
  busyMs: number;
  weightedMs: number;
  inFlight: number;
}

const maxDisks = 1024;
const memoryBacked = /^(?:loop|ram|zram|fd|sr)\d/;

export function readDiskStats(procRoot: string): Reading<DiskStats[]> {
  const text = readText(`${procRoot}/diskstats`, 1 << 18);
  return isValue(text) ? parseDiskStats(text) : text;
}

/** In the order of the file: a disk stands before its partitions. Those never used are left out. */
export function parseDiskStats(text: string): DiskStats[] {
  return text.split('\n', maxDisks).flatMap((line) => {
    const [, , name = '', ...columns] = line.trim().split(/\s+/, 14);
    const [reads, , , readMs, writes, , , writeMs, inFlight, busyMs, weightedMs] = columns.map(Number);
    const numbers = [reads, readMs, writes, writeMs, inFlight, busyMs, weightedMs];
    if (memoryBacked.test(name) || !numbers.every((value) => value !== undefined && Number.isSafeInteger(value) && value >= 0)) return [];
    const requests = (reads ?? 0) + (writes ?? 0);
    if (requests === 0) return [];
    return [
      {
        name: name.slice(0, 64),
        requests,
        requestMs: (readMs ?? 0) + (writeMs ?? 0),
        busyMs: busyMs ?? 0,
        weightedMs: weightedMs ?? 0,
        inFlight: inFlight ?? 0,
      },
    ];
  });
}
