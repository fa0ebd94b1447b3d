import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WriteCall, writeToFile } from './tickJournal.ts';

/** What the store asks of the disk besides SQLite: replaced in tests by a disk that fails on purpose. */
export interface DiskCalls {
  write: WriteCall;
  space: (dir: string) => { freeBytes: number; totalBytes: number };
  /** Throws when `bytes` can't be written; leaves nothing behind. */
  probe: (dir: string, bytes: number) => void;
}

export const systemDisk: DiskCalls = {
  write: writeToFile,
  space: (dir) => {
    const { bavail, blocks, bsize } = statfsSync(dir);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
  probe: (dir, bytes) => {
    const path = join(dir, 'room.new');
    try {
      writeFileSync(path, new Uint8Array(bytes));
    } finally {
      rmSync(path, { force: true });
    }
  },
};
