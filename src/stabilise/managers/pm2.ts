/** pm2 starts a program anew that ends, and stops its programs by SIGINT. https://pm2.keymetrics.io/docs/usage/signals-clean-restart/ */
import { endedOneByOne } from './ended.ts';
import type { Manager } from './manager.ts';

/** Alone: a restart of the service of pm2 itself would restart all of its programs. */
export const pm2: Manager = (target, { graceMs }) =>
  target.subject.origin === 'pm2' ? { steps: endedOneByOne(target, 'SIGINT', graceMs), risk: null } : null;
