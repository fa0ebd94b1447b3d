/**
 * Reads one process in tiers. Each scan: statm (on a kept descriptor where the budget allows) and the number of open files.
 * When memory moved, and every sixth scan: stat and status. Once, and every 60 scans: cgroup, arguments, limits.
 * Nothing is allocated in the first two tiers but what node:fs needs.
 */
import { openSync, readdirSync } from 'node:fs';
import type { BpfTask } from '../kernel/bpfTasks.ts';
import { parsePidCgroup } from '../kernel/pidCgroup.ts';
import { parsePidCmdline } from '../kernel/pidCmdline.ts';
import { fdCountIsDirectorySize, fdDirectorySize, keptFdDirectorySize, listedFdCount } from '../kernel/pidFdCount.ts';
import { parseOpenFilesLimit } from '../kernel/pidLimits.ts';
import { emptyPidStat, parsePidStat } from '../kernel/pidStat.ts';
import { parsePidStatm } from '../kernel/pidStatm.ts';
import { emptyPidStatus, parsePidStatus } from '../kernel/pidStatus.ts';
import { missingFor, readKept, readRecord } from '../kernel/read.ts';
import { ticksPerSecond } from '../kernel/stat.ts';
import type { Sample } from '../model/gauge.ts';
import { absent, isValue, notPermitted, type Reading } from '../model/reading.ts';
import type { ProcessId } from '../model/subject.ts';
import { Ancestors, workingDirectoryOf } from './ancestors.ts';
import type { CgroupLimits } from './cgroupLimits.ts';
import { maskedArguments, shownCommand } from './commandLine.ts';
import { ProcessEntry } from './processEntry.ts';
import { processSubjectId } from './subjectId.ts';
import type { UserNames } from './userNames.ts';
import { commandName } from './workload/executable.ts';
import type { GivenNames, ProcessFacts } from './workload/workloadRule.ts';
import type { WorkloadTable } from './workloadTable.ts';

const fullReadEveryScans = 6;
const identifyEveryScans = 60;
/** A process between fork and exec, or before it set its title, looks like its parent: it is looked at again soon. */
const youngScans = [1, fullReadEveryScans];
/** Command lines can be longer (the class path of a JVM), and the part that names the program comes late in it. */
const bufferBytes = 1 << 17;

export interface ReaderContext {
  procRoot: string;
  bootId: string;
  bootTimeMs: Reading<number>;
  /** How many descriptors may be kept open. */
  keptFdBudget: number;
  users: UserNames;
  names: GivenNames;
  limits: CgroupLimits;
  workloads: WorkloadTable;
}

