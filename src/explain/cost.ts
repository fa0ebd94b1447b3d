/** What an explanation will cost, told before, and whether there is room for it. The process itself is not stopped: it only shares the CPU. */
import { dirname, posix } from 'node:path';
import { type CgroupVersion, readCgroupLimit, readCgroupUsage } from '../kernel/cgroupMemory.ts';
import { readMeminfo } from '../kernel/meminfo.ts';
import { parsePidCgroup } from '../kernel/pidCgroup.ts';
import { readPidStatus } from '../kernel/pidStatus.ts';
import { readText } from '../kernel/read.ts';
import { StanchError } from '../model/errors.ts';
import type { EvidenceCost } from '../model/evidence.ts';
import { isValue, valueOrNull } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';
import type { Means } from './means.ts';
import { type SnapshotCost, snapshotCost, snapshotRssBytes } from './node/snapshotCost.ts';
import { openFpmPool } from './php/fpmPool.ts';
import type { TargetMemory } from './targetMemory.ts';

/** What an explanation costs whatever there is in the heap, and what each byte adds, over all looks: measured with `npm run bench -- why`. */
interface Rate {
  cpuSeconds: number;
  cpuSecondsPerGiB: number;
  rssBytes: number;
  rssPart: number;
}

const mebi = 1 << 20;
const rates = {
  native: { cpuSeconds: 0.35, cpuSecondsPerGiB: 7, rssBytes: 90 * mebi, rssPart: 0.4 },
  node: { cpuSeconds: 0.8, cpuSecondsPerGiB: 4.5, rssBytes: 110 * mebi, rssPart: 0.05 },
  jvm: { cpuSeconds: 1.5, cpuSecondsPerGiB: 10, rssBytes: 110 * mebi, rssPart: 0.2 },
  python: { cpuSeconds: 0.45, cpuSecondsPerGiB: 4.5, rssBytes: 80 * mebi, rssPart: 0.17 },
  php: { cpuSeconds: 0.5, cpuSecondsPerGiB: 7, rssBytes: 105 * mebi, rssPart: 0.08 },
  ruby: { cpuSeconds: 1.3, cpuSecondsPerGiB: 8.5, rssBytes: 95 * mebi, rssPart: 0.07 },
  go: { cpuSeconds: 0.65, cpuSecondsPerGiB: 7.5, rssBytes: 92 * mebi, rssPart: 0.5 },
} satisfies Record<string, Rate>;

/** By a file that the process has mapped; Go says it in the program itself. */
const runtimeFiles: readonly [keyof typeof rates, RegExp][] = [
  ['jvm', /\/libjvm\.so/],
  ['php', /\/(?:php|libphp)[^/]*$/],
  ['ruby', /\/(?:ruby|libruby)[^/]*$/],
  ['node', /\/(?:node|libnode)[^/]*$/],
  ['python', /\/(?:libpython|python)3[^/]*$/],
];
export const headroomFactor = 2;
/** Of a core, while a pool is looked at. */
const poolPart = 0.04;
/** And for each of its workers. */
const workerPart = 0.001;
/** Of asking the process itself: its memory is not read, and what it answers is short. */
const asking = { cpuSeconds: 0.4, rssBytes: 90 * mebi };
const probesCpuSeconds = 1;
const probesRssBytes = 96 << 20;
const probesWallMs = 5_000;
const readingCpuSecondsPerGiB = 16;
const samplesRssBytes = 64 << 20;
const samplesWallMs = 3_000;
const mostRssBytes = 680 << 20;
const maxDepth = 32;

/** Bytes in memory that may be heap, as the kernel counts them: to look page by page takes minutes where terabytes are only reserved. */
export function heapBytes({ pid }: TargetMemory): number {
  const status = readPidStatus(`/proc/${pid}`);
  return isValue(status) ? (valueOrNull(status.anonBytes) ?? 0) : 0;
}

/** The same with what is swapped out, which is read in again when the process goes through its heap. A kernel without swap does not tell of it. */
export function ownBytes({ pid }: Pick<TargetMemory, 'pid'>): number {
  const status = readPidStatus(`/proc/${pid}`);
  return isValue(status) ? (valueOrNull(status.anonBytes) ?? 0) + (valueOrNull(status.swapBytes) ?? 0) : 0;
}

function estimateOfHeap(memory: TargetMemory, intervalMs: number): EvidenceCost {
  const bytes = heapBytes(memory);
  const rate = rates[runtimeOf(memory)];
  const cpuSeconds = rate.cpuSeconds + (bytes / 2 ** 30) * rate.cpuSecondsPerGiB;
  return {
    cpuSeconds,
    rssBytes: Math.min(mostRssBytes, rate.rssBytes + bytes * rate.rssPart),
    wallMs: 2 * intervalMs + cpuSeconds * 1000,
  };
}

