/**
 * Whether a file is memory and not on a disk: the magic number that statfs gives for its file system.
 * memfd, shared anonymous memory and System V segments are files of a tmpfs that is mounted nowhere.
 * https://man7.org/linux/man-pages/man2/statfs.2.html
 */
import { statfsSync, statSync } from 'node:fs';
import { absent, type Reading } from '../model/reading.ts';
import { missingFor } from './read.ts';

const tmpfsMagic = 0x01021994;
const hugetlbfsMagic = 0x958458f6;
const blockBytes = 512;

export interface RamFile {
  /** Device and inode: the same file, whoever holds it. */
  key: string;
  device: number;
  inode: number;
  /** In memory or swapped out. */
  bytes: number;
  /** On huge pages, which are counted as such. */
  hugePages: boolean;
}

/** Follows links, as those of /proc/[pid]/fd. Absent for what is on a disk, or gone. */
export function readRamFile(path: string): Reading<RamFile> {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isFile()) return absent;
    const { type } = statfsSync(path);
    if (type !== tmpfsMagic && type !== hugetlbfsMagic) return absent;
    return {
      key: `${stats.dev}:${stats.ino}`,
      device: stats.dev,
      inode: stats.ino,
      bytes: stats.blocks * blockBytes,
      hugePages: type === hugetlbfsMagic,
    };
  } catch (error) {
    return missingFor(error);
  }
}
