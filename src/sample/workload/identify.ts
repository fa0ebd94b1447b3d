/** Process to workload: the first rule that knows it. A new kind is one file and one line here. */
import { shownText } from '../shownText.ts';
import { container } from './container.ts';
import { executable } from './executable.ts';
import { kernelThread } from './kernelThread.ts';
import { phpFpmPool } from './phpFpmPool.ts';
import { systemdUnit } from './systemdUnit.ts';
import type { ProcessFacts, WorkloadIdentity, WorkloadRule } from './workloadRule.ts';

const rules: readonly WorkloadRule[] = [kernelThread, phpFpmPool, container, systemdUnit];

const maxNameLength = 200;

export function identifyWorkload(facts: ProcessFacts): WorkloadIdentity {
  for (const rule of rules) {
    const identity = rule(facts);
    if (identity !== null) return { ...identity, name: shownText(identity.name, maxNameLength) };
  }
  return executable(facts);
}
