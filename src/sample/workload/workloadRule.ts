/** What the rules that recognise a workload see of a process, and what they answer. */
import type { PidCgroup } from '../../kernel/pidCgroup.ts';
import type { WorkloadOrigin } from '../../model/subject.ts';

/** A running program: the process in question or one that it comes from. */
export interface Program {
  pid: number;
  /** As the kernel has it: at most 15 bytes that the process chose. */
  comm: string;
  /** Secrets masked; empty when the process shows none. */
  argv: readonly string[];
  /** Name of the effective user. */
  user: string;
  /** Asked only where a relative path needs it; null when it can't be seen. */
  workingDirectory: () => string | null;
  /** Asked only by rules that go by who started it; null when it can't be seen. */
  parent: () => Program | null;
}

export interface ProcessFacts extends Program {
  kernelThread: boolean;
  cgroup: PidCgroup;
  /** Effective user; null when it can't be seen. */
  uid: number | null;
  names: GivenNames;
}

/** A customer of a shared host. */
export interface HostingAccount {
  name: string;
  /** The main one first; may be none. */
  domains: readonly string[];
}

/** Names that people gave to things, from the files of what runs them. Asked only by the rule that needs one; null when there is none. */
export interface GivenNames {
  container(runtime: string, id: string): string | null;
  account(user: string): HostingAccount | null;
  /** Of the app that pm2 started as this process. */
  pm2App(pm2Home: string, pid: number): string | null;
  /** Of the program that supervisord started with these arguments. */
  supervisorProgram(configFile: string, argv: readonly string[]): string | null;
}

/** Where the files of this host say nothing of the processes in question. */
export const noNames: GivenNames = {
  container: () => null,
  account: () => null,
  pm2App: () => null,
  supervisorProgram: () => null,
};

export interface WorkloadIdentity {
  origin: WorkloadOrigin;
  /** The same for every process of the workload and after every restart. */
  key: string;
  name: string;
  /** Part of the identity where several users may run the same thing. */
  user?: string;
  /** The site, where the rule can tell. */
  domain?: string;
}

/** null: not of this kind, ask the next rule. */
export type WorkloadRule = (facts: ProcessFacts) => WorkloadIdentity | null;

/** Paths of a process in the hierarchies that tell services apart, the most telling one first. */
export function cgroupPaths(cgroup: PidCgroup): string[] {
  return [cgroup.unified, cgroup.systemd, cgroup.memory].filter((path) => path !== null && path !== '/').filter((path) => path !== null);
}
