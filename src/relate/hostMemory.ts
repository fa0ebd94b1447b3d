/**
 * Every byte of RAM and swap accounted for: who holds it, by workload, by kind of kernel memory, by file system.
 * Pure. In each tree the children of a node add up to it exactly: what can't be attributed is a child that says so.
 *
 * The kernel counts pages once and each process counts what it maps: pages shared after a fork are in the sum of the
 * processes more than once, and memory moves while it is read. Where the parts are more than the whole, the parts yield.
 */
import type { Meminfo } from '../kernel/meminfo.ts';
import { isValue, type Reading } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';

export interface MemoryNode {
  name: string;
  bytes: number;
  /** What a reader should know about the figure. */
  note?: string;
  children?: MemoryNode[];
}

export interface WorkloadMemory {
  name: string;
  anonBytes: number;
  swapBytes: number;
  processes: number;
}

export interface HostMemoryFacts {
  meminfo: Meminfo;
  workloads: readonly WorkloadMemory[];
  tmpfs: readonly { mountPoint: string; usedBytes: number }[];
  sysvShmBytes: Reading<number>;
  /** What zram and zswap take in RAM for what they hold. */
  compressedBytes: Reading<number>;
  /** Free pages in the lists of the CPUs, which MemFree is without. */
  cpuFreeBytes: Reading<number>;
}

/** Share of a figure from which on an adjustment is told. */
const worthSaying = 0.01;
/** Workloads shown by name; the rest are one line. */
const namedWorkloads = 20;
const unattributed = 'in no process that is seen';

export function accountForMemory(facts: HostMemoryFacts): { ram: MemoryNode; swap: MemoryNode } {
  return { ram: ramTree(facts), swap: swapTree(facts) };
}

function ramTree(facts: HostMemoryFacts): MemoryNode {
  const { meminfo } = facts;
  const shmem = known(meminfo.Shmem);
  const parts = [
    node('free', known(meminfo.MemFree)),
    node('free, in the lists of each CPU', known(facts.cpuFreeBytes)),
    workloadsNode(facts.workloads, 'anonBytes', known(meminfo.AnonPages)),
    sharedMemoryNode(facts, shmem),
    pageCacheNode(meminfo, shmem),
    node('swap cache', unmappedSwapCache(meminfo, shmem), 'swapped in again and still on swap, mapped by no process'),
    kernelNode(facts),
    hugePagesNode(meminfo),
  ];
  return whole('RAM', known(meminfo.MemTotal), parts, 'remainder: drivers and other pages that the kernel does not itemise');
}

function swapTree(facts: HostMemoryFacts): MemoryNode {
  const { meminfo } = facts;
  const total = known(meminfo.SwapTotal);
  const used = Math.max(0, total - known(meminfo.SwapFree));
  const sum = facts.workloads.reduce((bytes, workload) => bytes + workload.swapBytes, 0);
  const ofWorkloads = Math.min(sum, used);
  const cached = Math.min(known(meminfo.SwapCached), used - ofWorkloads);
  const parts = [
    node('free', total - used),
    workloadsNode(facts.workloads, 'swapBytes', ofWorkloads),
    node('swap cache', cached, 'in RAM again, place on swap kept'),
  ];
  const tree = whole('swap', total, parts, 'remainder: shared memory and tmpfs swapped out, or moved while reading');
  return { ...tree, children: tree.children ?? [] };
}

/** Memory of processes by workload: `total` is what the kernel counts for all of them together. */
function workloadsNode(workloads: readonly WorkloadMemory[], size: 'anonBytes' | 'swapBytes', total: number): MemoryNode {
  const held = workloads.filter((workload) => workload[size] > 0);
  const sum = held.reduce((bytes, workload) => bytes + workload[size], 0);
  const nodes = held.map((workload) => workloadNode(workload, size, Math.max(0, sum - total), forkedBytes(held, size)));
  nodes.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  const rest = nodes.slice(namedWorkloads);
  const named = rest.length > 1 ? [...nodes.slice(0, namedWorkloads), othersNode(rest)] : nodes;
  return whole('workloads', total, named, unattributed);
}

/** Only memory of workloads with several processes can be counted twice, and none beyond what one process of them may hold alone. */
function forkedBytes(workloads: readonly WorkloadMemory[], size: 'anonBytes' | 'swapBytes'): number {
  return workloads.reduce((bytes, workload) => bytes + mayBeShared(workload, size), 0);
}

function mayBeShared(workload: WorkloadMemory, size: 'anonBytes' | 'swapBytes'): number {
  return workload.processes > 1 ? Math.floor((workload[size] * (workload.processes - 1)) / workload.processes) : 0;
}

function workloadNode(workload: WorkloadMemory, size: 'anonBytes' | 'swapBytes', excess: number, forked: number): MemoryNode {
  const bytes = workload[size];
  if (excess === 0 || forked === 0) return node(workload.name, bytes);
  const less = Math.floor(mayBeShared(workload, size) * Math.min(1, excess / forked));
  return node(workload.name, bytes - less, less > bytes * worthSaying ? countedTwice : undefined);
}

