/**
 * How many files a process holds open. Since Linux 6.2 the size of the directory /proc/[pid]/fd is their number,
 * visible to every account; before that it is 0 and the entries must be listed, which needs ptrace rights.
 * https://docs.kernel.org/filesystems/proc.html (3.2, "/proc/<pid>/fd")
 */
import { fstatSync, opendirSync, statSync } from 'node:fs';
import { absent, isValue, type Reading } from '../model/reading.ts';
import { countRead, missingFor } from './read.ts';

/** A process with more open files than this is counted only so far: listing is dear. */
const maxListed = 1 << 20;

/** Listing opens one more, and a thread of the runtime may open or close another meanwhile. */
const countingSlack = 4;

/** Whether this kernel gives the count as the size of the directory, tried on stanch's own. */
export function fdCountIsDirectorySize(ownFdDirectory: string): boolean {
  const size = fdDirectorySize(ownFdDirectory);
  const listed = listedFdCount(ownFdDirectory);
  return isValue(size) && isValue(listed) && size > 0 && Math.abs(size - listed) <= countingSlack;
}

export function fdDirectorySize(directory: string): Reading<number> {
  try {
    countRead();
    const stats = statSync(directory, { throwIfNoEntry: false });
    return stats === undefined ? absent : stats.size;
  } catch (error) {
    return missingFor(error);
  }
}

/** The same on a kept descriptor of the directory: half the price. */
export function keptFdDirectorySize(fd: number): Reading<number> {
  try {
    countRead();
    return fstatSync(fd).size;
  } catch (error) {
    return missingFor(error);
  }
}

export function listedFdCount(directory: string): Reading<number> {
  try {
    const entries = opendirSync(directory);
    countRead();
    try {
      let count = 0;
      while (count < maxListed && entries.readSync() !== null) count += 1;
      return count;
    } finally {
      entries.closeSync();
    }
  } catch (error) {
    return missingFor(error);
  }
}
