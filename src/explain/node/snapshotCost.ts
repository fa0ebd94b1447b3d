/**
 * What a heap snapshot takes from the process, and whether there is room for it. Pure. Measured on Node 24 with small objects in a Map, which is the
 * dear case: 0.09 s of standing still for each MiB of private memory, and nine to ten times that memory, because what is written waits in the process.
 */
import { formatBytes } from '../../model/units.ts';

const pauseMsPerMiB = 95;
const memoryFactor = 10;
const diskFactor = 1.5;
const leastBytes = 64 << 20;
const mostDiskBytes = 2 ** 31;
/** The estimate is not the most that it can be. */
const roomFactor = 1.5;

export interface SnapshotCost {
  /** The process stands still. */
  pauseMs: number;
  /** What the process needs in addition; it gives hardly anything back before it restarts. */
  targetBytes: number;
  diskBytes: number;
}

/** `heapBytes`: private memory of the process, in swap too, of which the heap is at most all. */
export function snapshotCost(heapBytes: number): SnapshotCost {
  return {
    pauseMs: (heapBytes / 2 ** 20) * pauseMsPerMiB,
    targetBytes: leastBytes + heapBytes * memoryFactor,
    diskBytes: Math.min(mostDiskBytes, leastBytes + heapBytes * diskFactor),
  };
}

/** What reading one of so many bytes takes, dominators included: `npm run bench -- snapshot`. */
export function snapshotRssBytes(fileBytes: number): number {
  return (70 << 20) + fileBytes * 1.5;
}

export interface SnapshotRoom {
  /** Below the limits of the process's cgroup and of the server; null: the system does not say. */
  targetBytes: number | null;
  /** Of the server, for the process and what reads. */
  serverBytes: number | null;
  diskBytes: number | null;
}

/** What is missing for it, in words; null: there is room, and that is known. */
export function whyNoRoom({ targetBytes, diskBytes }: SnapshotCost, readerRssBytes: number, room: SnapshotRoom): string | null {
  const wanted: [string, number, number | null][] = [
    ['memory for the process below the limit of its cgroup', targetBytes * roomFactor, room.targetBytes],
    ['memory of the server', targetBytes * roomFactor + readerRssBytes, room.serverBytes],
    ['disk for the snapshot', diskBytes * roomFactor, room.diskBytes],
  ];
  for (const [what, needed, found] of wanted) {
    if (found === null) return `${formatBytes(needed)} of ${what}, but the system does not say how much there is`;
    if (found < needed) return `${formatBytes(needed)} of ${what}, but there is ${formatBytes(found)}`;
  }
  return null;
}
