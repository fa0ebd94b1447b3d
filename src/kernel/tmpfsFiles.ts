/**
 * The largest files of a tmpfs: what takes the room that statfs says is taken. POSIX shared memory is the files of /dev/shm.
 * A walk over the names, which others can make as many of as they like: bounded in number, depth and time. Never follows a link,
 * and never leaves the file system: folders are opened by their descriptor, so that none can be swapped for another meanwhile.
 * https://docs.kernel.org/filesystems/tmpfs.html and https://man7.org/linux/man-pages/man7/shm_overview.7.html
 */
import { closeSync, constants, type Dir, fstatSync, lstatSync, opendirSync, openSync, type Stats } from 'node:fs';
import { isValue, type Reading } from '../model/reading.ts';
import { missingFor } from './read.ts';

export interface TmpfsFile {
  /** Below the mount point, Latin-1 as it is there. */
  path: string;
  /** Device and inode. */
  key: string;
  /** In memory or swapped out. */
  bytes: number;
}

const maxDepth = 16;
const blockBytes = 512;
const openFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface Walk {
  device: number;
  files: TmpfsFile[];
  left: number;
  isLate: () => boolean;
}

/** Files of at least `leastBytes`, unordered. `complete` is false when the walk was cut short. */
export function readTmpfsFiles(
  mountPoint: string,
  { leastBytes, maxEntries, isLate }: { leastBytes: number; maxEntries: number; isLate: () => boolean },
): Reading<{ files: TmpfsFile[]; complete: boolean }> {
  let root: number;
  try {
    root = openSync(Buffer.from(mountPoint, 'latin1'), openFolder);
  } catch (error) {
    return missingFor(error);
  }
  try {
    const walk: Walk = { device: fstatSync(root).dev, files: [], left: maxEntries, isLate };
    const complete = walkFolder(walk, root, '', leastBytes, 0);
    return { files: walk.files, complete };
  } finally {
    closeSync(root);
  }
}

function walkFolder(walk: Walk, folder: number, path: string, leastBytes: number, depth: number): boolean {
  const place = `/proc/self/fd/${folder}`;
  let entries: Dir;
  try {
    entries = opendirSync(place, { encoding: 'latin1' });
  } catch (error) {
    missingFor(error);
    return false;
  }
  let complete = true;
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      walk.left -= 1;
      if (walk.left < 0 || walk.isLate()) return false;
      const stats = statsOf(`${place}/${entry.name}`);
      if (!isValue(stats) || stats.dev !== walk.device) continue;
      const name = `${path}/${entry.name}`;
      const bytes = stats.blocks * blockBytes;
      if (stats.isDirectory()) complete = enter(walk, `${place}/${entry.name}`, name, leastBytes, depth + 1) && complete;
      else if (bytes >= leastBytes) walk.files.push({ path: name, key: `${stats.dev}:${stats.ino}`, bytes });
    }
    return complete;
  } finally {
    entries.closeSync();
  }
}

function statsOf(path: string): Reading<Stats> {
  try {
    return lstatSync(Buffer.from(path, 'latin1'));
  } catch (error) {
    return missingFor(error);
  }
}

function enter(walk: Walk, place: string, path: string, leastBytes: number, depth: number): boolean {
  if (depth > maxDepth) return false;
  let folder: number;
  try {
    folder = openSync(Buffer.from(place, 'latin1'), openFolder);
  } catch (error) {
    missingFor(error);
    return false;
  }
  try {
    // Something else may have been mounted there since it was looked at.
    return fstatSync(folder).dev !== walk.device || walkFolder(walk, folder, path, leastBytes, depth);
  } finally {
    closeSync(folder);
  }
}
