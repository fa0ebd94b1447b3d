/**
 * /proc/sysvipc/shm: a table of System V shared memory segments with a heading line; `rss` and `swap` in bytes since Linux 2.6.34.
 * Shows the segments of one IPC namespace: those of containers are in theirs.
 * https://man7.org/linux/man-pages/man7/sysvipc.7.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface SysvSegment {
  id: number;
  /** As asked for; what of it is in memory is `residentBytes`. */
  sizeBytes: number;
  residentBytes: number;
  swapBytes: number;
  /** Of the process that made it, which may be long gone. */
  creatorPid: number;
  /** When it was made, or given to another owner; Unix time. */
  changedSeconds: number;
  ownerUid: number;
  creatorUid: number;
  /** Processes that have it attached; 0: an orphan, which stays until somebody removes it. */
  attached: number;
}

const maxSegments = 65536;

export function readSysvShm(procRoot: string): Reading<SysvSegment[]> {
  const text = readText(`${procRoot}/sysvipc/shm`, 1 << 22);
  return isValue(text) ? parseSysvShm(text) : text;
}

/** Absent where the table lacks a column: before Linux 2.6.34. */
export function parseSysvShm(text: string): Reading<SysvSegment[]> {
  const [heading = '', ...rows] = text.split('\n', maxSegments);
  const columns = heading.trim().split(/\s+/);
  const places = ['shmid', 'size', 'rss', 'swap', 'cpid', 'ctime', 'uid', 'cuid', 'nattch'].map((name) => columns.indexOf(name));
  if (places.includes(-1)) return absent;
  const segments: SysvSegment[] = [];
  for (const row of rows) {
    const cells = row.trim().split(/\s+/, 64);
    const numbers = places.map((place) => (/^\d{1,15}$/.test(cells[place] ?? '') ? Number(cells[place]) : Number.NaN));
    if (numbers.some(Number.isNaN)) continue;
    const [id = 0, sizeBytes = 0, residentBytes = 0, swapBytes = 0, creatorPid = 0, ...rest] = numbers;
    const [changedSeconds = 0, ownerUid = 0, creatorUid = 0, attached = 0] = rest;
    segments.push({ id, sizeBytes, residentBytes, swapBytes, creatorPid, changedSeconds, ownerUid, creatorUid, attached });
  }
  return segments;
}
