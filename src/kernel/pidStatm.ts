/**
 * /proc/[pid]/statm: sizes in pages, `size resident shared text lib data dt`.
 * The cheapest sign that the memory of a process moved. All zero for kernel threads and zombies.
 * https://docs.kernel.org/filesystems/proc.html#process-specific-subdirectories
 */
import { ByteCursor } from './byteCursor.ts';

export interface PidStatm {
  sizePages: number;
  residentPages: number;
  sharedPages: number;
}

const cursor = new ByteCursor();

/** Fills `into`; false when the bytes aren't a statm. */
export function parsePidStatm(bytes: Uint8Array, length: number, into: PidStatm): boolean {
  cursor.reset(bytes, length);
  into.sizePages = cursor.decimal();
  into.residentPages = cursor.decimal();
  into.sharedPages = cursor.decimal();
  return !Number.isNaN(into.sizePages + into.residentPages + into.sharedPages);
}
