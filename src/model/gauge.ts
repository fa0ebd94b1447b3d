import { absent, isValue, type Reading } from './reading.ts';

/**
 * What one subject holds at one moment. Field by field the columns of a series file.
 * Times in ms since the epoch, sizes in bytes, CPU time in seconds.
 */
export interface Sample {
  timeMs: number;
  /** Anonymous resident memory. With `swapBytes` it is the private memory. */
  anonBytes: Reading<number>;
  /** Swapped-out memory. */
  swapBytes: Reading<number>;
  shmemBytes: Reading<number>;
  fileBytes: Reading<number>;
  fds: Reading<number>;
  /** Of processes that grow, and only in the scan after they were looked at. */
  sockets: Reading<number>;
  threads: Reading<number>;
  processes: Reading<number>;
  /** CPU time used so far: cumulative since the process (or the first process of the workload) started. */
  cpuSeconds: Reading<number>;
  /** Start of the process, or of the oldest process of a workload; a change means a restart. */
  startTimeMs: Reading<number>;
  /** The nearest memory limit of the subject itself (cgroup); absent when it has none. */
  limitBytes: Reading<number>;
  /** Unreclaimable kernel memory: of the host only. */
  kernelBytes: Reading<number>;
  /** Bytes left on the host: MemAvailable + SwapFree. The wall of everything that has no limit of its own. */
  headroomBytes: Reading<number>;
  /** Open files at which a process meets its soft RLIMIT_NOFILE: of a workload the sum, were all that come to go to the process with the fewest left. */
  fdLimit: Reading<number>;
  /** How long it takes to answer, in µs: of a probe its service; of the host a request of the disk that is waited for most. */
  latencyUs: Reading<number>;
  /** Of the host: share of the last 10 s in which everything waited for memory. */
  stallPercent: Reading<number>;
  /** Of the host: the place of its stage in `stages`, 0 is healthy. */
  stageRank: Reading<number>;
}

/** A sample in which nothing was read. */
export function emptySample(timeMs: number): Sample {
  return {
    timeMs,
    anonBytes: absent,
    swapBytes: absent,
    shmemBytes: absent,
    fileBytes: absent,
    fds: absent,
    sockets: absent,
    threads: absent,
    processes: absent,
    cpuSeconds: absent,
    startTimeMs: absent,
    limitBytes: absent,
    kernelBytes: absent,
    headroomBytes: absent,
    fdLimit: absent,
    latencyUs: absent,
    stallPercent: absent,
    stageRank: absent,
  };
}

/** Anonymous + swapped-out bytes; NaN when the first was not read. Swap that is absent is none. */
export function privateMemory(sample: Sample): number {
  if (!isValue(sample.anonBytes)) return Number.NaN;
  return sample.anonBytes + (isValue(sample.swapBytes) ? sample.swapBytes : 0);
}

/** Every numeric field of a sample but its time, in the order in which stores and files keep them. */
export const gauges = [
  'anonBytes',
  'swapBytes',
  'shmemBytes',
  'fileBytes',
  'fds',
  'sockets',
  'threads',
  'processes',
  'cpuSeconds',
  'startTimeMs',
  'limitBytes',
  'kernelBytes',
  'headroomBytes',
  'fdLimit',
  'latencyUs',
  'stallPercent',
  'stageRank',
] as const satisfies readonly Exclude<keyof Sample, 'timeMs'>[];

export type Gauge = (typeof gauges)[number];
