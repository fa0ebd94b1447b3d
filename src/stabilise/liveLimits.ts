/** Limits of a service as the kernel holds them, by the names that systemd has for them. */
import { existsSync } from 'node:fs';
import { readText } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';

const files = { MemoryHigh: 'memory.high', MemoryMax: 'memory.max', MemorySwapMax: 'memory.swap.max', TasksMax: 'pids.max' } as const;

export type LiveLimit = keyof typeof files;
export const liveLimitNames = Object.keys(files).filter(isLiveLimit);

export function isLiveLimit(name: string): name is LiveLimit {
  return Object.hasOwn(files, name);
}

/** In bytes or tasks, `infinity` for none, as systemd writes it; null: this kernel has no such limit here. `folder` of a cgroup of v2. */
export function readLiveLimit(folder: string, name: LiveLimit): string | null {
  const text = readText(`${folder}/${files[name]}`, 64);
  if (!isValue(text)) return null;
  return text.trim() === 'max' ? 'infinity' : text.trim();
}

/** What is not as it should be, in words; empty: all is in force, or nothing runs that it could be in force for. */
export function notInForce(folder: string, wanted: Readonly<Partial<Record<LiveLimit, string>>>): string[] {
  if (!existsSync(folder)) return [];
  return liveLimitNames.flatMap((name) => {
    const value = wanted[name];
    if (value === undefined) return [];
    const found = readLiveLimit(folder, name);
    // Kernels that do not count swap by cgroup have no such file, and then there is nothing that could be held.
    if (found === null && name === 'MemorySwapMax') return [];
    return found !== null && isSame(found, value) ? [] : [`${name} ${found ?? 'unknown to this kernel'}`];
  });
}

/** The kernel rounds bytes down to whole pages. */
const largestPage = 65_536;

function isSame(found: string, wanted: string): boolean {
  if (found === wanted) return true;
  const difference = Number(wanted) - Number(found);
  return difference >= 0 && difference < largestPage && Number(wanted) >= largestPage;
}
