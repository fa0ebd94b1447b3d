/**
 * Files that another machine or a program answers for, which may never do so: whoever asks for one then stands still and can't be ended.
 * What a process chose is asked for only where a disk or memory answers.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { isValue } from '../model/reading.ts';
import { type Mount, readMountinfo } from './mountinfo.ts';
import { missingFor } from './read.ts';

const remote = /^(?:nfs\d?|cifs|smb3?|smbfs|afs|ceph|9p|glusterfs|lustre|beegfs|gpfs|orangefs|ocfs2|gfs2|autofs|davfs|fuse(?:\..*)?)$/;

const mostSteps = 256;

/**
 * Where a path leads, links followed one by one, each looked at before it is touched; null: elsewhere, or to nothing. `root`: of those who have
 * these mounts, empty for stanch itself. What is there may be exchanged meanwhile: then it is followed all the same.
 */
export function pathOnThisMachine(path: string, mounts: readonly Mount[], root: string): string | null {
  let at = '';
  let ahead = partsOf(path);
  for (let step = 0; step < mostSteps; step += 1) {
    const [next, ...rest] = ahead;
    if (next === undefined) return at === '' ? '/' : at;
    const there = `${at}/${next}`;
    if (isRemote(there, mounts)) return null;
    const link = linkAt(`${root}${there}`);
    if (link === null) return null;
    ahead = link === '' ? rest : [...partsOf(posix.resolve(at === '' ? '/' : at, link)), ...rest];
    at = link === '' ? there : '';
  }
  return null;
}

function partsOf(path: string): string[] {
  return posix.normalize(path).split('/').filter(Boolean);
}

/** Empty: no link. Null: nothing is there, or it may not be known. */
function linkAt(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : '';
  } catch (error) {
    missingFor(error);
    return null;
  }
}

/** `path`, without links, as the process `process` of `procRoot` sees it. */
export function mayNeverAnswer(path: string, procRoot: string, process: number): boolean {
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
