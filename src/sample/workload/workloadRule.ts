/** What the rules that recognise a workload see of a process, and what they answer. */
import type { PidCgroup } from '../../kernel/pidCgroup.ts';
import type { WorkloadOrigin } from '../../model/subject.ts';

export interface ProcessFacts {
  kernelThread: boolean;
  /** As the kernel has it: at most 15 bytes that the process chose. */
  comm: string;
  /** Secrets masked; empty when the process shows none. */
  argv: readonly string[];
  cgroup: PidCgroup;
  /** Name of the effective user. */
  user: string;
  /** Asked only where a relative path needs it; null when it can't be seen. */
  workingDirectory: () => string | null;
  /** The name that people gave to a container; null when it is not known. */
  containerName: (runtime: string, id: string) => string | null;
}

export interface WorkloadIdentity {
  origin: WorkloadOrigin;
  /** The same for every process of the workload and after every restart. */
  key: string;
  name: string;
  /** Part of the identity where several users may run the same thing. */
  user?: string;
}

/** null: not of this kind, ask the next rule. */
export type WorkloadRule = (facts: ProcessFacts) => WorkloadIdentity | null;

/** Paths of a process in the hierarchies that tell services apart, the most telling one first. */
export function cgroupPaths(cgroup: PidCgroup): string[] {
  return [cgroup.unified, cgroup.systemd, cgroup.memory].filter((path) => path !== null && path !== '/').filter((path) => path !== null);
}
