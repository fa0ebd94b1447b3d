/**
 * Where the memory is: reads what the kernel tells of RAM and swap, and puts it together with the processes of a scan.
 * What costs more than a few files is searched for until `searchMs` are spent; what was not reached is said.
 */
import { readArcstats } from '../kernel/arcstats.ts';
import { readHugePagePools } from '../kernel/hugepages.ts';
import { type Meminfo, readMeminfo } from '../kernel/meminfo.ts';
import { readPidSmapsRollup } from '../kernel/pidSmapsRollup.ts';
import { readSlabinfo, type SlabCache } from '../kernel/slabinfo.ts';
import { readSlabReclaimable } from '../kernel/slabReclaimAccount.ts';
import { readIpv6FragmentBytes, readSockstat, type Sockstat } from '../kernel/sockstat.ts';
import { readVmallocCallers } from '../kernel/vmallocinfo.ts';
import { readVmstat, type Vmstat } from '../kernel/vmstat.ts';
import { readCpuFreePages } from '../kernel/zoneinfo.ts';
import { readZram } from '../kernel/zram.ts';
import { StanchError } from '../model/errors.ts';
import { absent, isValue, notPermitted, type Reading, valueOrNull } from '../model/reading.ts';
import type { ProcessSample, Scan } from '../sample/scan.ts';
import { UserNames } from '../sample/userNames.ts';
import { type CgroupsReading, readCgroups } from './cgroups.ts';
import { accountForMemory, type HostMemoryFacts, reclaimTotals } from './hostMemory.ts';
import type { KernelMemory, SlabMemory } from './kernelMemory.ts';
import { findInMemory, type MemoryFinding } from './memoryFindings.ts';
import type { MemoryNode, Reclaim } from './memoryTree.ts';
import { readSharedMemory } from './readSharedMemory.ts';
import type { WorkloadMemory } from './workloadMemory.ts';

export interface Where {
  timeMs: number;
  ram: MemoryNode;
  swap: MemoryNode;
  /** Of RAM, by what it takes to get it back. */
  reclaim: Record<Reclaim, number>;
  findings: MemoryFinding[];
  cgroups: CgroupsReading | null;
  /** What this account can't see, and where it is counted instead. */
  notices: string[];
}

export interface WhereOptions {
  procRoot?: string;
  sysRoot?: string;
  cgroupRoot?: string;
  passwdFile?: string;
  /** CPU time for the search for who holds what, in all; on a machine that has none to give it ends after five times as long by the clock. */
  searchMs: number;
  /** How much of that may go into telling pages apart that forked processes share: walks page tables; 0 for never. */
  sharesMs: number;
}

/** A difference smaller than this is memory that moved while it was read. */
const worthSharingBytes = 16 << 20;
/** The largest ones are asked whether they can be given back. */
const askedCaches = 64;
/** Of RAM. To tell who has asked for less of the kernel's own space costs more than it is worth: each thread is a line to the kernel. */
const leastNamedShare = 0.001;

/** Throws STANCH_E_NO_INPUT or STANCH_E_NOT_PERMITTED where the kernel's own figures can't be had. */
export function readWhere(scan: Scan, options: WhereOptions): Where {
  const { procRoot = '/proc', sysRoot = '/sys', cgroupRoot = '/sys/fs/cgroup', passwdFile = '/etc/passwd' } = options;
  const isLate = patience(options.searchMs);
  // What is counted for the whole machine is read at one moment: the search after it can take seconds on one that thrashes.
  const meminfo = meminfoOf(procRoot);
  const vmstat = readVmstat(procRoot);
  const pageBytes = isValue(vmstat) ? pageBytesOf(meminfo, vmstat) : vmstat;
  const cpuFreeBytes = bytesOf(readCpuFreePages(procRoot), pageBytes);
  const kernel = kernelMemory(procRoot, sysRoot, meminfo, vmstat, pageBytes);
  const workloads = workloadMemory(scan, meminfo, procRoot, options.sharesMs);
  const users = new UserNames(passwdFile);
  const shmemBytes = valueOrNull(meminfo.Shmem) ?? 0;
  const search = readSharedMemory({ procRoot, processes: scan.processes, users, shmemBytes, isLate });
  const facts: HostMemoryFacts = {
    meminfo,
    workloads,
    shared: search.shared,
    kernel,
    cpuFreeBytes,
  };
  const cgroups = readCgroups({ procRoot, cgroupRoot, isLate });
  const trees = accountForMemory(facts);
  const notices = [...scan.notices.map((notice) => notice.text), ...searchNotices(search, cgroups)];
  const findings = findInMemory(facts, trees.ram, cgroups);
  return { timeMs: scan.timeMs, ...trees, reclaim: reclaimTotals(trees.ram), findings, cgroups, notices };
}

/** True once the CPU time is spent, or five times as much has passed by the clock. */
function patience(cpuMs: number): () => boolean {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  return () => {
    const spent = process.cpuUsage(before);
    return spent.user + spent.system > cpuMs * 1000 || performance.now() - startedMs > 5 * cpuMs;
  };
}

function meminfoOf(procRoot: string): Meminfo {
  const meminfo = readMeminfo(procRoot);
  if (isValue(meminfo) && isValue(meminfo.MemTotal)) return meminfo;
  throw new StanchError(meminfo === notPermitted ? 'STANCH_E_NOT_PERMITTED' : 'STANCH_E_NO_INPUT', {
    expected: `the kernel's figures in ${procRoot}/meminfo`,
    found: meminfo === notPermitted ? 'no permission to read them' : 'no MemTotal there',
    next: 'Run on the host, or in a container that has /proc mounted.',
  });
}

