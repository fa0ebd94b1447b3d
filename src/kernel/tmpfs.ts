/** How much each visible tmpfs holds: statfs on its mount point, once for each file system. */
import { statfsSync } from 'node:fs';
import { isValue, type Reading } from '../model/reading.ts';
import type { Mount } from './mountinfo.ts';
import { missingFor } from './read.ts';

export interface TmpfsUse {
  mountPoint: string;
  /** In memory or swapped out: the kernel doesn't tell which. */
  usedBytes: number;
}

const maxFileSystems = 1024;

/** Mounts that can't be asked (another namespace, no permission) are left out. */
export function readTmpfsUse(mounts: readonly Mount[]): TmpfsUse[] {
  const uses: TmpfsUse[] = [];
  const seen = new Set<string>();
  for (const mount of mounts) {
    if (mount.fileSystem !== 'tmpfs' || seen.has(mount.device) || seen.size >= maxFileSystems) continue;
    seen.add(mount.device);
    const usedBytes = usedBytesOf(mount.mountPoint);
    if (isValue(usedBytes) && usedBytes > 0) uses.push({ mountPoint: mount.mountPoint, usedBytes });
  }
  return uses;
}

function usedBytesOf(mountPoint: string): Reading<number> {
  try {
    const stats = statfsSync(mountPoint);
    return (stats.blocks - stats.bfree) * stats.bsize;
  } catch (error) {
    return missingFor(error);
  }
}
