/** Threads of the kernel: one workload, since none of them holds memory of its own. */
import type { WorkloadRule } from './workloadRule.ts';

export const kernelThread: WorkloadRule = (facts) =>
  facts.kernelThread ? { origin: 'kernel', key: 'kernel threads', name: 'kernel threads' } : null;
