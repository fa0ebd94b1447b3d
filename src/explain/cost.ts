/** What an explanation will cost, told before, and whether there is room for it. The process itself is not stopped: it only shares the CPU. */
import { dirname, posix } from 'node:path';
import { type CgroupVersion, readCgroupLimit, readCgroupUsage } from '../kernel/cgroupMemory.ts';
import { readMeminfo } from '../kernel/meminfo.ts';
import { parsePidCgroup } from '../kernel/pidCgroup.ts';
import { readText } from '../kernel/read.ts';
import type { EvidenceCost } from '../model/evidence.ts';
import { isValue } from '../model/reading.ts';
import { isFpmWorker } from './php/fpmPool.ts';
import type { TargetMemory } from './targetMemory.ts';

/** Measured with `npm run bench -- why`: what every look costs, and what each byte of the process does, over all looks. */
const fixedCpuSeconds = 0.4;
const cpuSecondsPerGiB = 9;
const fixedRssBytes = 100 << 20;
const rssPart = 0.17;
/** So many times what it needs has to be free. */
export const headroomFactor = 2;
/** Of a core, while a pool is looked at. */
const poolPart = 0.04;
const mostRssBytes = 680 << 20;
const maxDepth = 32;

/** Bytes in memory that may be heap. */
export function heapBytes(memory: TargetMemory): number {
  let bytes = 0;
  for (const { start, end, writable, path } of memory.regions()) {
    if (!writable || path.startsWith('/')) continue;
    for (const [from, to] of memory.present(start, end)) bytes += to - from;
  }
  return bytes;
}

export function estimateCost(bytes: number, intervalMs: number): EvidenceCost {
  const cpuSeconds = fixedCpuSeconds + (bytes / 2 ** 30) * cpuSecondsPerGiB;
  return {
    cpuSeconds,
    rssBytes: Math.min(mostRssBytes, fixedRssBytes + bytes * rssPart),
    wallMs: 2 * intervalMs + cpuSeconds * 1000,
  };
}

/** Before a process is looked at. A pool of PHP-FPM is looked at all of the time. */
export function estimateFor(memory: TargetMemory, intervalMs: number): EvidenceCost {
  const estimate = estimateCost(heapBytes(memory), intervalMs);
  if (!isFpmWorker(memory.pid)) return estimate;
  return { ...estimate, cpuSeconds: estimate.cpuSeconds + (2 * intervalMs * poolPart) / 1000, wallMs: 2 * intervalMs };
}

/** The child is ended before it takes more. */
export function memoryCapBytes(estimate: EvidenceCost): number {
  return Math.max(256 << 20, estimate.rssBytes * 1.5);
}

export interface Headroom {
  bytes: number;
  /** What ends there. */
  wall: 'memory of the server' | 'limit of its cgroup';
  isEnough: boolean;
}

/** Of this process: its child is counted where it is. Null: the system does not say. */
export function readHeadroom(rssBytes: number, roots = { proc: '/proc', cgroup: '/sys/fs/cgroup' }): Headroom | null {
  const meminfo = readMeminfo(roots.proc);
  if (!isValue(meminfo) || !isValue(meminfo.MemAvailable)) return null;
  const left = cgroupRoom(roots);
  const isCgroup = left !== null && left < meminfo.MemAvailable;
  const bytes = isCgroup ? left : meminfo.MemAvailable;
  return { bytes, wall: isCgroup ? 'limit of its cgroup' : 'memory of the server', isEnough: bytes >= rssBytes * headroomFactor };
}

/** Least room below a limit from the own cgroup up to the root; null without one. */
function cgroupRoom({ proc, cgroup }: { proc: string; cgroup: string }): number | null {
  const text = readText(`${proc}/self/cgroup`, 65_536);
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
