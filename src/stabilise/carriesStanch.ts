import { parentOf } from './parentOf.ts';
import type { TargetProcess } from './target.ts';

/** Deeper than anybody is logged in. */
const deepest = 32;

/** The server runs by it, or stanch does: its own processes, the shell and the session it was started from. Stopped, nobody could undo it. */
export function carriesStanch(processes: readonly TargetProcess[], procRoot = '/proc'): boolean {
  const pids = new Set(processes.map(({ id }) => id.pid));
  if (pids.has(1)) return true;
  let pid = process.pid;
  for (let depth = 0; depth < deepest && pid > 1; depth += 1) {
    if (pids.has(pid)) return true;
    pid = parentOf(pid, procRoot);
  }
  return false;
}