/** Before a process is looked at: how much there is is read, and nothing of it. A pool of PHP-FPM is looked at all of the time. */
export function estimateFor(memory: TargetMemory, intervalMs: number, means: Means = 'memory'): EvidenceCost {
  if (means === 'inspector') return { ...asking, wallMs: 2 * intervalMs + asking.cpuSeconds * 1000 };
  const estimate = estimateOfLooks(memory, intervalMs);
  if (means === 'snapshot') return withSnapshot(estimate, snapshotCost(ownBytes(memory)));
  if (means === 'samples')
    return { ...estimate, rssBytes: estimate.rssBytes + samplesRssBytes, wallMs: estimate.wallMs + intervalMs + samplesWallMs };
  return means === 'uprobes' ? withProbes(estimate) : estimate;
}

function estimateOfLooks(memory: TargetMemory, intervalMs: number): EvidenceCost {
  const estimate = estimateOfHeap(memory, intervalMs);
  const pool = openFpmPool(memory.pid);
  if (pool === null) return estimate;
  const part = poolPart + pool.workers().length * workerPart;
  return { ...estimate, cpuSeconds: estimate.cpuSeconds + (2 * intervalMs * part) / 1000, wallMs: 2 * intervalMs };
}

/** With a last look, and what probes say of some thousand blocks. */
function withProbes({ cpuSeconds, rssBytes, wallMs }: EvidenceCost): EvidenceCost {
  return {
    cpuSeconds: (cpuSeconds * 4) / 3 + probesCpuSeconds,
    rssBytes: Math.min(mostRssBytes, rssBytes + probesRssBytes),
    wallMs: wallMs * 1.5 + probesWallMs,
  };
}

function withSnapshot({ cpuSeconds, rssBytes, wallMs }: EvidenceCost, snapshot: SnapshotCost): EvidenceCost {
  return {
    cpuSeconds: cpuSeconds + (snapshot.diskBytes / 2 ** 30) * readingCpuSecondsPerGiB,
    // The looks are over when it is read, but their memory is not given back.
    rssBytes: rssBytes + snapshotRssBytes(snapshot.diskBytes),
    wallMs: wallMs + snapshot.pauseMs,
  };
}

export function runtimeOf(memory: TargetMemory): keyof typeof rates {
  const files = memory.regions().flatMap(({ path }) => (path.startsWith('/') ? [path] : []));
  const known = runtimeFiles.find(([, file]) => files.some((path) => file.test(path)));
  if (known !== undefined) return known[0];
  return memory.section((path) => path === files[0], '.go.buildinfo') === null ? 'native' : 'go';
}

/** The child is ended before it takes more. Of a small heap that grows fast it needs more than its size at the beginning says. */
export function memoryCapBytes(estimate: EvidenceCost): number {
  return Math.max(384 << 20, estimate.rssBytes * 1.5);
}

export interface Headroom {
  bytes: number;
  /** What ends there. */
  wall: 'memory of the server' | 'limit of its cgroup';
  isEnough: boolean;
}

/** Of this process, whose child is counted where it is, or of another one. Null: the system does not say. */
export function readHeadroom(
  rssBytes: number,
  of: number | 'self' = 'self',
  roots = { proc: '/proc', cgroup: '/sys/fs/cgroup' },
): Headroom | null {
  const meminfo = readMeminfo(roots.proc);
  if (!isValue(meminfo) || !isValue(meminfo.MemAvailable)) return null;
  const left = cgroupRoom(of, roots);
  const isCgroup = left !== null && left < meminfo.MemAvailable;
  const bytes = isCgroup ? left : meminfo.MemAvailable;
  return { bytes, wall: isCgroup ? 'limit of its cgroup' : 'memory of the server', isEnough: bytes >= rssBytes * headroomFactor };
}

/** Errors: STANCH_E_BUDGET. */
export function requireHeadroom(rssBytes: number): void {
  const headroom = readHeadroom(rssBytes);
  if (headroom === null || headroom.isEnough) return;
  throw new StanchError('STANCH_E_BUDGET', {
    expected: `twice ${formatBytes(rssBytes)} of memory to be free`,
    found: `${formatBytes(headroom.bytes)} (${headroom.wall})`,
    next: 'Make room first: stanch do throttle WORKLOAD. Who holds it: stanch where',
  });
}

/** Least room below a limit from its cgroup up to the root; null without one. */
function cgroupRoom(of: number | 'self', { proc, cgroup }: { proc: string; cgroup: string }): number | null {
  const text = readText(`${proc}/${of}/cgroup`, 65_536);
  if (!isValue(text)) return null;
  const { unified, memory } = parsePidCgroup(text);
  const version: CgroupVersion = memory === null ? 'v2' : 'v1';
  const path = memory ?? unified;
  if (path === null || path.split('/').includes('..')) return null;
  let least: number | null = null;
  for (let level = path, depth = 0; depth < maxDepth; level = dirname(level), depth += 1) {
    const folder = posix.join(cgroup, version === 'v1' ? 'memory' : '', level);
    const limit = readCgroupLimit(folder, version);
    const usage = readCgroupUsage(folder, version);
    if (isValue(limit) && isValue(usage)) least = Math.min(least ?? Number.POSITIVE_INFINITY, Math.max(0, limit - usage));
    if (level === '/' || level === '.') break;
  }
  return least;
}
