/**
 * Memory of processes by workload. The kernel counts pages once and each process counts what it maps: pages shared after a fork are
 * in the sum of the processes more than once, and memory moves while it is read. Where the parts are more than the whole, they yield.
 */
import { largest, type MemoryNode, node, unattributed, whole, worthSaying } from './memoryTree.ts';

export interface WorkloadMemory {
  name: string;
  subjectId?: string;
  anonBytes: number;
  swapBytes: number;
  processes: number;
}

type Size = 'anonBytes' | 'swapBytes';

/** Workloads shown by name; the rest are one line. */
const namedWorkloads = 20;
const countedTwice = 'without pages that its processes share, which each of them counts';

/** `total` is what the kernel counts for all of them together. */
export function workloadsNode(workloads: readonly WorkloadMemory[], size: Size, total: number): MemoryNode {
  const held = workloads.filter((workload) => workload[size] > 0);
  const sum = held.reduce((bytes, workload) => bytes + workload[size], 0);
  const forked = forkedBytes(held, size);
  const nodes = held.map((workload) => workloadNode(workload, size, Math.max(0, sum - total), forked));
  return whole(
    'workloads',
    total,
    largest(nodes, namedWorkloads, (count) => `${count} other workloads`),
    unattributed,
  );
}

/** Only memory of workloads with several processes can be counted twice, and none beyond what one process of them may hold alone. */
function forkedBytes(workloads: readonly WorkloadMemory[], size: Size): number {
  return workloads.reduce((bytes, workload) => bytes + mayBeShared(workload, size), 0);
}

function mayBeShared(workload: WorkloadMemory, size: Size): number {
  return workload.processes > 1 ? Math.floor((workload[size] * (workload.processes - 1)) / workload.processes) : 0;
}

function workloadNode(workload: WorkloadMemory, size: Size, excess: number, forked: number): MemoryNode {
  const bytes = workload[size];
  const link = workload.subjectId === undefined ? {} : { subjectId: workload.subjectId };
  if (excess === 0 || forked === 0) return node(workload.name, bytes, link);
  const less = Math.floor(mayBeShared(workload, size) * Math.min(1, excess / forked));
  return node(workload.name, bytes - less, less > bytes * worthSaying ? { ...link, note: countedTwice } : link);
}
