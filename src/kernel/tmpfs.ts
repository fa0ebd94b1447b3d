/**
 * How much each visible tmpfs holds: statfs on its mount point, once for each file system. devtmpfs is one, too: what a script
 * writes to a mistyped device in /dev is held in RAM.
 * https://docs.kernel.org/filesystems/tmpfs.html
 */
import { statfsSync, statSync } from 'node:fs';
import { isValue, type Reading } from '../model/reading.ts';
import type { Mount } from './mountinfo.ts';
import { missingFor } from './read.ts';

export interface TmpfsUse {
  mountPoint: string;
  /** `st_dev` of its files; absent when the mount point may not be looked at. */
  device: Reading<number>;
  /** In memory or swapped out: the kernel doesn't tell which. */
  usedBytes: number;
}

const maxFileSystems = 1024;

/** Mounts that can't be asked (another namespace, no permission) are left out. */
export function readTmpfsUse(mounts: readonly Mount[]): TmpfsUse[] {
  const uses: TmpfsUse[] = [];
  const seen = new Set<string>();
  for (const mount of mounts) {
    if ((mount.fileSystem !== 'tmpfs' && mount.fileSystem !== 'devtmpfs') || seen.has(mount.device) || seen.size >= maxFileSystems)
      continue;
    const device = deviceOf(mount.mountPoint);
    // Another mount covers this one: what would be asked is that.
    if (isValue(device) && deviceText(device) !== mount.device) continue;
    seen.add(mount.device);
    const usedBytes = usedBytesOf(mount.mountPoint);
    if (isValue(usedBytes) && usedBytes > 0) uses.push({ mountPoint: mount.mountPoint, device, usedBytes });
  }
  return uses;
}

function usedBytesOf(mountPoint: string): Reading<number> {
  try {
    const stats = statfsSync(Buffer.from(mountPoint, 'latin1'));
    return (stats.blocks - stats.bfree) * stats.bsize;
  } catch (error) {
    return missingFor(error);
  }
}

function deviceOf(mountPoint: string): Reading<number> {
  try {
    return statSync(Buffer.from(mountPoint, 'latin1')).dev;
  } catch (error) {
    return missingFor(error);
  }
}

/** As mountinfo has it: `major:minor`, of which both are spread over the number. */
function deviceText(device: number): string {
  return `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`;
}
