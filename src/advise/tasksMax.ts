/** TasksMax: processes and threads that a service may have, so that a runaway does not take all pids of the server. */
import type { Recommendation } from '../model/advice.ts';
import { formatDuration } from '../model/units.ts';
import { dropInAdvice } from './dropIn.ts';
import type { Measurements } from './measurements.ts';
import { unitValue } from './unitFiles.ts';

const share = 3;
const least = 64;
/** A limit this much larger than needed is none. */
const looseRatio = 20;

export function tasksMax(measured: Measurements): Recommendation | null {
  const { unit, basis, existing } = measured;
  if (unit === null || basis.peakTasks === null) return null;
  const advised = Math.max(least, Math.ceil((basis.peakTasks * share) / 32) * 32);
  const now = unitValue(unit.config, 'Service.TasksMax');
  const current = now === null || !/^\d+$/.test(now) ? Number.POSITIVE_INFINITY : Number(now);
  const leak = measured.basis.leaks.threads;
  if (current <= basis.peakTasks * looseRatio || (leak === null && now === null && basis.peakTasks > 1000)) return null;
  const settings = [{ name: 'TasksMax', now, live: unit.live.get('TasksMax') ?? null, advised: String(advised) }];
  return {
    id: 'tasks-max',
    title: `Limit the threads and processes of ${unit.name}`,
    settings,
    reason: `At most ${basis.peakTasks} threads in ${formatDuration(basis.historyMs)}; without a limit of its own systemd allows 15 % of what the kernel can have.`,
    arithmetic: [`TasksMax: ${basis.peakTasks} × ${share}, at least ${least}, in steps of 32 = ${advised}`],
    buys: null,
    ...dropInAdvice({ unit: unit.name, existing }, 'tasks', settings, 'none'),
    risk: 'At the limit the service cannot start threads or processes: requests fail, and it says "Resource temporarily unavailable".',
  };
}
