/** What the kernel keeps for itself, by kind, and within a kind by cache or by who asked for it. */
import type { Arcstats } from '../kernel/arcstats.ts';
import type { HugePagePool } from '../kernel/hugepages.ts';
import type { Meminfo } from '../kernel/meminfo.ts';
import type { ZramUse } from '../kernel/zram.ts';
import { isValue, type Reading } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';
import { known, type MemoryNode, node, sumOf, unattributed, whole } from './memoryTree.ts';

export interface SlabMemory {
  name: string;
  bytes: number;
  reclaimable: Reading<boolean>;
}

export interface KernelMemory {
  slab: Reading<readonly SlabMemory[]>;
  vmalloc: Reading<readonly { caller: string; bytes: number }[]>;
  tcpBytes: Reading<number>;
  udpBytes: Reading<number>;
  fragmentBytes: Reading<number>;
  ipv6FragmentBytes: Reading<number>;
  arc: Reading<Arcstats>;
  zram: Reading<ZramUse>;
  /** What the allocator behind zram and zswap takes for both. */
  compressedBytes: Reading<number>;
  hugePages: Reading<readonly HugePagePool[]>;
}

const namedCaches = 8;
const namedCallers = 5;
/** Of a kind: smaller parts are in its remainder. */
const leastShare = 0.01;

/** `outsideBytes`: what is in no figure of meminfo, and therefore the most that these parts of the kernel can have. */
export function kernelNode(kernel: KernelMemory, meminfo: Meminfo, outsideBytes: number): MemoryNode {
  const stacks = known(meminfo.KernelStack);
  const sockets = socketsNode(kernel, outsideBytes);
  const arc = arcNode(kernel.arc, outsideBytes - sockets.bytes);
  const balloon = Math.min(known(meminfo.Balloon), outsideBytes - sockets.bytes - arc.bytes);
  const parts: MemoryNode[] = [
    ...itemisedParts(kernel, meminfo, stacks),
    sockets,
    arc,
    node('given to the hypervisor (balloon)', balloon, { reclaim: 'unreclaimable' }),
  ];
  parts.sort((a, b) => b.bytes - a.bytes);
  return whole('kernel', sumOf(parts), parts, unattributed);
}

/** Parts of the kernel that have a figure of their own in meminfo or vmstat. */
export function itemisedKernelBytes(kernel: KernelMemory, meminfo: Meminfo): number {
  return sumOf(itemisedParts(kernel, meminfo, known(meminfo.KernelStack)));
}

function itemisedParts(kernel: KernelMemory, meminfo: Meminfo, stacks: number): MemoryNode[] {
  const slab = known(meminfo.SReclaimable);
  const kept = (name: string, bytes: number, note?: string) =>
    node(name, bytes, { reclaim: 'unreclaimable', ...(note === undefined ? {} : { note }) });
  return [
    slabNode(kernel.slab, true, slab),
    slabNode(kernel.slab, false, known(meminfo.SUnreclaim)),
    kept('page tables', known(meminfo.PageTables)),
    kept('page tables of virtual machines and IOMMU', known(meminfo.SecPageTables)),
    kept('stacks', stacks),
    // Stacks are allocated by vmalloc on most machines, and are in both figures then.
    vmallocNode(kernel.vmalloc, Math.max(0, known(meminfo.VmallocUsed) - stacks)),
    kept('per CPU', known(meminfo.Percpu)),
    compressedNode(kernel, meminfo),
    node('other reclaimable', Math.max(0, known(meminfo.KReclaimable) - slab), { reclaim: 'reclaimable' }),
  ];
}

function slabNode(caches: KernelMemory['slab'], reclaimable: boolean, total: number): MemoryNode {
  const own = isValue(caches) ? caches.filter((cache) => cache.reclaimable === reclaimable && cache.bytes >= total * leastShare) : [];
  const parts = own.map(({ name, bytes }) => node(name, bytes, { ...cacheMeaning(name) }));
  const name = reclaimable ? 'slab, reclaimable' : 'slab, unreclaimable';
  const rest = own.length === 0 ? '' : reclaimable ? 'other caches' : 'other caches, and what is too large for one';
  const tree =
    own.length === 0 ? node(name, total) : whole(name, total, parts.sort((a, b) => b.bytes - a.bytes).slice(0, namedCaches), rest);
  return { ...tree, reclaim: reclaimable ? 'reclaimable' : 'unreclaimable' };
}

/** What the objects of a cache stand for, where its name does not tell. */
const meanings: readonly [RegExp, string][] = [
  [/^dentry$/, 'names of files, also of files that were looked for and do not exist'],
  [/^(sock_inode_cache|UNIX\b.*|TCP.*|UDP.*)$/, 'open sockets'],
  [/inode_cache$/, 'inodes of files'],
  [/^(filp|files_cache|fdtable.*)$/, 'open files'],
  [/^(vm_area_struct|anon_vma.*|maple_node)$/, 'mappings of processes'],
  [/^(task_struct|signal_cache|sighand_cache|thread_stack.*)$/, 'threads'],
  [/^skbuff/, 'packets'],
  [/^nf_conntrack/, 'tracked connections of the firewall'],
  [/^buffer_head$/, 'blocks of files in the page cache'],
];

