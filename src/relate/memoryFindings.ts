/** What a person should know of where the memory is, each with what to look at next. Pure. */
import { isValue } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';
import type { CgroupsReading } from './cgroups.ts';
import { type HostMemoryFacts, remainderName } from './hostMemory.ts';
import { known, type MemoryNode, node, sumOf, whole } from './memoryTree.ts';
import { holderText } from './sharedMemory.ts';

export interface MemoryFinding {
  kind: 'no-process-has-it' | 'orphaned-segments' | 'deleted-files' | 'idle-huge-pages' | 'dying-cgroups' | 'cgroup-at-limit' | 'oom-kills';
  /** How much memory it is about; null where it is a count. */
  bytes: number | null;
  text: string;
  /** What to look at or to do, as a command where there is one. */
  next: string;
}

/**
 * Share of RAM that the kernel, idle huge pages, files in tmpfs and the remainder may have together. Healthy servers give them 3 to 10 %,
 * small ones up to 15 %, as most of it does not grow with RAM. A fifth is more than any of them needs, and soon enough to be of use.
 */
const noProcessShare = 0.2;
/** Waste below this is in the tree, and not worth waking somebody. */
const leastTold = 16 << 20;
/** Services and containers that come and go leave some hundreds for a while. */
const manyDying = 1000;
const atLimitShare = 0.95;
const namedHolders = 3;

export function findInMemory(facts: HostMemoryFacts, ram: MemoryNode, cgroups: CgroupsReading | null): MemoryFinding[] {
  const findings = [noProcessHasIt(facts, ram), orphanedSegments(facts), deletedFiles(facts), idleHugePages(facts)];
  return [...findings, ...cgroupFindings(cgroups)].filter((finding) => finding !== null);
}

/** What to look at, by the name of the part that is largest. First match. */
const nextSteps: readonly [RegExp, string][] = [
  // A path is part of a command only where a shell takes it as it stands.
  [/^tmpfs (\/[\w./@:+-]*)$/, 'Look for what is large there: du -xh $1 | sort -h | tail'],
  [/^tmpfs/, 'Look for what is large there, with du -xh.'],
  [/^System V/, 'List the segments with owner and use: ipcs -m -p -u'],
  [/^(slab|dentry)/, 'See the caches, largest first: slabtop -o -s c'],
  [/^socket buffers/, 'See whose buffers are full: ss -tumpn'],
  [/^page tables/, 'Many processes map the same large memory: huge pages make their tables small.'],
  [/^vmalloc/, 'See who asked for it: sort -k2 -n /proc/vmallocinfo | tail'],
  [/^set aside and free/, 'Give them back: sysctl vm.nr_hugepages=0'],
  [/^compressed/, 'Memory was swapped into RAM: find out who was swapped out, with stanch where.'],
  [/^ZFS ARC/, 'Lower its limits: zfs_arc_min and zfs_arc_max in /sys/module/zfs/parameters'],
  [/^remainder/, 'A driver, many full pipes, or a virtual machine may have it: lsmod, dmesg, and what was changed last.'],
];

function noProcessHasIt(facts: HostMemoryFacts, ram: MemoryNode): MemoryFinding | null {
  const parts = [...unownedKernel(ram), ...unownedShared(facts)];
  const bytes = sumOf(parts);
  const largest = parts.sort((a, b) => b.bytes - a.bytes)[0];
  if (largest === undefined || bytes < ram.bytes * noProcessShare) return null;
  const step = nextSteps.find(([pattern]) => pattern.test(largest.name));
  const next =
    step === undefined ? 'Look at the largest parts of the tree.' : step[1].replace('$1', () => step[0].exec(largest.name)?.[1] ?? '');
  return {
    kind: 'no-process-has-it',
    bytes,
    text: `Memory is gone but no process has it: ${formatBytes(bytes)}, ${percent(bytes / ram.bytes)} of RAM. Most of it is ${largest.name}, ${formatBytes(largest.bytes)}.`,
    next,
  };
}

/** What the kernel can't give back, and what it does not itemise. */
function unownedKernel(ram: MemoryNode): MemoryNode[] {
  return (ram.children ?? []).flatMap((part) => {
    if (part.name === remainderName) return [part];
    if (part.name === 'kernel') return (part.children ?? []).filter((kind) => kind.reclaim === 'unreclaimable');
    if (part.name === 'huge pages') return (part.children ?? []).filter(({ name }) => name.startsWith('set aside and free'));
    return [];
  });
}

