/**
 * Files that another machine or a program answers for, which may never do so: whoever asks for one then stands still and can't be ended.
 * What a process chose is asked for only where a disk or memory answers.
 */
import { isValue } from '../model/reading.ts';
import { type Mount, readMountinfo } from './mountinfo.ts';

const remote = /^(?:nfs\d?|cifs|smb3?|smbfs|afs|ceph|9p|glusterfs|lustre|beegfs|gpfs|orangefs|ocfs2|gfs2|autofs|davfs|fuse(?:\..*)?)$/;

/** `path` as the process `process` of `procRoot` sees it. */
export function mayNeverAnswer(path: string, procRoot = '/proc', process: number | 'self' = 'self'): boolean {
  const mounts = readMountinfo(procRoot, process);
  return isValue(mounts) && isRemote(path, mounts);
}

/** By the mount that it is below, the last of several; what is at `/` holds everything up anyhow. Pure. */
export function isRemote(path: string, mounts: readonly Mount[]): boolean {
  let below: Mount | undefined;
  for (const mount of mounts) {
    const { length } = mount.mountPoint;
    const isBelow = mount.mountPoint !== '/' && path.startsWith(mount.mountPoint) && (path.length === length || path[length] === '/');
    if (isBelow && length >= (below?.mountPoint.length ?? 0)) below = mount;
  }
  return below !== undefined && remote.test(below.fileSystem);
}
