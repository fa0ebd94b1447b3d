/** Every byte of RAM and swap accounted for: who holds it, by workload, by kind of kernel memory, by file system. Pure. */
import type { Meminfo } from '../kernel/meminfo.ts';
import { isValue, type Reading } from '../model/reading.ts';
import { hugePagesNode, itemisedKernelBytes, type KernelMemory, kernelNode } from './kernelMemory.ts';
import { known, type MemoryNode, node, type Reclaim, sumOf, unattributed, whole } from './memoryTree.ts';
import { type SharedMemory, sharedMemoryNode } from './sharedMemory.ts';
import { type WorkloadMemory, workloadsNode } from './workloadMemory.ts';

export interface HostMemoryFacts {
  meminfo: Meminfo;
  workloads: readonly WorkloadMemory[];
  shared: SharedMemory;
  kernel: KernelMemory;
  /** Free pages in the lists of the CPUs, which MemFree is without. */
  cpuFreeBytes: Reading<number>;
}

export const remainderName = 'remainder: drivers, pipes and other pages that the kernel does not itemise';

export function accountForMemory(facts: HostMemoryFacts): { ram: MemoryNode; swap: MemoryNode } {
  return { ram: ramTree(facts), swap: swapTree(facts) };
}

function ramTree(facts: HostMemoryFacts): MemoryNode {
  const { meminfo, kernel } = facts;
  const total = known(meminfo.MemTotal);
  const shmem = known(meminfo.Shmem);
  const before = [
    node('free', known(meminfo.MemFree), { reclaim: 'free' }),
    node('free, in the lists of each CPU', known(facts.cpuFreeBytes), { reclaim: 'free' }),
    { ...workloadsNode(facts.workloads, 'anonBytes', known(meminfo.AnonPages)), reclaim: 'swappable' as const },
    sharedMemoryNode(facts.shared, shmem),
    pageCacheNode(meminfo, shmem),
    node('swap cache', unmappedSwapCache(meminfo, shmem), {
      reclaim: 'reclaimable',
      note: 'swapped in again and still on swap, mapped by no process',
    }),
  ];
  const hugePages = hugePagesNode(kernel, meminfo);
  const outside = Math.max(0, total - sumOf(before) - hugePages.bytes - itemisedKernelBytes(kernel, meminfo));
  const parts = [...before, kernelNode(kernel, meminfo, outside), hugePages];
  return whole('RAM', total, parts, node(remainderName, 0, { reclaim: 'unreclaimable' }));
}

function swapTree(facts: HostMemoryFacts): MemoryNode {
  const { meminfo } = facts;
  const total = known(meminfo.SwapTotal);
  const used = Math.max(0, total - known(meminfo.SwapFree));
  const sum = facts.workloads.reduce((bytes, workload) => bytes + workload.swapBytes, 0);
  const ofWorkloads = Math.min(sum, used);
  const { segments } = facts.shared;
  const ofSegments = isValue(segments) ? segments.reduce((bytes, segment) => bytes + segment.swapBytes, 0) : 0;
  const segmentBytes = Math.min(ofSegments, used - ofWorkloads);
  const cached = Math.min(known(meminfo.SwapCached), used - ofWorkloads - segmentBytes);
  const parts = [
    node('free', total - used),
    workloadsNode(facts.workloads, 'swapBytes', ofWorkloads),
    node('System V segments', segmentBytes),
    node('swap cache', cached, { note: 'in RAM again, place on swap kept' }),
  ];
  const tree = whole('swap', total, parts, 'remainder: shared memory and tmpfs swapped out, or moved while reading');
  return { ...tree, children: tree.children ?? [] };
}

function pageCacheNode(meminfo: Meminfo, shmem: number): MemoryNode {
  const files = Math.max(0, known(meminfo.Cached) - shmem);
  const buffers = known(meminfo.Buffers);
  const parts = [node('files', files), node('block devices and metadata', buffers)];
  return { ...whole('page cache', files + buffers, parts, unattributed), reclaim: 'reclaimable' };
}

/** Pages of the swap cache that processes map are in AnonPages as well; what is on the lists of anonymous pages beyond is not. */
function unmappedSwapCache(meminfo: Meminfo, shmem: number): number {
  const listed = known(meminfo['Active(anon)']) + known(meminfo['Inactive(anon)']);
  return Math.max(0, Math.min(known(meminfo.SwapCached), listed - known(meminfo.AnonPages) - shmem));
}

/** How much of RAM can be had back, and how: adds up to the tree. */
export function reclaimTotals(ram: MemoryNode): Record<Reclaim, number> {
  const totals: Record<Reclaim, number> = { free: 0, reclaimable: 0, swappable: 0, unreclaimable: 0 };
  const walk = (part: MemoryNode): void => {
    if (part.reclaim !== undefined) totals[part.reclaim] += part.bytes;
    else if (part.children === undefined) totals.unreclaimable += part.bytes;
    else for (const child of part.children) walk(child);
  };
  walk(ram);
  return totals;
}
