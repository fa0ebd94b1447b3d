/**
 * The largest files of a tmpfs: what takes the room that statfs says is taken. POSIX shared memory is the files of /dev/shm.
 * A walk over the names, which others can make as many of as they like: bounded in number, depth and time. Never follows a link,
 * and never leaves the file system: folders are opened by their descriptor, so that none can be swapped for another meanwhile.
 * https://docs.kernel.org/filesystems/tmpfs.html and https://man7.org/linux/man-pages/man7/shm_overview.7.html
 */
import { closeSync, constants, type Dir, fstatSync, lstatSync, opendirSync, openSync, type Stats } from 'node:fs';
import { isValue, type Reading } from '../model/reading.ts';
import { missingFor } from './read.ts';

interface TmpfsFile {
  /** Below the mount point, Latin-1 as it is there. */
  path: string;
  /** In memory or swapped out. */
  bytes: number;
}

const maxDepth = 16;
const blockBytes = 512;
const openFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface TmpfsWalk {
  /** Of at least the size asked for, unordered. */
  files: TmpfsFile[];
  /** Of all files, the small ones among them: what the file system takes beyond has no name. */
  bytes: number;
  /** Every file was looked at. */
  complete: boolean;
}

interface Walk {
  device: number;
  files: TmpfsFile[];
  bytes: number;
  seen: Set<string>;
  leastBytes: number;
  left: number;
  isLate: () => boolean;
}

export interface TmpfsWalkLimits {
  leastBytes: number;
  maxEntries: number;
  isLate: () => boolean;
}

export function readTmpfsFiles(mountPoint: string, { leastBytes, maxEntries, isLate }: TmpfsWalkLimits): Reading<TmpfsWalk> {
  let root: number;
  try {
    root = openSync(Buffer.from(mountPoint, 'latin1'), openFolder);
  } catch (error) {
    return missingFor(error);
  }
  try {
    const walk: Walk = { device: fstatSync(root).dev, files: [], bytes: 0, seen: new Set(), leastBytes, left: maxEntries, isLate };
    const complete = walkFolder(walk, root, '', 0);
    return { files: walk.files, bytes: walk.bytes, complete };
  } finally {
    closeSync(root);
  }
}

function walkFolder(walk: Walk, folder: number, path: string, depth: number): boolean {
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
      if (stats.isDirectory()) complete = enter(walk, `${place}/${entry.name}`, name, depth + 1) && complete;
      else count(walk, name, stats);
    }
    return complete;
  } finally {
    entries.closeSync();
  }
}

/** A file with several names counts once. */
function count(walk: Walk, path: string, stats: Stats): void {
  const key = `${stats.dev}:${stats.ino}`;
  if (stats.nlink > 1 && walk.seen.has(key)) return;
  if (stats.nlink > 1) walk.seen.add(key);
  const bytes = stats.blocks * blockBytes;
  walk.bytes += bytes;
  if (bytes >= walk.leastBytes) walk.files.push({ path, bytes });
}

function statsOf(path: string): Reading<Stats> {
  try {
    return lstatSync(Buffer.from(path, 'latin1'));
  } catch (error) {
    return missingFor(error);
  }
}

function enter(walk: Walk, place: string, path: string, depth: number): boolean {
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
    return fstatSync(folder).dev !== walk.device || walkFolder(walk, folder, path, depth);
  } finally {
    closeSync(folder);
  }
}
