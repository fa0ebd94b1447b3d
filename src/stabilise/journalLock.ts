import { DatabaseSync } from 'node:sqlite';
import { StanchError } from '../model/errors.ts';
import { troubleOf } from '../series/database.ts';

/** Who holds it writes a few lines; on a server that swaps, that can take seconds. */
const waitMs = 5000;

/**
 * Does the work while nobody else writes. The lock is one of the kernel's, taken through SQLite, and ends with the process however it
 * ends. Throws STANCH_E_BUSY, or what making the file ran into.
 */
export function whileLocked<T>(path: string, work: () => T, timeoutMs = waitMs): T {
  const lock = new DatabaseSync(path, { timeout: timeoutMs });
  try {
    begin(lock, path, timeoutMs);
    return work();
  } finally {
    lock.close();
  }
}

function begin(lock: DatabaseSync, path: string, timeoutMs: number): void {
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;');
  } catch (cause) {
    if (troubleOf(cause) !== 'locked') throw cause;
    throw new StanchError('STANCH_E_BUSY', {
      expected: `to be the only one who writes within ${timeoutMs / 1000} s`,
      found: `another stanch that holds ${path}`,
      next: 'Try again; see who it is: pgrep -a stanch',
      cause,
    });
  }
}