export class ProcessReader {
  readonly #context: ReaderContext;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  readonly #stat = emptyPidStat();
  readonly #statm = { sizePages: 0, residentPages: 0, sharedPages: 0 };
  readonly #status = emptyPidStatus();
  readonly #fdCountByStat: boolean;
  readonly #ancestors: Ancestors;
  #keptFds = 0;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#ancestors = new Ancestors(context.procRoot, context.users);
    this.#fdCountByStat = fdCountIsDirectorySize(`${context.procRoot}/self/fd`);
  }

  /** A process seen for the first time; absent when it ended before it could be read. */
  open(pid: number, scan: number): Reading<ProcessEntry> {
    const length = readRecord(`${this.#context.procRoot}/${pid}/stat`, this.#buffer);
    if (!isValue(length)) return length;
    if (!parsePidStat(this.#buffer, length, this.#stat)) return absent;
    const entry = new ProcessEntry(this.#context.procRoot, pid, this.#stat.startTimeTicks, this.#stat.kernelThread, scan);
    if (entry.kernelThread) {
      entry.workload = this.#context.workloads.entryFor({ origin: 'kernel', key: 'kernel threads', name: 'kernel threads' });
      return entry;
    }
    this.#keepOpen(entry);
    if (this.#readAll(entry, scan)) return entry;
    this.release(entry);
    return absent;
  }

  /** False when the process ended, or its pid now belongs to another one. */
  refresh(entry: ProcessEntry, scan: number): boolean {
    const due = isDue(entry, scan) || isYoung(entry, scan);
    // Nothing is kept open of those that the BPF iterator told of until now.
    if (due && entry.statmFd < 0 && !entry.kernelThread) this.#keepOpen(entry);
    return this.#refresh(entry, scan, due);
  }

  /**
   * The same from what the BPF iterator says, in whose `bytes` the name is. What is young is looked at closer, and what grows is
   * suspected: no verdict is to rest on the iterator alone.
   */
  take(entry: ProcessEntry, task: BpfTask, bytes: Uint8Array, scan: number): boolean {
    if (task.startTimeTicks !== entry.startTimeTicks) return false;
    if (entry.kernelThread) return true;
    this.release(entry);
    entry.state = task.state;
    entry.sample.threads = task.threads;
    const confirm = isYoung(entry, scan) || (entry.growth.ofMemory && isDue(entry, scan));
    if (confirm || (!task.memoryIsKnown && !entry.isDead)) return this.#refresh(entry, scan, true);
    this.#takeTask(entry, task);
    const renamed = this.#takeComm(entry, bytes, task.commStart, task.commEnd);
    const owned = entry.uid !== task.effectiveUid;
    entry.uid = task.effectiveUid;
    if (renamed || owned || mayHaveMoved(entry, scan)) this.#identify(entry, scan);
    if (task.fds >= 0) entry.sample.fds = task.fds;
    else this.#countFds(entry);
    takeLimit(entry, scan);
    return true;
  }

  release(entry: ProcessEntry): void {
    this.#keptFds -= entry.release();
  }

  #refresh(entry: ProcessEntry, scan: number, due: boolean): boolean {
    if (entry.kernelThread) return !due || this.#readStat(entry);
    const moved = this.#memoryMoved(entry);
    if (!isValue(moved)) return false;
    if (moved || due) {
      // Without a kept statm, stat was just read to see whether memory moved.
      if (entry.statmFd >= 0 && !this.#readStat(entry)) return false;
      if (!this.#takeAll(entry, scan)) return false;
    }
    this.#readCheap(entry, scan);
    return true;
  }

  /** The first time, right after stat was read. False when the process ended meanwhile. */
  #readAll(entry: ProcessEntry, scan: number): boolean {
    this.#takeStat(entry);
    // The marks are set before the memory is read: what moves in between is seen at the next scan.
    if (entry.statmFd >= 0 && !isValue(this.#memoryMoved(entry))) return false;
    if (!isValue(this.#readStatus(entry))) return false;
    this.#identify(entry, scan);
    this.#readCheap(entry, scan);
    return true;
  }

  /** What stat says, then status, and the identity where that may have changed. */
  #takeAll(entry: ProcessEntry, scan: number): boolean {
    const renamed = this.#takeStat(entry);
    const owned = this.#readStatus(entry);
    if (!isValue(owned)) return false;
    if (renamed || owned || mayHaveMoved(entry, scan) || isYoung(entry, scan)) this.#identify(entry, scan);
    return true;
  }

  #readCheap(entry: ProcessEntry, scan: number): void {
    this.#countFds(entry);
    takeLimit(entry, scan);
  }

  #keepOpen(entry: ProcessEntry): void {
    if (entry.statmFd < 0) entry.statmFd = this.#keep(`${entry.directory}/statm`);
    if (entry.fdDirectoryFd < 0 && this.#fdCountByStat) entry.fdDirectoryFd = this.#keep(entry.fdDirectory);
  }

  /** -1 when it is not kept: the next read by path says what is the matter. */
  #keep(path: string): number {
    if (this.#keptFds >= this.#context.keptFdBudget) return -1;
    try {
      const fd = openSync(path, 'r');
      this.#keptFds += 1;
      return fd;
    } catch (error) {
      missingFor(error);
      return -1;
    }
  }

  #memoryMoved(entry: ProcessEntry): Reading<boolean> {
    if (entry.statmFd < 0) {
      if (!this.#readStat(entry)) return absent;
      return marksMoved(entry, this.#stat.virtualBytes, this.#stat.residentPages, this.#stat.threads);
    }
    const length = readKept(entry.statmFd, this.#buffer);
    if (!isValue(length)) return length;
    if (!parsePidStatm(this.#buffer, length, this.#statm)) return absent;
    return marksMoved(entry, this.#statm.sizePages, this.#statm.residentPages, this.#statm.sharedPages);
  }

  /** False when the process ended or another one has its pid. */
  #readStat(entry: ProcessEntry): boolean {
    const length = readRecord(entry.statPath, this.#buffer);
    if (!isValue(length) || !parsePidStat(this.#buffer, length, this.#stat)) return false;
    return this.#stat.startTimeTicks === entry.startTimeTicks;
  }

  /** True when the process has another name than before: it ran another program. */
  #takeStat(entry: ProcessEntry): boolean {
    const stat = this.#stat;
    entry.parentPid = stat.parentPid;
    entry.state = stat.state;
    takeCpu(entry.sample, (stat.userTicks + stat.systemTicks) / ticksPerSecond);
    entry.sample.threads = stat.threads;
    return this.#takeComm(entry, this.#buffer, stat.commStart, stat.commEnd);
  }

  #takeTask(entry: ProcessEntry, task: BpfTask): void {
    const { sample } = entry;
    entry.parentPid = task.parentPid;
    takeCpu(sample, task.cpuSeconds);
    sample.anonBytes = task.memoryIsKnown ? task.anonBytes : absent;
    sample.fileBytes = task.memoryIsKnown ? task.fileBytes : absent;
    sample.shmemBytes = task.memoryIsKnown ? task.shmemBytes : absent;
    sample.swapBytes = task.memoryIsKnown ? task.swapBytes : absent;
  }

  /** True when it is not the one it had. */
  #takeComm(entry: ProcessEntry, bytes: Uint8Array, start: number, end: number): boolean {
    const { comm } = entry;
    let same = comm.length === end - start;
    for (let index = 0; same && index < comm.length; index += 1) same = comm[index] === bytes[start + index];
    if (!same) entry.comm = Buffer.from(bytes.subarray(start, end));
    return !same;
  }

  /** True when the process belongs to another user than before; absent when it ended. */
  #readStatus(entry: ProcessEntry): Reading<boolean> {
    const { sample } = entry;
    const length = readRecord(this.#statusPathOf(entry), this.#buffer);
    if (length === notPermitted) {
      sample.anonBytes = sample.fileBytes = sample.shmemBytes = sample.swapBytes = notPermitted;
      entry.uid = notPermitted;
      return false;
    }
    if (!isValue(length)) return absent;
    const status = this.#status;
    parsePidStatus(this.#buffer, length, status);
    sample.anonBytes = status.anonBytes;
    sample.fileBytes = status.fileBytes;
    sample.shmemBytes = status.shmemBytes;
    sample.swapBytes = status.swapBytes;
    const owned = entry.uid !== status.effectiveUid;
    entry.uid = status.effectiveUid;
    return owned;
  }

  /** A process whose first thread has ended while others run looks like a zombie: what it holds is with those. */
  #statusPathOf(entry: ProcessEntry): string {
    if (!entry.isZombie || entry.sample.threads === 1) return entry.statusPath;
    const other = otherThread(entry);
    return other === null ? entry.statusPath : `${entry.directory}/task/${other}/status`;
  }

  #countFds(entry: ProcessEntry): void {
    if (entry.isZombie) entry.sample.fds = absent;
    else if (entry.fdDirectoryFd >= 0) entry.sample.fds = keptFdDirectorySize(entry.fdDirectoryFd);
    else if (this.#fdCountByStat) entry.sample.fds = fdDirectorySize(entry.fdDirectory);
    // Once refused, it is asked again when the process is identified anew.
    else if (entry.sample.fds !== notPermitted) entry.sample.fds = listedFdCount(entry.fdDirectory);
  }

  #identify(entry: ProcessEntry, scan: number): void {
    if (entry.sample.fds === notPermitted) entry.sample.fds = absent;
    const { bootTimeMs, limits, workloads } = this.#context;
    const argv = this.#readArguments(entry);
    // A zombie has lost its arguments, and is still what it was.
    if (argv.length === 0 && entry.shown !== null && entry.isZombie) return;
    const cgroupLength = readRecord(`${entry.directory}/cgroup`, this.#buffer);
    const cgroup = parsePidCgroup(isValue(cgroupLength) ? this.#buffer.toString('latin1', 0, cgroupLength) : '');
    const limitsLength = readRecord(`${entry.directory}/limits`, this.#buffer);
    entry.sample.fdLimit = isValue(limitsLength) ? parseOpenFilesLimit(this.#buffer, limitsLength) : limitsLength;
    entry.sample.startTimeMs = isValue(bootTimeMs) ? bootTimeMs + (entry.startTimeTicks * 1000) / ticksPerSecond : bootTimeMs;
    entry.limit = limits.limitOf(cgroup, scan);
    const facts: ProcessFacts = {
      kernelThread: false,
      pid: entry.pid,
      comm: entry.comm.toString('latin1'),
      argv: maskedArguments(argv),
      cgroup,
      user: isValue(entry.uid) ? this.#context.users.of(entry.uid) : '?',
      uid: isValue(entry.uid) ? entry.uid : null,
      names: this.#context.names,
      workingDirectory: () => workingDirectoryOf(entry.directory),
      parent: () => this.#ancestors.of(entry.parentPid, scan),
    };
    const workload = workloads.entryOf(facts);
    if (workload !== entry.workload && entry.workload !== null) {
      // What it used so far stays with the workload it leaves.
      entry.countedCpuSeconds = isValue(entry.sample.cpuSeconds) ? entry.sample.cpuSeconds : entry.countedCpuSeconds;
    }
    entry.workload = workload;
    this.#show(entry, facts, shownCommand(argv, facts.comm));
  }

  #show(entry: ProcessEntry, facts: ProcessFacts, command: string): void {
    const id: ProcessId = { bootId: this.#context.bootId, pid: entry.pid, startTimeTicks: entry.startTimeTicks };
    const { id: workloadId, account, domain } = entry.workload?.subject ?? {};
    entry.shown = {
      id,
      subject: {
        id: processSubjectId(id),
        kind: 'process',
        name: `${commandName(facts)} (pid ${entry.pid})`,
        user: facts.user,
        ...(workloadId === undefined ? {} : { workloadId }),
        ...(account === undefined ? {} : { account }),
        ...(domain === undefined ? {} : { domain }),
      },
      command,
      state: '?',
      uid: entry.uid,
      sample: entry.sample,
      grown: false,
      zombies: 0,
      openFiles: null,
    };
  }

  #readArguments(entry: ProcessEntry): string[] {
    const length = readRecord(`${entry.directory}/cmdline`, this.#buffer);
    return isValue(length) ? parsePidCmdline(this.#buffer, length) : [];
  }
}

/** By pid, so that the dear reads of a thousand processes don't fall into the same scan. */
function isDue(entry: ProcessEntry, scan: number): boolean {
  return (scan + entry.pid) % fullReadEveryScans === 0;
}

function mayHaveMoved(entry: ProcessEntry, scan: number): boolean {
  return (scan + entry.pid) % identifyEveryScans === 0;
}

/** Those that were there before the first scan have long become what they are. */
function isYoung(entry: ProcessEntry, scan: number): boolean {
  return entry.bornAtScan > 1 && youngScans.includes(scan - entry.bornAtScan);
}

function marksMoved(entry: ProcessEntry, first: number, second: number, third: number): boolean {
  const marks = entry.movedMarks;
  if (marks[0] === first && marks[1] === second && marks[2] === third) return false;
  marks[0] = first;
  marks[1] = second;
  marks[2] = third;
  return true;
}

/** /proc rounds more of it off than the BPF iterator: it may not seem to fall where one follows the other. */
function takeCpu(sample: Sample, cpuSeconds: number): void {
  sample.cpuSeconds = isValue(sample.cpuSeconds) ? Math.max(sample.cpuSeconds, cpuSeconds) : cpuSeconds;
}

function takeLimit(entry: ProcessEntry, scan: number): void {
  entry.sample.limitBytes = entry.limit === null ? absent : entry.limit.bytes;
  if (entry.limit !== null) entry.limit.usedAtScan = scan;
}

function otherThread(entry: ProcessEntry): string | null {
  try {
    return readdirSync(`${entry.directory}/task`).find((thread) => thread !== String(entry.pid)) ?? null;
  } catch (error) {
    missingFor(error);
    return null;
  }
}
