/** One check of the audit: facts in, a finding with its fixes out. Pure. */
import type { UnitConfig } from '../unitFiles.ts';

export interface Fix {
  text: string;
  command: string;
  /** What can go wrong. */
  risk: string;
}

export interface CheckResult {
  /** `unknown`: it could not be seen, and counts for nothing. */
  state: 'good' | 'warning' | 'bad' | 'unknown';
  found: string;
  fixes: Fix[];
}

export interface Check {
  id: string;
  title: string;
  /** Of the score. */
  weight: number;
  look(facts: AuditFacts): CheckResult;
}

export interface ServiceFacts {
  unit: string;
  config: UnitConfig;
  enabled: boolean;
  /** There are processes in its cgroup. */
  running: boolean;
  pids: number[];
  /** null: not known. */
  memoryBytes: number | null;
  /** As the kernel has it; null: none, or not known. */
  memoryMaxBytes: number | null;
  cpuSeconds: number | null;
  runningMs: number | null;
  /** The lowest OOM score adjustment among its processes. */
  oomScoreAdj: number | null;
  /** Of the process that is nearest to its limit. */
  openFiles: { used: number; limit: number } | null;
  /** Ports that it listens at, and connections that are made to them now. null: not to be seen. */
  ports: number[] | null;
  connections: number;
}

/** Readings are null where there is no such file or it is not to be read. */
export interface AuditFacts {
  isRoot: boolean;
  hasSystemd: boolean;
  hasCgroup2: boolean;
  memTotalBytes: number | null;
  memAvailableBytes: number | null;
  swapTotalBytes: number | null;
  committedBytes: number | null;
  commitLimitBytes: number | null;
  /** Values of /proc/sys, by the name that sysctl has for them. */
  sysctls: ReadonlyMap<string, string>;
  /** The word in brackets. */
  transparentHugePages: string | null;
  services: ServiceFacts[];
  /** Programs that run, by their short name. */
  programs: ReadonlySet<string>;
  /** Merged, as `Section.Key`. */
  journald: ReadonlyMap<string, string>;
  coredump: ReadonlyMap<string, string>;
  oomd: ReadonlyMap<string, string>;
  earlyoomArguments: string | null;
  /** /var/log/journal is there: the journal is on disk. */
  journalOnDisk: boolean;
  swapOnZram: boolean;
}

export const good = (found: string): CheckResult => ({ state: 'good', found, fixes: [] });
export const unknown = (found: string): CheckResult => ({ state: 'unknown', found, fixes: [] });

/** A drop-in of a unit, as one command for a shell; the names in it are those of units, which hold no character that a shell acts on. */
export function dropInCommand(unit: string, lines: readonly string[]): string {
  const folder = `/etc/systemd/system/${unit}.d`;
  const content = ['[Service]', ...lines].join('\\n');
  return `mkdir -p ${folder} && printf '${content}\\n' > ${folder}/50-stanch.conf && systemctl daemon-reload`;
}

export function sysctlCommand(name: string, value: string): string {
  return `sysctl -w ${name}=${value} && echo '${name} = ${value}' > /etc/sysctl.d/90-stanch-${name.replaceAll('.', '-')}.conf`;
}
