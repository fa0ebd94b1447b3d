import type { ActionKind } from './action.ts';
import type { Severity } from './incident.ts';
import type { ProbeTarget } from './probe.ts';

/** What the configuration file and the flags decide. Read and checked in cli/settings.ts. */
export interface Settings {
  intervalMs: number;
  /** Folder of the embedded store. */
  dataDir: string;
  listen: { host: string; port: number };
  retention: { maxAgeMs: number; maxBytes: number };
  /** Reading the API on loopback without a token. */
  allowLoopbackRead: boolean;
  /** Null: http. */
  tls: TlsSettings | null;
  /** Listening beyond loopback without TLS. */
  allowPlainRemote: boolean;
  budget: Budget;
  /** Reading all processes by a BPF iterator where this system lets it. */
  bpf: boolean;
  probes: ProbeSettings;
  /** Explaining by itself what leaks, once it is confirmed. */
  explain: { automatic: boolean };
  policy: PolicySettings;
  thresholds: ThresholdSettings;
  notify: NotifySettings;
}

/** Where the settings come from, by the names of their keys. What is neither in the file nor a flag is a default. */
export interface Configured {
  /** Where the configuration file is, or would be. */
  path: string;
  isThere: boolean;
  /** The line of each key that stands in the file. */
  lines: ReadonlyMap<string, number>;
  /** What a flag of the command line decides. */
  flags: ReadonlyMap<string, string>;
  /** Changed in the file, and in force after a restart. */
  waiting: readonly string[];
}

/** What is told whatever the verdicts say. Ratios 0 to 1; null: never. */
export interface ThresholdSettings {
  /** Of RAM, without what can be given back at once. */
  memoryRatio: number | null;
  swapRatio: number | null;
  /** Of the limit of open files of a process. */
  fdsRatio: number | null;
  /** Private memory of one workload. */
  workloadBytes: number | null;
}

/** Something that must not stand in the open: read anew each time it is needed. */
export type Secret = { value: string } | { file: string } | { env: string };

interface ChannelBase {
  /** Unique among the channels. */
  name: string;
  leastSeverity: Severity;
  /** 0: at once; 1: when nobody acknowledged within `escalateAfterMs`; 2: within twice that; … */
  step: number;
  /** Null: always. */
  hours: OnCallHours | null;
}

/** In local time. `days` 0 is Sunday; a night that ends the next morning has `toMinute` before `fromMinute`. */
export interface OnCallHours {
  days: number[];
  fromMinute: number;
  toMinute: number;
}

export type EmailSettings = ChannelBase & {
  kind: 'email';
  host: string;
  port: number;
  /** `starttls`: refuses to go on without; `tls`: from the first byte; `none`: in the open. */
  security: 'starttls' | 'tls' | 'none';
  user: string | null;
  password: Secret | null;
  from: string;
  to: string[];
};
export type UrlChannelSettings = ChannelBase & { kind: 'webhook' | 'slack' | 'teams' | 'alertmanager'; url: Secret };
export type PagerDutySettings = ChannelBase & { kind: 'pagerduty'; url: Secret; key: Secret };
/** `address` null: the log of this machine. */
export type SyslogSettings = ChannelBase & { kind: 'syslog'; address: { host: string; port: number } | null };
export type JournaldSettings = ChannelBase & { kind: 'journald' };
/** A program with its arguments. */
export type HookSettings = ChannelBase & { kind: 'hook'; command: string[] };

export type ChannelSettings = EmailSettings | UrlChannelSettings | PagerDutySettings | SyslogSettings | JournaldSettings | HookSettings;

export interface NotifySettings {
  /** Told again so often while nobody acknowledges. */
  remindMs: number;
  escalateAfterMs: number;
  /** Where people reach the page, for links; null: no link. */
  pageUrl: string | null;
  channels: ChannelSettings[];
}

export interface TlsSettings {
  certFile: string;
  keyFile: string;
}

/** How services of this server are asked how fast they answer. */
export interface ProbeSettings {
  enabled: boolean;
  intervalMs: number;
  /** How long to wait for an answer. */
  timeoutMs: number;
  /** Null: what is found listening at a known port. */
  targets: ProbeTarget[] | null;
}

/** What stanch itself may cost, as means over some scans. */
export interface Budget {
  /** Share of one core, 0 to 1. */
  cpuRatio: number;
  rssBytes: number;
  /** How often the kernel may be asked for something. */
  readsPerSecond: number;
}

/** `observe`: nothing. `suggest`: says what it would do. `approve`: plans, and waits for somebody to agree. `automatic`: acts. */
export const policyModes = ['observe', 'suggest', 'approve', 'automatic'] as const;
export type PolicyMode = (typeof policyModes)[number];

export interface WorkloadPolicy {
  /** Of the name of a workload; `*` stands for anything. */
  pattern: string;
  mode: PolicyMode;
  actions: readonly ActionKind[];
  /** Whether it is recycled while it leaks, in the hour in which it does least; restarted where it has no workers. */
  recycle?: 'quietest';
}

/** What may be done to which workload, when, and how often. */
export interface PolicySettings {
  mode: PolicyMode;
  /** In the order in which they are tried. */
  actions: readonly ActionKind[];
  /** The first that fits counts, before the mode above. */
  workloads: readonly WorkloadPolicy[];
  neverTouch: readonly string[];
  mostAnHour: number;
  coolDownMs: number;
  /** Local time of day in which stanch may act by itself; null: always. The emergency lane knows no hours. */
  window: { fromMinute: number; toMinute: number } | null;
  /** Acting on what leaks when the server is about to stand still. */
  emergency: boolean;
}

export const observeOnly: PolicySettings = {
  mode: 'observe',
  actions: ['recycle', 'restart'],
  workloads: [],
  neverTouch: [],
  mostAnHour: 4,
  coolDownMs: 1_800_000,
  window: null,
  emergency: false,
};

/** Tells nobody of anything, and is not reached from outside: for what runs only for a while. */
export const untold: Pick<Settings, 'tls' | 'allowPlainRemote' | 'thresholds' | 'notify'> = {
  tls: null,
  allowPlainRemote: false,
  thresholds: { memoryRatio: null, swapRatio: null, fdsRatio: null, workloadBytes: null },
  notify: { remindMs: 4 * 3_600_000, escalateAfterMs: 900_000, pageUrl: null, channels: [] },
};
