/** The memory, stall and load of the host in one scan. */
import type { Loadavg } from '../kernel/loadavg.ts';
import type { Meminfo } from '../kernel/meminfo.ts';
import type { Pressure } from '../kernel/pressure.ts';
import type { Sockstat } from '../kernel/sockstat.ts';
import type { Stat } from '../kernel/stat.ts';
import { emptySample, type Sample } from '../model/gauge.ts';
import { isValue, type Missing, type Reading } from '../model/reading.ts';
import type { HostReading } from './scan.ts';

export interface HostFiles {
  meminfo: Reading<Meminfo>;
  pressure: Reading<Pressure>;
  loadavg: Reading<Loadavg>;
  stat: Reading<Stat>;
  sockstat: Reading<Sockstat>;
}

export function hostReading(files: HostFiles, timeMs: number, bootTimeMs: Reading<number>, processes: number): HostReading {
  const { meminfo, pressure, loadavg, stat } = files;
  const sockets = isValue(files.sockstat) ? files.sockstat : unknownSockets(files.sockstat);
  const memory = (pick: (meminfo: Meminfo) => Reading<number>): Reading<number> => (isValue(meminfo) ? pick(meminfo) : meminfo);
  const sample: Sample = {
    ...emptySample(timeMs),
    anonBytes: memory((info) => info.AnonPages),
    swapBytes: memory((info) => difference(info.SwapTotal, info.SwapFree)),
    shmemBytes: memory((info) => info.Shmem),
    fileBytes: memory((info) => difference(sum([info.Cached, info.Buffers]), info.Shmem)),
    sockets: sockets.used,
    threads: isValue(loadavg) ? loadavg.threads : loadavg,
    processes,
    cpuSeconds: isValue(stat) ? stat.busySeconds : stat,
    startTimeMs: bootTimeMs,
    limitBytes: memory((info) => sum([info.MemTotal, info.SwapTotal])),
    kernelBytes: memory(unreclaimableKernelBytes),
    headroomBytes: memory((info) => sum([info.MemAvailable, info.SwapFree])),
  };
  return {
    sample,
    memTotalBytes: memory((info) => info.MemTotal),
    memFreeBytes: memory((info) => info.MemFree),
    memAvailableBytes: memory((info) => info.MemAvailable),
    swapTotalBytes: memory((info) => info.SwapTotal),
    swapFreeBytes: memory((info) => info.SwapFree),
    memoryPressure: isValue(pressure) ? pressure : { some10: pressure, full10: pressure },
    load1: isValue(loadavg) ? loadavg.load1 : loadavg,
    sockets,
    cpu: isValue(stat) ? stat : unknownCpu(stat),
    cpuCount: isValue(stat) ? stat.cpuCount : 0,
  };
}

function unknownSockets(missing: Missing): HostReading['sockets'] {
  return { used: missing, tcpAllocated: missing, tcpOrphaned: missing, tcpTimeWait: missing, tcpPages: missing };
}

function unknownCpu(missing: Missing): HostReading['cpu'] {
  return {
    busySeconds: missing,
    ioWaitSeconds: missing,
    stealSeconds: missing,
    idleSeconds: missing,
    runningTasks: missing,
    blockedTasks: missing,
  };
}

/**
 * What the kernel holds and can't give back. Stacks are allocated by vmalloc on most machines, and then counted in both
 * KernelStack and VmallocUsed: the larger of the two covers them. Kinds that an older kernel doesn't tell are left out.
 */
function unreclaimableKernelBytes(info: Meminfo): Reading<number> {
  if (!isValue(info.SUnreclaim)) return info.SUnreclaim;
  const known = (reading: Reading<number>): number => (isValue(reading) ? reading : 0);
  const stacksAndVmalloc = Math.max(known(info.KernelStack), known(info.VmallocUsed));
  return info.SUnreclaim + known(info.PageTables) + known(info.SecPageTables) + known(info.Percpu) + stacksAndVmalloc;
}

/** The first missing term is the answer: a sum without it would be a guess. */
function sum(terms: readonly Reading<number>[]): Reading<number> {
  let total = 0;
  for (const term of terms) {
    if (!isValue(term)) return term satisfies Missing;
    total += term;
  }
  return total;
}

/** Both are read at once, but the kernel counts them one after the other: never below zero. */
function difference(from: Reading<number>, less: Reading<number>): Reading<number> {
  if (!isValue(from)) return from;
  return isValue(less) ? Math.max(0, from - less) : less;
}
