import type { ActionKind } from './action.ts';
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
  budget: Budget;
  /** Reading all processes by a BPF iterator where this system lets it. */
  bpf: boolean;
  probes: ProbeSettings;
  policy: PolicySettings;
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
