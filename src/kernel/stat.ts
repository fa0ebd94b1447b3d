/**
 * /proc/stat: CPU time since boot in ticks of 10 ms, and `btime`, the moment of boot in seconds since the epoch.
 * https://man7.org/linux/man-pages/man5/proc_stat.5.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

/** USER_HZ: 100 on every architecture that the runtime of stanch exists for. */
export const ticksPerSecond = 100;

export interface Stat {
  /** CPU time spent working, over all CPUs: user, nice, system, interrupts, stolen not included. */
  busySeconds: Reading<number>;
  /** Idle with a task of that CPU waiting for a disk. */
  ioWaitSeconds: Reading<number>;
  /** Taken by the hypervisor for other machines. */
  stealSeconds: Reading<number>;
  idleSeconds: Reading<number>;
  /** Tasks that run or want to, and those that wait for a disk, at this moment. */
  runningTasks: Reading<number>;
  blockedTasks: Reading<number>;
  bootTimeMs: Reading<number>;
  cpuCount: number;
}

export function readStat(procRoot: string): Reading<Stat> {
  const text = readText(`${procRoot}/stat`, 1 << 18);
  return isValue(text) ? parseStat(text) : text;
}

export function parseStat(text: string): Stat {
  const stat: Stat = {
    busySeconds: absent,
    ioWaitSeconds: absent,
    stealSeconds: absent,
    idleSeconds: absent,
    runningTasks: absent,
    blockedTasks: absent,
    bootTimeMs: absent,
    cpuCount: 0,
  };
  for (const line of text.split('\n', 8192)) {
    if (/^cpu\d/.test(line)) stat.cpuCount += 1;
    else if (line.startsWith('cpu ')) Object.assign(stat, cpuTimes(line));
    else if (/^btime \d{1,12}$/.test(line)) stat.bootTimeMs = Number(line.slice(6)) * 1000;
    else if (/^procs_running \d{1,9}$/.test(line)) stat.runningTasks = Number(line.slice(14));
    else if (/^procs_blocked \d{1,9}$/.test(line)) stat.blockedTasks = Number(line.slice(14));
  }
  return stat;
}

/** `cpu user nice system idle iowait irq softirq steal …` */
function cpuTimes(line: string): Pick<Stat, 'busySeconds' | 'ioWaitSeconds' | 'stealSeconds' | 'idleSeconds'> {
  const [user, nice, system, idle, ioWait, irq, softirq, steal] = line.split(/\s+/, 9).slice(1).map(Number);
  const seconds = (ticks: number | undefined): Reading<number> =>
    ticks !== undefined && Number.isFinite(ticks) ? ticks / ticksPerSecond : absent;
  return {
    busySeconds: seconds((user ?? Number.NaN) + (nice ?? Number.NaN) + (system ?? Number.NaN) + (irq ?? 0) + (softirq ?? 0)),
    ioWaitSeconds: seconds(ioWait),
    stealSeconds: seconds(steal),
    idleSeconds: seconds(idle),
  };
}
