import { closeSync, fsyncSync, openSync } from 'node:fs';

/** A file that was made, renamed or taken away is so after a power cut only when its folder is on the disk, too. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
