/** Whether a pid is still the process it was: pids are given out again, boots and start times are not. */
import { isValue } from '../model/reading.ts';
import type { ProcessId } from '../model/subject.ts';
import { emptyPidStat, parsePidStat } from './pidStat.ts';
import { readRecord, readText } from './read.ts';

const buffer = Buffer.alloc(4096);
const stat = emptyPidStat();

/** Empty where it is not told. */
export function readBootId(procRoot = '/proc'): string {
  const id = readText(`${procRoot}/sys/kernel/random/boot_id`, 64);
  return isValue(id) ? id.trim() : '';
}

/** A zombie has ended: it holds nothing any more. */
export function isStillRunning({ bootId, pid, startTimeTicks }: ProcessId, procRoot = '/proc'): boolean {
  const length = readRecord(`${procRoot}/${pid}/stat`, buffer);
  if (!isValue(length) || !parsePidStat(buffer, length, stat)) return false;
  const isZombie = stat.state === 'Z'.charCodeAt(0) || stat.state === 'X'.charCodeAt(0);
  return !isZombie && stat.startTimeTicks === startTimeTicks && bootId === readBootId(procRoot);
}

/** null: there is no such process. */
export function processIdOf(pid: number, procRoot = '/proc'): ProcessId | null {
  const length = readRecord(`${procRoot}/${pid}/stat`, buffer);
  if (!isValue(length) || !parsePidStat(buffer, length, stat)) return null;
  return { bootId: readBootId(procRoot), pid, startTimeTicks: stat.startTimeTicks };
}

/** Of stanch itself. */
export function ownProcessId(procRoot = '/proc'): ProcessId {
  return processIdOf(process.pid, procRoot) ?? { bootId: readBootId(procRoot), pid: process.pid, startTimeTicks: 0 };
}
