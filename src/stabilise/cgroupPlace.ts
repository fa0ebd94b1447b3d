import { statSync } from 'node:fs';
import type { CgroupPlace } from '../model/action.ts';

/** A service that was started anew has a cgroup of the same name, and of another inode. null: there is none. */
export function cgroupPlace(path: string, cgroupRoot = '/sys/fs/cgroup'): CgroupPlace | null {
  const found = statSync(`${cgroupRoot}${path}`, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : { path, id: String(found.ino) };
}
