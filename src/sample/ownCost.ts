/** What stanch itself costs: CPU time, resident memory, open files, reads. Part of every answer, so that nobody has to take it on trust. */
import { readdirSync, statSync } from 'node:fs';
import { kernelReads } from '../kernel/read.ts';
import { absent, type Reading } from '../model/reading.ts';

export interface OwnCost {
  /** Share of one core over about the last minute, 0 to 1; absent before there is a second reading. */
  cpuRatio: Reading<number>;
  /** CPU time since start, seconds. */
  cpuSeconds: number;
  rssBytes: number;
  /** How often the kernel was asked for something: since start, and a second over about the last minute. */
  reads: number;
  readsPerSecond: Reading<number>;
  fds: Reading<number>;
  startTimeMs: number;
}

const windowMs = 60_000;

export class OwnCostMeter {
  private readonly startTimeMs: number;
  /** Oldest first, at least one and at most about a minute of them. */
  private readings: { atMs: number; cpuSeconds: number; reads: number }[] = [];

  constructor(startTimeMs: number) {
    this.startTimeMs = startTimeMs;
  }

  /** `monotonicMs` from a clock that does not jump. */
  measure(monotonicMs: number = performance.now()): OwnCost {
    const usage = process.cpuUsage();
    const cpuSeconds = (usage.user + usage.system) / 1e6;
    const reads = kernelReads();
    this.readings.push({ atMs: monotonicMs, cpuSeconds, reads });
    while (this.readings.length > 2 && monotonicMs - (this.readings[1]?.atMs ?? monotonicMs) >= windowMs) this.readings.shift();
    return {
      cpuRatio: this.perSecond((reading) => reading.cpuSeconds),
      cpuSeconds,
      rssBytes: process.memoryUsage.rss(),
      reads,
      readsPerSecond: this.perSecond((reading) => reading.reads),
      fds: countOwnFds(),
      startTimeMs: this.startTimeMs,
    };
  }

  private perSecond(pick: (reading: { cpuSeconds: number; reads: number }) => number): Reading<number> {
    const first = this.readings[0];
    const last = this.readings.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return absent;
    return Math.max(0, ((pick(last) - pick(first)) * 1000) / (last.atMs - first.atMs));
  }
}

/** From Linux 6.2 on the size of the folder is the count; reading thousands of names each time would cost more than the scan of a process. */
function countOwnFds(): Reading<number> {
  try {
    const { size } = statSync('/proc/self/fd');
    // Without the one that reads the folder.
    return size > 0 ? size : readdirSync('/proc/self/fd').length - 1;
  } catch {
    return absent;
  }
}
