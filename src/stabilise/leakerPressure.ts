/** How much of the time all of a leaker's cgroup waits for memory of the server, which is not that it waits at a limit of its own. */
import { readCgroupLimit, readCgroupUsage } from '../kernel/cgroupMemory.ts';
import { parsePidCgroup } from '../kernel/pidCgroup.ts';
import { readCgroupPressure } from '../kernel/pressure.ts';
import { readText } from '../kernel/read.ts';
import { isValue, valueOrNull } from '../model/reading.ts';

/** Of a limit: from here on it is the limit that is waited for. */
const atLimit = 0.95;
const deepest = 16;

/** Share of the last 10 s, 0 to 1. null: its cgroup is not told (v1), or one of those that it is in stands at its own limit. */
export function readLeakerPressure(pid: number, procRoot = '/proc', cgroupRoot = '/sys/fs/cgroup'): number | null {
  const text = readText(`${procRoot}/${pid}/cgroup`, 16_384);
  const path = isValue(text) ? parsePidCgroup(text).unified : null;
  if (path === null || path === '/' || path.includes('/..')) return null;
  const parts = path.split('/').slice(1, deepest);
  const folders = parts.map((_, index) => `${cgroupRoot}/${parts.slice(0, index + 1).join('/')}`);
  if (folders.some(isAtLimit)) return null;
  const pressure = readCgroupPressure(`${cgroupRoot}${path}`);
  return isValue(pressure) ? valueOrNull(pressure.full10) : null;
}

function isAtLimit(folder: string): boolean {
  const limit = readCgroupLimit(folder, 'v2');
  const usage = readCgroupUsage(folder, 'v2');
  return isValue(limit) && isValue(usage) && usage >= atLimit * limit;
}
