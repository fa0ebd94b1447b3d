/**
 * /proc/[pid]/schedstat: `run wait slices`: ns on a CPU, ns waited for one, and how often it was put on one, of the first thread.
 * All zero where the kernel is built without it.
 * https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
 */
import { ByteCursor } from './byteCursor.ts';

export interface PidSchedstat {
  runNs: number;
  slices: number;
}

const cursor = new ByteCursor();

/** Fills `into`; false when the bytes aren't a schedstat. */
export function parsePidSchedstat(bytes: Uint8Array, length: number, into: PidSchedstat): boolean {
  cursor.reset(bytes, length);
  into.runNs = cursor.decimal();
  cursor.skipWord();
  into.slices = cursor.decimal();
  return !Number.isNaN(into.runNs + into.slices);
}
