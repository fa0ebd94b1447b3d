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