/** Files that have a name, and segments that nobody has attached: they stay when every process ends. */
function unownedShared({ shared, meminfo }: HostMemoryFacts): MemoryNode[] {
  const files = shared.tmpfs.map((tmpfs) => node(`tmpfs ${tmpfs.mountPoint}`, Math.max(0, tmpfs.usedBytes - sumOf(tmpfs.deleted))));
  const orphans = isValue(shared.segments) ? shared.segments.filter(({ attached }) => attached === 0) : [];
  const segments = node(
    'System V segments',
    orphans.reduce((bytes, segment) => bytes + segment.residentBytes, 0),
  );
  // What is swapped out is in the size of a file as well.
  return whole('', known(meminfo.Shmem), [...files, segments], '').children?.filter(({ name }) => name !== '') ?? [];
}

function orphanedSegments({ shared }: HostMemoryFacts): MemoryFinding | null {
  const orphans = isValue(shared.segments) ? shared.segments.filter(({ attached }) => attached === 0) : [];
  const bytes = orphans.reduce((sum, segment) => sum + segment.residentBytes + segment.swapBytes, 0);
  const largest = [...orphans].sort((a, b) => b.residentBytes + b.swapBytes - a.residentBytes - a.swapBytes)[0];
  if (largest === undefined || bytes < leastTold) return null;
  const count = orphans.length === 1 ? 'a System V segment that no process has' : `${orphans.length} System V segments that no process has`;
  return {
    kind: 'orphaned-segments',
    bytes,
    text: `${formatBytes(bytes)} is in ${count} attached. The largest is ${largest.id} of ${largest.owner}, made by ${largest.creator}.`,
    next: `When its owner does not need it any more: ipcrm -m ${largest.id}`,
  };
}

function deletedFiles({ shared }: HostMemoryFacts): MemoryFinding | null {
  const nameless = shared.nameless.filter(({ kind }) => kind === 'deleted file');
  const files = [...shared.tmpfs.flatMap(({ deleted }) => deleted), ...nameless].sort((a, b) => b.bytes - a.bytes);
  const bytes = sumOf(files);
  if (bytes < leastTold) return null;
  const holders = [...new Set(files.map(({ holder }) => holderText(holder)))];
  const more = holders.length > namedHolders ? ` and ${holders.length - namedHolders} more` : '';
  return {
    kind: 'deleted-files',
    bytes,
    text: `${formatBytes(bytes)} is in files of a tmpfs that were deleted and are still open in ${holders.slice(0, namedHolders).join(', ')}${more}. du does not see them.`,
    next: 'The memory comes back when they close the file: restart them.',
  };
}

function idleHugePages({ kernel }: HostMemoryFacts): MemoryFinding | null {
  const pools = isValue(kernel.hugePages) ? kernel.hugePages : [];
  const bytes = pools.reduce((sum, pool) => sum + Math.max(0, pool.freePages - pool.reservedPages) * pool.pageBytes, 0);
  if (bytes < leastTold) return null;
  return {
    kind: 'idle-huge-pages',
    bytes,
    text: `${formatBytes(bytes)} is set aside as huge pages, and nobody uses or has asked for it.`,
    next: 'If no database or virtual machine is about to start, give them back: sysctl vm.nr_hugepages=0',
  };
}

function cgroupFindings(cgroups: CgroupsReading | null): (MemoryFinding | null)[] {
  if (cgroups === null) return [];
  const { dying, largest } = cgroups;
  const atLimit = largest.find(
    (cgroup) => known(cgroup.limitBytes) > 0 && known(cgroup.usageBytes) >= known(cgroup.limitBytes) * atLimitShare,
  );
  const killed = [...largest].sort((a, b) => known(b.oomKills) - known(a.oomKills)).find((cgroup) => known(cgroup.oomKills) > 0);
  return [
    known(dying) < manyDying
      ? null
      : {
          kind: 'dying-cgroups',
          bytes: null,
          text: `${known(dying)} cgroups were removed and are still in the kernel, because memory is charged to them.`,
          next: 'See what starts and ends so often: systemd-cgtop, or the containers. Freeing caches lets them go: echo 3 > /proc/sys/vm/drop_caches',
        },
    atLimit === undefined
      ? null
      : {
          kind: 'cgroup-at-limit',
          bytes: known(atLimit.usageBytes),
          text: `${atLimit.path} is at its memory limit: ${formatBytes(known(atLimit.usageBytes))} of ${formatBytes(known(atLimit.limitBytes))}, met ${known(atLimit.atLimit)} times.`,
          next: 'More limit, or less memory: see what it holds in the list of cgroups (stanch where --json).',
        },
    killed === undefined
      ? null
      : {
          kind: 'oom-kills',
          bytes: null,
          text: `${known(killed.oomKills)} ${known(killed.oomKills) === 1 ? 'process' : 'processes'} of ${killed.path} ended for want of memory since it was started.`,
          next: 'See which: journalctl -k -g "Killed process"',
        },
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
