import type { Point, Recording } from './recording.ts';
import { numberIn, type Row, timeIn } from './table.ts';

/** Revisions of the leaking program; every other process of the recordings is healthy. */
const leakingProgram = 'tdcsarvControl';
const leakingRevisions = ['377208', '382396'];
/** Processes that were seen for a moment only tell nothing. */
const leastRows = 30;

/** Telescope control software: VmSize in bytes for each process, about each second and a half. A reading of 0 is a process that has gone. */
export function esoVlt(revision: string, rows: Row[]): Recording[] {
  const processes = new Map<string, Point[]>();
  for (const row of rows) {
    const point = { timeMs: timeIn(row, 'Time'), anonBytes: numberIn(row, 'Memory Usage') };
    if (!Number.isFinite(point.timeMs) || !(point.anonBytes > 0)) continue;
    const key = `${row['Process Name']}-${row['Process ID']}`;
    const points = processes.get(key);
    if (points) points.push(point);
    else processes.set(key, [point]);
  }
  const leaking = leakingRevisions.includes(revision);
  return [...processes].flatMap(([name, points]): Recording[] => {
    if (points.length < leastRows) return [];
    const label = leaking && name.startsWith(leakingProgram) ? 'leak' : 'healthy';
    return [{ name: `${revision}/${name}`, label, resource: 'memory', points }];
  });
}
