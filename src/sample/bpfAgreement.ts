/**
 * Whether the BPF iterator says of a process what /proc says. The process lives on while it is looked at: it is read in /proc before and
 * after, and what the iterator said in between has to lie in between. Pure, but for reading /proc.
 */
import type { BpfTask } from '../kernel/bpfTasks.ts';
import { fdDirectorySize } from '../kernel/pidFdCount.ts';
import { emptyPidStat, type PidStat, parsePidStat } from '../kernel/pidStat.ts';
import { emptyPidStatus, type PidStatus, parsePidStatus } from '../kernel/pidStatus.ts';
import { readRecord } from '../kernel/read.ts';
import { ticksPerSecond } from '../kernel/stat.ts';
import { absent, isValue, type Reading } from '../model/reading.ts';
import { formatBytes } from '../model/units.ts';

/** One process as /proc has it. */
export interface ProcTask {
  stat: PidStat;
  comm: string;
  status: PidStatus;
  fds: Reading<number>;
}

/** One process as the iterator has it. */
export interface NamedTask extends BpfTask {
  comm: string;
}

const buffer = Buffer.allocUnsafeSlow(8192);
/** /proc rounds user and system time on their own, and either by up to one tick. */
const cpuSlackSeconds = 2 / ticksPerSecond;

/** Absent when the process ended. */
export function readProcTask(procRoot: string, pid: number, countsFds: boolean): Reading<ProcTask> {
  const task: ProcTask = { stat: emptyPidStat(), comm: '', status: emptyPidStatus(), fds: absent };
  const statLength = readRecord(`${procRoot}/${pid}/stat`, buffer);
  if (!isValue(statLength)) return statLength;
  if (!parsePidStat(buffer, statLength, task.stat)) return absent;
  task.comm = buffer.toString('latin1', task.stat.commStart, task.stat.commEnd);
  const statusLength = readRecord(`${procRoot}/${pid}/status`, buffer);
  if (!isValue(statusLength)) return statusLength;
  parsePidStatus(buffer, statusLength, task.status);
  if (countsFds) task.fds = fdDirectorySize(`${procRoot}/${pid}/fd`);
  return task;
}

/**
 * The kernel adds what a CPU has counted to the sum only when it is this much, and older ones show the sum alone: so much may the one be
 * away from the other. percpu_counter_batch of lib/percpu_counter.c.
 */
export function memorySlackBytes(cpuCount: number, pageBytes: number): number {
  return cpuCount * Math.max(32, 2 * cpuCount) * pageBytes;
}

/** What does not agree, in words; null when all does. `task` null: the iterator did not come by this process. */
export function disagreement(task: NamedTask | null, before: ProcTask, after: ProcTask, memorySlack: number): string | null {
  if (task === null) return `nothing of ${before.comm}`;
  const found = differences(task, before, after, memorySlack).find((text) => text !== null);
  return found === undefined ? null : `${found}, of pid ${task.pid}`;
}

function differences(task: NamedTask, before: ProcTask, after: ProcTask, memorySlack: number): (string | null)[] {
  const start = same('start', task.startTimeTicks, before.stat.startTimeTicks, after.stat.startTimeTicks);
  const kind = same('thread of the kernel:', task.kernelThread, before.stat.kernelThread, after.stat.kernelThread);
  if (task.kernelThread) return [start, kind];
  const memory = (name: string, value: number, pick: (status: PidStatus) => Reading<number>) =>
    between(name, task.memoryIsKnown ? value : Number.NaN, [pick(before.status), pick(after.status)], memorySlack, formatBytes);
  return [
    start,
    kind,
    same('parent', task.parentPid, before.stat.parentPid, after.stat.parentPid),
    same('user', task.effectiveUid, before.status.effectiveUid, after.status.effectiveUid),
    same('name', task.comm, before.comm, after.comm),
    between('threads', task.threads, [before.stat.threads, after.stat.threads], 0),
    between('CPU seconds', task.cpuSeconds, [cpuSecondsOf(before.stat), cpuSecondsOf(after.stat)], cpuSlackSeconds),
    memory('anonymous memory', task.anonBytes, (status) => status.anonBytes),
    memory('file pages', task.fileBytes, (status) => status.fileBytes),
    memory('shared memory', task.shmemBytes, (status) => status.shmemBytes),
    memory('swap', task.swapBytes, (status) => status.swapBytes),
    task.fds < 0 ? null : between('open files', task.fds, [before.fds, after.fds], 0),
  ];
}

function same<T>(name: string, value: T, first: Reading<T>, last: Reading<T>): string | null {
  return value === first || value === last ? null : `${name} ${value}, in /proc ${String(last)}`;
}

/** What one of both readings of /proc does not have is on its way in or out. */
function between(
  name: string,
  value: number,
  [first, last]: [Reading<number>, Reading<number>],
  slack: number,
  format: (value: number) => string = String,
): string | null {
  if (!isValue(first) || !isValue(last)) return null;
  if (value >= Math.min(first, last) - slack && value <= Math.max(first, last) + slack) return null;
  return `${name} ${Number.isNaN(value) ? 'unknown' : format(value)}, in /proc ${format(last)}`;
}

function cpuSecondsOf({ userTicks, systemTicks }: PidStat): number {
  return (userTicks + systemTicks) / ticksPerSecond;
}
