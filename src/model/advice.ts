/** What to set, and why: a recommendation with its arithmetic, as the exact file or line, with the way there and back. */
import type { VerdictWord } from './verdict.ts';

export const runtimeNames = ['node', 'jvm', 'go', 'php', 'python', 'native'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** A file of configuration as it is and as it is to be; `before` null: there is no such file. */
export interface FileChange {
  path: string;
  before: string | null;
  after: string;
}

/** systemd reads its files anew, or a unit is reloaded or restarted. */
export type InForce = { do: 'reload-systemd' } | { do: 'unit'; verb: 'restart' | 'reload'; unit: string };

export interface AdvisedSetting {
  name: string;
  /** As configured now; null: not set. */
  now: string | null;
  /** As the kernel holds it at this moment, bytes or a count; null: not a limit of the cgroup, or not to be seen. */
  live: string | null;
  advised: string;
}

export interface Recommendation {
  /** Stable: `memory-limit`, `pm-max-requests`. */
  id: string;
  title: string;
  settings: AdvisedSetting[];
  /** What was measured that makes it right. */
  reason: string;
  /** Each step of the calculation, with its numbers and units. */
  arithmetic: string[];
  /** What raising the limit would buy, where it leaks: `raising MemoryMax to 2 GiB buys 3 d 4 h`; null: nothing to buy. */
  buys: string | null;
  /** null: stanch does not know the file; `line` says what belongs into it. */
  change: FileChange | null;
  line: string;
  /** Where the line belongs. */
  place: string;
  /** What puts the file into force once it is written, as stanch does it; in this order. */
  inForce: InForce[];
  /** The same as commands for a person; and those that take it back. */
  apply: string[];
  undo: string[];
  /** What can go wrong, in one sentence. */
  risk: string | null;
}

/** Growth an hour, with its interval. */
export interface Leak {
  perHour: number;
  low: number;
  high: number;
}

/** What history says of a workload, in numbers. */
export interface AdviceBasis {
  /** How far it goes back. */
  historyMs: number;
  /** Highest private memory; and before the leak began: the same where there is none, null where it leaked from the start of what is known. */
  peakBytes: number | null;
  healthyBytes: number | null;
  peakTasks: number | null;
  /** Of one process. */
  peakFds: number | null;
  /** null: not known. */
  cpuSecondsPerHour: number | null;
  /** As somebody told stanch; null: not known. */
  requestsPerHour: number | null;
  verdict: VerdictWord | null;
  class: string | null;
  /** null where it neither leaks nor is suspected to. */
  leaks: { memory: Leak | null; fds: Leak | null; threads: Leak | null };
}

export interface Advice {
  subjectId: string;
  subjectName: string;
  unit: string | null;
  runtime: RuntimeName | null;
  /** One sentence: what it holds, what it is judged to be, how long was looked at. */
  measured: string;
  recommendations: Recommendation[];
  /** The measured numbers that it was worked out from. */
  basis: AdviceBasis;
  /** What could not be known, and what would make it known. */
  unknown: string[];
}
