import { ownLine } from './parentOf.ts';
import type { TargetProcess } from './target.ts';

/** The server runs by it, or stanch does: its own processes, the shell and the session it was started from. Stopped, nobody could undo it. */
export function carriesStanch(processes: readonly TargetProcess[], procRoot = '/proc'): boolean {
  const pids = new Set(processes.map(({ id }) => id.pid));
  return pids.has(1) || ownLine(procRoot).some((pid) => pids.has(pid));
}
