/** What a process has cost so far, from /proc. */
import { readFileSync } from 'node:fs';

/** USER_HZ, which Linux fixes for everything outside the kernel. */
const ticksPerSecond = 100;

export interface ProcessCost {
  cpuSeconds: number;
  rssBytes: number;
  /** The most it ever had resident. */
  peakRssBytes: number;
}

/** null: it is gone, or a zombie. */
export function readProcessCost(pid: number): ProcessCost | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
    const peakRssBytes = kibibytes('VmHWM') * 1024;
    if (Number.isNaN(peakRssBytes)) return null;
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    return { cpuSeconds, rssBytes: kibibytes('VmRSS') * 1024, peakRssBytes };
  } catch (error) {
    // It ended between two reads.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null;
    throw error;
  }
}