function cacheMeaning(name: string): { note?: string } {
  const meaning = meanings.find(([pattern]) => pattern.test(name))?.[1];
  return meaning === undefined ? {} : { note: meaning };
}

function vmallocNode(callers: KernelMemory['vmalloc'], total: number): MemoryNode {
  const own = isValue(callers) ? callers.filter(({ bytes }) => bytes >= total * leastShare) : [];
  const parts = own.slice(0, namedCallers).map(({ caller, bytes }) => node(`for ${caller}`, bytes));
  const tree = parts.length === 0 ? node('vmalloc', total) : whole('vmalloc', total, parts, 'for others');
  return { ...tree, reclaim: 'unreclaimable' };
}

/** zram, zswap, and what else the allocator behind them holds. zswap with another allocator is in its own figure only. */
function compressedNode(kernel: KernelMemory, meminfo: Meminfo): MemoryNode {
  const zram = isValue(kernel.zram) ? kernel.zram : { usedBytes: 0, storedBytes: 0 };
  const zswap = known(meminfo.Zswap);
  const holds = (bytes: number) => (bytes > 0 ? { note: `holds ${formatBytes(bytes)} of swapped memory` } : {});
  const parts = [node('zram', zram.usedBytes, holds(zram.storedBytes)), node('zswap', zswap, holds(known(meminfo.Zswapped)))];
  const total = Math.max(known(kernel.compressedBytes), zram.usedBytes + zswap);
  return { ...whole('compressed memory (zram, zswap)', total, parts, 'not told by which'), reclaim: 'unreclaimable' };
}

/** Buffers of sockets are pages of their own for the most part, which meminfo does not have. */
function socketsNode(kernel: KernelMemory, outsideBytes: number): MemoryNode {
  const parts = [
    node('TCP', known(kernel.tcpBytes)),
    node('UDP', known(kernel.udpBytes)),
    node('IP fragments', known(kernel.fragmentBytes) + known(kernel.ipv6FragmentBytes)),
  ];
  const total = sumOf(parts);
  const bytes = Math.min(total, outsideBytes);
  const tree = whole('socket buffers', bytes, parts, '', 'of small packets, which are in slab');
  return { ...tree, reclaim: 'unreclaimable' };
}

/** Down to its minimum ZFS gives its cache back, if not at once. */
function arcNode(arc: Reading<Arcstats>, outsideBytes: number): MemoryNode {
  if (!isValue(arc)) return node('ZFS ARC', 0);
  // Older versions tell the size as a whole only.
  const pages = isValue(arc.dataBytes) && isValue(arc.metadataBytes) ? arc.dataBytes + arc.metadataBytes : known(arc.sizeBytes);
  const bytes = Math.min(pages, outsideBytes);
  const least = Math.min(known(arc.leastBytes), bytes);
  const parts = [
    node('can be given back', bytes - least, { reclaim: 'reclaimable' }),
    node('its minimum (zfs_arc_min)', least, { reclaim: 'unreclaimable' }),
  ];
  const note = isValue(arc.mostBytes) ? { note: `the file cache of ZFS; may grow to ${formatBytes(arc.mostBytes)} (zfs_arc_max)` } : {};
  return { ...whole('ZFS ARC', bytes, parts, unattributed), ...note };
}

export function hugePagesNode(kernel: KernelMemory, meminfo: Meminfo): MemoryNode {
  const pageBytes = known(meminfo.Hugepagesize);
  const total = isValue(meminfo.Hugetlb) ? meminfo.Hugetlb : known(meminfo.HugePages_Total) * pageBytes;
  const pools = isValue(kernel.hugePages) ? kernel.hugePages.filter(({ pages }) => pages > 0) : [];
  const parts = pools.flatMap((pool) => poolParts(pool, pools.length > 1));
  const free = Math.min(total, known(meminfo.HugePages_Free) * pageBytes);
  const own = parts.length > 0 ? parts : [node('in use', total - free), node('set aside and free', free)];
  return { ...whole('huge pages', total, own, unattributed), reclaim: 'unreclaimable' };
}

function poolParts(pool: HugePagePool, several: boolean): MemoryNode[] {
  const size = several ? ` (${formatBytes(pool.pageBytes)} each)` : '';
  const promised = Math.min(pool.reservedPages, pool.freePages);
  return [
    node(`in use${size}`, (pool.pages - pool.freePages) * pool.pageBytes),
    node(`promised to a mapping, not in use yet${size}`, promised * pool.pageBytes),
    node(`set aside and free${size}`, (pool.freePages - promised) * pool.pageBytes),
  ];
}
