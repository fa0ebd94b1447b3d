import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StanchError } from '../model/errors.ts';
import { troubleOf } from './database.ts';

const lockFile = 'lock';

/**
 * Keeps a second daemon out of the folder. The lock is one of the kernel's, taken through SQLite, and ends with the process
 * however it ends: there is no stale lock to clean up.
 * Throws STANCH_E_STORE_LOCKED, or what creating the file ran into.
 */
export function lockFolder(dir: string): DatabaseSync {
  const lock = new DatabaseSync(join(dir, lockFile), { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
    return lock;
  } catch (cause) {
    lock.close();
    if (troubleOf(cause) !== 'locked') throw cause;
    throw new StanchError('STANCH_E_STORE_LOCKED', {
      expected: `the folder ${dir} to be used by nobody else`,
      found: 'another stanch that runs on it',
      next: 'Stop the other one (systemctl stop stanch), or give this one a folder of its own with --data.',
      cause,
    });
  }
}
