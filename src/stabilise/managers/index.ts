/** Who restarts what: the most telling first. */
import type { PlanOptions } from '../plans/plan.ts';
import { notPossible } from '../plans/plan.ts';
import type { Target } from '../target.ts';
import { apache } from './apache.ts';
import { container } from './container.ts';
import { cron } from './cron.ts';
import { keptRunning } from './keptRunning.ts';
import type { Manager, Restart } from './manager.ts';
import { phpFpm } from './phpFpm.ts';
import { pm2 } from './pm2.ts';
import { supervisord } from './supervisord.ts';
import { systemd } from './systemd.ts';

const managers: readonly Manager[] = [container, phpFpm, apache, supervisord, pm2, cron, systemd, keptRunning];

/** Throws STANCH_E_NOT_POSSIBLE. */
export function restartSteps(target: Target, options: PlanOptions): Restart {
  if (target.processes.some(({ id }) => id.pid === 1 || id.pid === process.pid)) {
    throw notPossible('a workload that may be restarted', 'one that the server or stanch itself runs by', 'Choose another.');
  }
  for (const manager of managers) {
    const found = manager(target, options);
    if (found !== null && found.steps.length > 0) return found;
  }
  throw notPossible('running processes to restart', 'none', 'stanch top shows what runs.');
}