const countedTwice = 'without pages that its processes share, which each of them counts';

function othersNode(rest: readonly MemoryNode[]): MemoryNode {
  return node(
    `${rest.length} other workloads`,
    rest.reduce((bytes, child) => bytes + child.bytes, 0),
  );
}

function sharedMemoryNode(facts: HostMemoryFacts, total: number): MemoryNode {
  const parts = facts.tmpfs.map((tmpfs) => node(`tmpfs ${tmpfs.mountPoint}`, tmpfs.usedBytes)).sort((a, b) => b.bytes - a.bytes);
  parts.push(node('System V segments', known(facts.sysvShmBytes)));
  return whole('shared memory and tmpfs', total, parts, 'shared by processes (memfd, mmap), or in a tmpfs that is not seen');
}

function pageCacheNode(meminfo: Meminfo, shmem: number): MemoryNode {
  const files = Math.max(0, known(meminfo.Cached) - shmem);
  const buffers = known(meminfo.Buffers);
  return whole('page cache', files + buffers, [node('files', files), node('block devices and metadata', buffers)], unattributed);
}

/** Pages of the swap cache that processes map are in AnonPages as well; what is on the lists of anonymous pages beyond is not. */
function unmappedSwapCache(meminfo: Meminfo, shmem: number): number {
  const listed = known(meminfo['Active(anon)']) + known(meminfo['Inactive(anon)']);
  return Math.max(0, Math.min(known(meminfo.SwapCached), listed - known(meminfo.AnonPages) - shmem));
}

function kernelNode(facts: HostMemoryFacts): MemoryNode {
  const { meminfo } = facts;
  const stacks = known(meminfo.KernelStack);
  const slab = known(meminfo.SReclaimable);
  const parts = [
    node('slab, reclaimable', slab, 'mostly the caches of file names and inodes'),
    node('slab, unreclaimable', known(meminfo.SUnreclaim)),
    node('page tables', known(meminfo.PageTables)),
    node('page tables of virtual machines and IOMMU', known(meminfo.SecPageTables)),
    node('stacks', stacks),
    // Stacks are allocated by vmalloc on most machines, and are in both figures then.
    node('vmalloc', Math.max(0, known(meminfo.VmallocUsed) - stacks)),
    node('per CPU', known(meminfo.Percpu)),
    node('compressed memory (zram, zswap)', known(facts.compressedBytes)),
    node('other reclaimable', Math.max(0, known(meminfo.KReclaimable) - slab)),
  ];
  const total = parts.reduce((bytes, part) => bytes + part.bytes, 0);
  return whole('kernel', total, parts, unattributed);
}

function hugePagesNode(meminfo: Meminfo): MemoryNode {
  const pageBytes = known(meminfo.Hugepagesize);
  const total = isValue(meminfo.Hugetlb) ? meminfo.Hugetlb : known(meminfo.HugePages_Total) * pageBytes;
  const free = Math.min(total, known(meminfo.HugePages_Free) * pageBytes);
  return whole('huge pages', total, [node('in use', total - free), node('set aside and free', free)], unattributed);
}

function node(name: string, bytes: number, note?: string): MemoryNode {
  return note === undefined ? { name, bytes } : { name, bytes, note };
}

/** An absent kind is none as far as adding up goes: what it held is in the remainder then. */
function known(reading: Reading<number>): number {
  return isValue(reading) ? reading : 0;
}

/** A node whose children add up to it: a remainder where they are less, all a little smaller where they are more. Empty children are left out. */
function whole(name: string, bytes: number, parts: readonly MemoryNode[], remainderName: string): MemoryNode {
  const sum = parts.reduce((total, part) => total + part.bytes, 0);
  const children = (sum > bytes ? shrunk(parts, bytes / sum) : parts).filter((part) => part.bytes > 0);
  if (sum < bytes) children.push(node(remainderName, bytes - sum));
  if (children.length === 0) return { name, bytes };
  const excess = sum - bytes;
  const note = excess > bytes * worthSaying ? `parts made to fit: ${formatBytes(excess)} counted twice or moved while reading` : undefined;
  return { ...node(name, bytes, note), children };
}

/** Every part smaller by the same factor; rounded where the running total stands, so that no byte is lost. */
function shrunk(parts: readonly MemoryNode[], factor: number): MemoryNode[] {
  let before = 0;
  return parts.map((part) => {
    const bytes = Math.round((before + part.bytes) * factor) - Math.round(before * factor);
    before += part.bytes;
    const fitted = part.children === undefined ? node(part.name, bytes) : whole(part.name, bytes, part.children, unattributed);
    return part.note === undefined ? fitted : { ...fitted, note: part.note };
  });
}
