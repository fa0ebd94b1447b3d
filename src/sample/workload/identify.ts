/** Process to workload: the first rule that knows it. A new kind is one file and one line here. */
import { shownText } from '../shownText.ts';
import { apache } from './apache.ts';
import { container } from './container.ts';
import { cronJob } from './cronJob.ts';
import { executable } from './executable.ts';
import { kernelThread } from './kernelThread.ts';
import { litespeed } from './litespeed.ts';
import { phpCgi } from './phpCgi.ts';
import { phpFpmPool } from './phpFpmPool.ts';
import { pm2 } from './pm2.ts';
import { supervisord } from './supervisord.ts';
import { systemdUnit } from './systemdUnit.ts';
import { userSession } from './userSession.ts';
import type { ProcessFacts, WorkloadIdentity, WorkloadRule } from './workloadRule.ts';

/** The most telling first. Whose name is in a cgroup path comes before those who are found by asking for the parent, which costs reads. */
const rules: readonly WorkloadRule[] = [
  kernelThread,
  phpFpmPool,
  phpCgi,
  container,
  systemdUnit,
  apache,
  litespeed,
  pm2,
  cronJob,
  supervisord,
  userSession,
];

const maxNameLength = 200;

export interface IdentifiedWorkload extends WorkloadIdentity {
  /** Customer of a shared host. */
  account?: string;
}

export function identifyWorkload(facts: ProcessFacts): IdentifiedWorkload {
  return withAccount(recognised(facts), facts);
}

function recognised(facts: ProcessFacts): WorkloadIdentity {
  for (const rule of rules) {
    const identity = rule(facts);
    if (identity !== null) return { ...identity, name: shownText(identity.name, maxNameLength) };
  }
  return executable(facts);
}

/** What runs as the user of an account belongs to it. */
function withAccount(identity: WorkloadIdentity, facts: ProcessFacts): IdentifiedWorkload {
  const account = identity.user === undefined ? null : facts.names.account(identity.user);
  if (account === null) return identity;
  const domain = identity.domain ?? account.domains[0];
  return { ...identity, account: account.name, ...(domain === undefined ? {} : { domain }) };
}
