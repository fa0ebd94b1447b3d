import { isStillRunning, processIdOf } from '../../kernel/processIdentity.ts';
import type { ProcessId } from '../../model/subject.ts';
import type { Target } from '../target.ts';

/** The parent that most processes of a workload have: inside of it for Apache, outside for a pool of PHP-FPM. Never the first process. */
export function masterOf(target: Target): ProcessId | null {
  const counts = new Map<number, number>();
  for (const { parentPid } of target.processes) counts.set(parentPid, (counts.get(parentPid) ?? 0) + 1);
  const [pid = 0] = [...counts].filter(([parent]) => parent > 1).sort((a, b) => b[1] - a[1])[0] ?? [];
  const master = pid === 0 ? null : processIdOf(pid);
  return master !== null && isStillRunning(master) ? master : null;
}
