/** A job of cron lives in the service of cron, which is not what is to be restarted. */
import { endedOneByOne } from './ended.ts';
import type { Manager } from './manager.ts';

export const cron: Manager = (target, { graceMs }) =>
  target.subject.origin === 'cron-job'
    ? { steps: endedOneByOne(target, 'SIGTERM', graceMs), risk: 'What it was at is left half done; cron starts it when it is next due.' }
    : null;
