import type { Sockstat } from '../kernel/sockstat.ts';
import type { Stat } from '../kernel/stat.ts';
import type { Sample } from '../model/gauge.ts';
import type { Notice } from '../model/notice.ts';
import type { Reading } from '../model/reading.ts';
import type { ProcessId, Subject } from '../model/subject.ts';
import type { OpenFiles } from './openFiles/openFiles.ts';

/** One process in one scan. Objects are reused between scans: copy what is kept. */
export interface ProcessSample {
  id: ProcessId;
  subject: Subject;
  /** As shown: control characters escaped, secrets in arguments masked. */
  command: string;
  /** From /proc/[pid]/stat: R, S, D, Z, … */
  state: string;
  uid: Reading<number>;
  sample: Sample;
  /** Its memory or its open files have grown since it was first seen. */
  grown: boolean;
  /** Child processes that ended and were never waited for. */
  zombies: number;
  /** Of one that has ended and belongs to its parent now: id of the workload that it was in before. Null for all others. */
  diedIn: string | null;
  /** What it holds open, where it was looked at: of processes only that grow. */
  openFiles: OpenFiles | null;
}

export interface WorkloadSample {
  subject: Subject;
  /** Sums over the members; cpuSeconds never falls when a member ends. */
  sample: Sample;
  /** Subject ids of the processes in it now. */
  memberIds: string[];
  /** Child processes of its members that ended and were never waited for. */
  zombies: number;
}

/** The host's memory and stall, bytes and ratios as /proc has them. */
export interface HostReading {
  sample: Sample;
  memTotalBytes: Reading<number>;
  memFreeBytes: Reading<number>;
  memAvailableBytes: Reading<number>;
  swapTotalBytes: Reading<number>;
  swapFreeBytes: Reading<number>;
  /** Share of the last 10 s in which some or all tasks waited for memory, 0 to 1. */
  memoryPressure: { some10: Reading<number>; full10: Reading<number> };
  load1: Reading<number>;
  sockets: Pick<Sockstat, 'used' | 'tcpAllocated' | 'tcpOrphaned' | 'tcpTimeWait' | 'tcpPages'>;
  /** What the CPUs did since boot, and the tasks that run or wait at this moment. */
  cpu: Omit<Stat, 'bootTimeMs' | 'cpuCount'>;
  cpuCount: number;
}

export interface Scan {
  timeMs: number;
  bootId: string;
  processes: readonly ProcessSample[];
  workloads: readonly WorkloadSample[];
  host: HostReading;
  /** What could not be seen, each said once. */
  notices: Notice[];
  /** Processes of this scan that the last one did not have, and the other way round. */
  startedCount: number;
  endedCount: number;
}
