/** Whatever is started again by the one who started it: pm2, cron, a shell loop. Else it is a kill, and says so. */
import type { PlannedStep } from '../../model/action.ts';
import { formatBytes } from '../../model/units.ts';
import type { Manager } from './manager.ts';

const most = 64;

export const keptRunning: Manager = (target, { graceMs }) => {
  const isPm2 = target.subject.origin === 'pm2';
  // pm2 stops its programs by SIGINT.
  const signal = isPm2 ? 'SIGINT' : 'SIGTERM';
  const steps = target.processes.slice(0, most).map(
    ({ id, command, privateBytes }): PlannedStep => ({
      step: { do: 'end', process: id, signal, graceMs },
      text: `${signal} to process ${id.pid} (${command}, ${formatBytes(privateBytes)}), SIGKILL after ${graceMs / 1000} s`,
    }),
  );
  return { steps, risk: isPm2 ? null : 'stanch knows nobody who would start it again: it may stay away.' };
};
