/** What a leak does to the server, step by step, and what is measured to tell the steps apart. */
import type { Reading } from './reading.ts';

/** From well to worst. */
export const stages = ['healthy', 'filling', 'swapping', 'stalling', 'starving', 'killing'] as const;
export type Stage = (typeof stages)[number];

/** What may make a server slow. `service`: none of the host's resources, so the service itself. */
export const causes = ['memory', 'network', 'disk', 'cpu', 'service'] as const;
export type Cause = (typeof causes)[number];

/** The host between two scans. Rates are per second; ratios 0 to 1. */
export interface Vitals {
  timeMs: number;
  memAvailableRatio: Reading<number>;
  memAvailableBytes: Reading<number>;
  swapTotalBytes: Reading<number>;
  swapFreeRatio: Reading<number>;
  /** When available memory and free swap end if they go on falling as over the last minutes; absent where they don't. */
  headroomEndsMs: Reading<number>;
  /** Share of the last 10 s in which some or all tasks waited for memory, disks or a CPU. */
  memorySome: Reading<number>;
  memoryFull: Reading<number>;
  ioSome: Reading<number>;
  ioFull: Reading<number>;
  cpuSome: Reading<number>;
  swapInBytes: Reading<number>;
  swapOutBytes: Reading<number>;
  refaultBytes: Reading<number>;
  majorFaults: Reading<number>;
  /** Times a task had to free memory itself, for want of memory of the host. */
  directReclaims: Reading<number>;
  reclaimedBytes: Reading<number>;
  /** Since the scan before, without those inside a cgroup at its own limit as far as the kernel's log tells. */
  oomKills: Reading<number>;
  /** Requests of the kernel itself for a page or two that it could not meet since the scan before: packets are lost so. Of its log. */
  failedAllocations: Reading<number>;
  /** The disk whose requests waited longest. */
  disk: Reading<DiskVitals>;
  cpuCount: number;
  /** Tasks that run or want to; those that wait for a disk. */
  runningTasks: Reading<number>;
  blockedTasks: Reading<number>;
  cpuBusyRatio: Reading<number>;
  ioWaitRatio: Reading<number>;
  stealRatio: Reading<number>;
  network: NetworkVitals;
}

export interface DiskVitals {
  name: string;
  /** Mean time a request took. */
  latencyMs: number;
  /** Mean number of requests that waited or were worked at. */
  queue: number;
  busyRatio: number;
  requests: number;
}

/** Over the last half to whole minute. */
export interface NetworkVitals {
  /** TCP segments sent a second; those of standing connections that had to be sent again, and their share. */
  sentSegments: Reading<number>;
  retransmittedSegments: Reading<number>;
  retransmitRatio: Reading<number>;
  timeouts: Reading<number>;
  /** Connections not taken because the queue of a program that listens was full. */
  listenOverflows: Reading<number>;
  /** Segments and datagrams dropped because a program did not take them. */
  receiveDrops: Reading<number>;
  /** Buffers of TCP: share of what they may take; connections ended and limits met for want of it. */
  tcpMemoryRatio: Reading<number>;
  memoryFailures: Reading<number>;
  /** Packets dropped by devices and by the kernel's backlog, and discarded by IP for want of buffers. */
  drops: Reading<number>;
  /** Faulty packets. */
  errors: Reading<number>;
}

/** One measurement that speaks for a stage, as a person would read it: `PSI memory full 31 %`. */
export interface Because {
  /** Stable name, `memory-full`. */
  name: string;
  text: string;
}

export interface StageState {
  stage: Stage;
  sinceMs: number;
  because: Because[];
}