function kernelMemory(
  procRoot: string,
  sysRoot: string,
  meminfo: Meminfo,
  vmstat: Reading<Vmstat>,
  pageBytes: Reading<number>,
): KernelMemory {
  const slab = readSlabinfo(procRoot);
  const vmalloc = isWorthNaming(meminfo) ? readVmallocCallers(procRoot) : absent;
  const sockstat = readSockstat(procRoot);
  const pages = (count: number) => (isValue(pageBytes) ? count * pageBytes : 0);
  const sockets = (figure: keyof Sockstat) => (isValue(sockstat) ? sockstat[figure] : sockstat);
  return {
    slab: isValue(slab) ? slabCaches(slab, sysRoot, pages) : slab,
    vmalloc: isValue(vmalloc) ? vmalloc.map(({ caller, pages: count }) => ({ caller, bytes: pages(count) })) : vmalloc,
    tcpBytes: bytesOf(sockets('tcpPages'), pageBytes),
    udpBytes: bytesOf(sockets('udpPages'), pageBytes),
    fragmentBytes: sockets('fragmentBytes'),
    ipv6FragmentBytes: readIpv6FragmentBytes(procRoot),
    arc: readArcstats(procRoot),
    zram: readZram(sysRoot),
    compressedBytes: bytesOf(isValue(vmstat) ? vmstat.compressedPages : vmstat, pageBytes),
    hugePages: readHugePagePools(sysRoot),
  };
}

function isWorthNaming({ VmallocUsed, KernelStack, MemTotal }: Meminfo): boolean {
  if (!isValue(VmallocUsed) || !isValue(KernelStack) || !isValue(MemTotal)) return true;
  return VmallocUsed - KernelStack >= MemTotal * leastNamedShare;
}

function slabCaches(caches: readonly SlabCache[], sysRoot: string, bytesOfPages: (pages: number) => number): SlabMemory[] {
  return [...caches]
    .sort((a, b) => b.pages - a.pages)
    .slice(0, askedCaches)
    .map(({ name, pages }) => ({ name, bytes: bytesOfPages(pages), reclaimable: readSlabReclaimable(sysRoot, name) }));
}

function searchNotices(search: { complete: boolean; permitted: boolean }, cgroups: CgroupsReading | null): string[] {
  const notices: string[] = [];
  if (!search.permitted) {
    notices.push(
      'Some processes may not be looked into: the deleted files and shared mappings that they hold have no name. Root sees most.',
    );
  }
  if (!search.complete || cgroups?.complete === false) {
    notices.push(
      'This server has more open files, files in tmpfs or cgroups than could be looked at in the time there is: some holders are not named.',
    );
  }
  return notices;
}

function workloadMemory(scan: Scan, meminfo: Meminfo, procRoot: string, sharesMs: number): WorkloadMemory[] {
  const processes = new Map(scan.processes.map((process) => [process.subject.id, process]));
  const workloads = scan.workloads.map((workload) => ({
    name: workload.subject.name,
    subjectId: workload.subject.id,
    anonBytes: valueOrNull(workload.sample.anonBytes) ?? 0,
    swapBytes: valueOrNull(workload.sample.swapBytes) ?? 0,
    processes: workload.memberIds.length,
    members: workload.memberIds.flatMap((id) => processes.get(id) ?? []),
  }));
  const sum = workloads.reduce((bytes, workload) => bytes + workload.anonBytes, 0);
  const counted = isValue(meminfo.AnonPages) ? meminfo.AnonPages : sum;
  if (sum - counted < worthSharingBytes) return workloads;
  const deadlineMs = performance.now() + sharesMs;
  const forked = workloads.filter((workload) => workload.processes > 1).sort((a, b) => b.anonBytes - a.anonBytes);
  for (const workload of forked) {
    const share = fairShare(workload.members, procRoot, deadlineMs);
    // Half of a workload by shares and half by counts would be neither.
    if (share !== null) Object.assign(workload, share);
  }
  return workloads;
}

/** The memory of processes with shared pages divided among those that share them; null when not all could be read in time. */
function fairShare(
  members: readonly ProcessSample[],
  procRoot: string,
  deadlineMs: number,
): { anonBytes: number; swapBytes: number } | null {
  const share = { anonBytes: 0, swapBytes: 0 };
  for (const member of members) {
    if (performance.now() >= deadlineMs) return null;
    const rollup = readPidSmapsRollup(`${procRoot}/${member.id.pid}/smaps_rollup`);
    // One that has ended holds nothing.
    if (rollup === absent) continue;
    if (!isValue(rollup) || !isValue(rollup.pssAnonBytes) || !isValue(rollup.swapPssBytes)) return null;
    share.anonBytes += rollup.pssAnonBytes;
    share.swapBytes += rollup.swapPssBytes;
  }
  return share;
}

/** The size of a page, from a figure that the kernel gives in both units. */
function pageBytesOf(meminfo: Meminfo, vmstat: Vmstat): Reading<number> {
  if (!isValue(vmstat.anonPages) || !isValue(meminfo.AnonPages) || vmstat.anonPages === 0 || meminfo.AnonPages === 0) return absent;
  return 2 ** Math.round(Math.log2(meminfo.AnonPages / vmstat.anonPages));
}

function bytesOf(pages: Reading<number>, pageBytes: Reading<number>): Reading<number> {
  if (!isValue(pages)) return pages;
  return isValue(pageBytes) ? pages * pageBytes : pageBytes;
}
