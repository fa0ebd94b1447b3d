/** Whatever is started again by the one who started it: a shell loop, a program of its own. Else it is a kill, and says so. */
import { endedOneByOne } from './ended.ts';
import type { Manager } from './manager.ts';

export const keptRunning: Manager = (target, { graceMs }) => ({
  steps: endedOneByOne(target, 'SIGTERM', graceMs),
  risk: 'stanch knows nobody who would start it again: it may stay away.',
});
