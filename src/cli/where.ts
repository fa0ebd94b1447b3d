/** `stanch where`: every MiB of RAM and swap accounted for, at once and without a daemon. What it reads, and how it looks. */
import { type Meminfo, readMeminfo } from '../kernel/meminfo.ts';
import { readMountinfo } from '../kernel/mountinfo.ts';
import { readPidSmapsRollup } from '../kernel/pidSmapsRollup.ts';
import { readSysvShmBytes } from '../kernel/sysvipcShm.ts';
import { readTmpfsUse } from '../kernel/tmpfs.ts';
import { readVmstat, type Vmstat } from '../kernel/vmstat.ts';
import { readCpuFreePages } from '../kernel/zoneinfo.ts';
import { StanchError } from '../model/errors.ts';
import { absent, isValue, notPermitted, type Reading, valueOrNull } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';
import { accountForMemory, type MemoryNode, type WorkloadMemory } from '../relate/hostMemory.ts';
import { Sampler } from '../sample/sampler.ts';
import type { ProcessSample, Scan } from '../sample/scan.ts';
import { shownText } from '../sample/shownText.ts';
import type { Paint } from './paint.ts';
import { fit, printable } from './printable.ts';

export interface WhereDocument {
  schema: 'stanch.where/1';
  ram: MemoryNode;
  swap: MemoryNode;
  /** What this account can't see, and where it is counted instead. */
  notices: string[];
}

export interface WhereOptions {
  procRoot?: string;
  cgroupRoot?: string;
  passwdFile?: string;
}

/** Reading page tables to tell shared pages apart is dear: it stops here, and the rest is shared out by arithmetic. */
const sharesBudgetMs = 300;
/** A difference smaller than this is memory that moved while it was read. */
const worthSharingBytes = 16 << 20;

/** Throws STANCH_E_NO_INPUT or STANCH_E_NOT_PERMITTED where the kernel's own figures can't be had. */
export function collectWhere(options: WhereOptions = {}): WhereDocument {
  const procRoot = options.procRoot ?? '/proc';
  const sampler = new Sampler({ ...options, keptFds: 0 });
  try {
    const scan = sampler.scan(Date.now());
    const meminfo = meminfoOf(procRoot);
    const mounts = readMountinfo(procRoot);
    const tmpfs = isValue(mounts) ? readTmpfsUse(mounts) : [];
    const vmstat = readVmstat(procRoot);
    const pageBytes = isValue(vmstat) ? pageBytesOf(meminfo, vmstat) : vmstat;
    const trees = accountForMemory({
      meminfo,
      workloads: workloadMemory(scan, meminfo, procRoot),
      tmpfs: tmpfs.map((use) => ({ ...use, mountPoint: shownText(use.mountPoint, 80) })),
      sysvShmBytes: readSysvShmBytes(procRoot),
      compressedBytes: bytesOf(isValue(vmstat) ? vmstat.compressedPages : vmstat, pageBytes),
      cpuFreeBytes: bytesOf(readCpuFreePages(procRoot), pageBytes),
    });
    return { schema: 'stanch.where/1', ...trees, notices: scan.notices.map((notice) => notice.text) };
  } finally {
    sampler.close();
  }
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

function workloadMemory(scan: Scan, meminfo: Meminfo, procRoot: string): WorkloadMemory[] {
  const processes = new Map(scan.processes.map((process) => [process.subject.id, process]));
  const workloads = scan.workloads.map((workload) => ({
    name: workload.subject.name,
    anonBytes: valueOrNull(workload.sample.anonBytes) ?? 0,
    swapBytes: valueOrNull(workload.sample.swapBytes) ?? 0,
    processes: workload.memberIds.length,
    members: workload.memberIds.flatMap((id) => processes.get(id) ?? []),
  }));
  const sum = workloads.reduce((bytes, workload) => bytes + workload.anonBytes, 0);
  const counted = isValue(meminfo.AnonPages) ? meminfo.AnonPages : sum;
  if (sum - counted < worthSharingBytes) return workloads;
  const deadlineMs = performance.now() + sharesBudgetMs;
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
    if (performance.now() > deadlineMs) return null;
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

const defaultColumns = 80;
/** Size, share and the blanks between. */
const figuresWidth = 21;
const nameWidths = { least: 32, most: 100 };
/** Below this share of the whole a line says nothing to a person; the JSON document has it. */
const leastShare = 0.0005;

/** A tree for a terminal, largest first as given, sizes and shares of the whole aligned. */
export function renderWhere(document: WhereDocument, paint: Paint, columns = defaultColumns): string {
  const width = Math.min(nameWidths.most, Math.max(nameWidths.least, columns - figuresWidth));
  const lines = [...treeLines(document.ram, paint, width), ''];
  lines.push(...(document.swap.bytes > 0 ? treeLines(document.swap, paint, width) : [line('swap', 'none', '', width)]));
  for (const notice of document.notices) lines.push('', paint('yellow', printable(notice)));
  return `${lines.join('\n')}\n`;
}

function treeLines(root: MemoryNode, paint: Paint, width: number): string[] {
  const lines = [paint('bold', line(root.name, formatBytes(root.bytes), '', width))];
  const walk = (node: MemoryNode, indent: string): void => {
    const shown = (node.children ?? []).filter((child) => child.bytes >= root.bytes * leastShare);
    for (const [index, child] of shown.entries()) {
      const last = index === shown.length - 1;
      const share = root.bytes > 0 ? `${((child.bytes / root.bytes) * 100).toFixed(1)} %` : '';
      lines.push(line(`${indent}${last ? '└─ ' : '├─ '}${child.name}`, formatBytes(child.bytes), share, width));
      if (child.note !== undefined) lines.push(paint('dim', `${indent}${last ? '   ' : '│  '}  ${printable(child.note)}`));
      walk(child, `${indent}${last ? '   ' : '│  '}`);
    }
  };
  walk(root, '');
  return lines;
}

function line(name: string, size: string, share: string, width: number): string {
  const shown = fit(printable(name), width);
  return `${shown.padEnd(width)} ${size.padStart(10)} ${share.padStart(8)}`.trimEnd();
}
