/** Which process a pid is now: pids come again. */
import { emptyPidStat, parsePidStat } from '../kernel/pidStat.ts';
import { readLink, readRecord } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';

/** Clock ticks since boot at which it started; null when there is none, or only what is left of one. */
export function startTimeOf(pid: number): number | null {
  const bytes = Buffer.alloc(4096);
  const length = readRecord(`/proc/${pid}/stat`, bytes);
  const stat = emptyPidStat();
  if (!isValue(length) || !parsePidStat(bytes, length, stat) || String.fromCharCode(stat.state) === 'Z') return null;
  return stat.startTimeTicks;
}

/** What it runs; another one after an exec, which leaves pid and start as they are. Null when it is gone or may not be known. */
export function programOf(pid: number): string | null {
  return readLink(`/proc/${pid}/exe`);
}
