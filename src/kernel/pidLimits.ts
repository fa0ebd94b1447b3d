/**
 * /proc/[pid]/limits: a table of soft and hard limits.
 * https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html
 */
import { absent, type Reading } from '../model/reading.ts';
import { ByteCursor } from './byteCursor.ts';

const openFilesKey = Buffer.from('Max open files');
const cursor = new ByteCursor();

/** The soft limit of open files; absent when it is unlimited. */
export function parseOpenFilesLimit(bytes: Uint8Array, length: number): Reading<number> {
  cursor.reset(bytes, length);
  for (; !cursor.atEnd; cursor.nextLine()) {
    if (!cursor.accept(openFilesKey)) continue;
    const limit = cursor.decimal();
    return limit >= 0 ? limit : absent;
  }
  return absent;
}
