/**
 * Everything that one command started, as one sample: the processes that have a mark in their environment, which children inherit and
 * which outlives a double fork. For `stanch check`; the daemon knows workloads by other means.
 */
import { readdirSync } from 'node:fs';
import { readMeminfo } from '../kernel/meminfo.ts';
import { fdCountIsDirectorySize, fdDirectorySize, listedFdCount } from '../kernel/pidFdCount.ts';
import { parseOpenFilesLimit } from '../kernel/pidLimits.ts';
import { emptyPidStat, type PidStat, parsePidStat } from '../kernel/pidStat.ts';
import { emptyPidStatus, type PidStatus, parsePidStatus } from '../kernel/pidStatus.ts';
import { readRecord, readText } from '../kernel/read.ts';
import { ticksPerSecond } from '../kernel/stat.ts';
import { emptySample, type Sample } from '../model/gauge.ts';
import { absent, isValue, type Reading } from '../model/reading.ts';

interface MarkedProcess extends PidStatus {
  ticks: number;
  fds: Reading<number>;
  fdLimit: Reading<number>;
}

const zombie = 0x5a;
const maxEnvironmentBytes = 1 << 20;

export class MarkedTree {
  readonly #mark: string;
  /** Of each pid seen: whether it has the mark. A pid that goes is forgotten, before another can have it. */
  #known = new Map<number, boolean>();
  readonly #buffer = Buffer.alloc(65_536);
  readonly #fdCountOf = fdCountIsDirectorySize('/proc/self/fd') ? fdDirectorySize : listedFdCount;
  /** CPU time of those that ended, and as last seen of those that run. */
  #endedTicks = 0;
  #ticks = new Map<number, number>();

  /** `mark`: `NAME=value`, unique. */
  constructor(mark: string) {
    this.#mark = `\0${mark}\0`;
  }

  /** Those that run now. */
  pids(): number[] {
    const seen = new Map<number, boolean>();
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      const isMarked = this.#known.get(pid) ?? this.#isMarked(pid);
      if (isMarked !== null) seen.set(pid, isMarked);
    }
    this.#known = seen;
    return [...seen].filter(([, isMarked]) => isMarked).map(([pid]) => pid);
  }

  /** Whether it still does something: one that ended and was not waited for does not. */
  isRunning(pid: number): boolean {
    return this.#read(pid) !== null;
  }

  /** Null: none runs. Sums over all of them; of those that ended and were not waited for, only that they are there. */
  sample(timeMs: number): Sample | null {
    const sums = { anonBytes: 0, swapBytes: 0, shmemBytes: 0, fileBytes: 0, fds: 0, threads: 0 };
    const ticks = new Map<number, number>();
    let zombies = 0;
    let fewestLeft = Number.POSITIVE_INFINITY;
    for (const pid of this.pids()) {
      const one = this.#read(pid);
      if (one === null) {
        if (this.#stat(pid)?.state === zombie) zombies += 1;
        continue;
      }
      for (const name of ['anonBytes', 'swapBytes', 'shmemBytes', 'fileBytes', 'threads'] as const)
        sums[name] += isValue(one[name]) ? one[name] : 0;
      ticks.set(pid, one.ticks);
      if (!isValue(one.fds)) continue;
      sums.fds += one.fds;
      if (isValue(one.fdLimit)) fewestLeft = Math.min(fewestLeft, one.fdLimit - one.fds);
    }
    for (const [pid, before] of this.#ticks) if (!ticks.has(pid)) this.#endedTicks += before;
    this.#ticks = ticks;
    if (ticks.size === 0) return null;
    const cpuTicks = [...ticks.values()].reduce((sum, one) => sum + one, this.#endedTicks);
    const meminfo = readMeminfo('/proc');
    const headroomBytes =
      isValue(meminfo) && isValue(meminfo.MemAvailable) && isValue(meminfo.SwapFree) ? meminfo.MemAvailable + meminfo.SwapFree : absent;
    return {
      ...emptySample(timeMs),
      ...sums,
      processes: ticks.size + zombies,
      cpuSeconds: cpuTicks / ticksPerSecond,
      headroomBytes,
      // The limit is each process's own: the sum ends where the one that has the fewest left takes them all.
      fdLimit: Number.isFinite(fewestLeft) ? sums.fds + fewestLeft : absent,
    };
  }

  /** Null: not to be told yet. In the middle of an exec a process has no environment, and so has a thread of the kernel. */
  #isMarked(pid: number): boolean | null {
    const environment = readText(`/proc/${pid}/environ`, maxEnvironmentBytes);
    if (isValue(environment) && environment !== '') return `\0${environment}`.includes(this.#mark);
    // Nor has one that ended: it belongs to who has not waited for it.
    const stat = this.#stat(pid);
    if (stat?.state === zombie) return this.#known.get(stat.parentPid) ?? null;
    return isValue(environment) ? null : false;
  }

  #stat(pid: number): PidStat | null {
    const stat = emptyPidStat();
    const length = readRecord(`/proc/${pid}/stat`, this.#buffer);
    return isValue(length) && parsePidStat(this.#buffer, length, stat) ? stat : null;
  }

  /** Null: it is gone, or has ended and nobody has waited for it. */
  #read(pid: number): MarkedProcess | null {
    const stat = this.#stat(pid);
    if (stat === null || stat.state === zombie) return null;
    const status = emptyPidStatus();
    const statusLength = readRecord(`/proc/${pid}/status`, this.#buffer);
    if (!isValue(statusLength)) return null;
    parsePidStatus(this.#buffer, statusLength, status);
    // On its way out: what it held is not its own any more.
    if (!isValue(status.anonBytes)) return null;
    const limitsLength = readRecord(`/proc/${pid}/limits`, this.#buffer);
    const fdLimit = isValue(limitsLength) ? parseOpenFilesLimit(this.#buffer, limitsLength) : limitsLength;
    return { ...status, ticks: stat.userTicks + stat.systemTicks, fds: this.#fdCountOf(`/proc/${pid}/fd`), fdLimit };
  }
}
