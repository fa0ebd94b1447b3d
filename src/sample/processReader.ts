/**
 * Reads one process in tiers. Each scan: statm (on a kept descriptor where the budget allows) and the number of open files. When memory
 * moved: stat and status as well. Every sixth scan: stat, and only every 24th while no CPU time is used. Once, and every 60 scans: all of
 * that, and cgroup, arguments, limits. Of a process that sleeps only that it did not run, each scan or every sixth: sleepers.ts; of one
 * that slept since it was identified the rest every 360 scans.
 * Nothing is allocated in the first two tiers but what node:fs needs.
 */
import { existsSync, openSync, readdirSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { BpfTask } from '../kernel/bpfTasks.ts';
import type { Meminfo } from '../kernel/meminfo.ts';
import { type PidCgroup, parsePidCgroup } from '../kernel/pidCgroup.ts';
import { parsePidCmdline } from '../kernel/pidCmdline.ts';
import { fdCountIsDirectorySize, fdDirectorySize, keptFdDirectorySize, listedFdCount } from '../kernel/pidFdCount.ts';
import { parseOpenFilesLimit } from '../kernel/pidLimits.ts';
import { emptyPidStat, type PidStat, parsePidStat } from '../kernel/pidStat.ts';
import { parsePidStatm } from '../kernel/pidStatm.ts';
import { emptyPidStatus, type PidStatus, parsePidStatus } from '../kernel/pidStatus.ts';
import { missingFor, readKept, readRecord } from '../kernel/read.ts';
import { ticksPerSecond } from '../kernel/stat.ts';
import { absent, isValue, notPermitted, type Reading } from '../model/reading.ts';
import type { ProcessId } from '../model/subject.ts';
import { Ancestors, workingDirectoryOf } from './ancestors.ts';
import type { CgroupLimits } from './cgroupLimits.ts';
import { maskedArguments, shownCommand } from './commandLine.ts';
import { ProcessEntry } from './processEntry.ts';
import { hasSleptLong, Sleepers } from './sleepers.ts';
import { processSubjectId } from './subjectId.ts';
import type { UserNames } from './userNames.ts';
import { commandName } from './workload/executable.ts';
import type { GivenNames, ProcessFacts } from './workload/workloadRule.ts';
import type { WorkloadTable } from './workloadTable.ts';

const statEveryScans = 6;
/** Of processes that used no CPU time since, and of kernel threads, which hold nothing: they are only to be told from whoever has their pid next. */
const idleStatEveryScans = 24;
const identifyEveryScans = 60;
/** What files of others say of it, such as the name of its container, is asked for again. */
const nameEveryScans = 360;
/** A process between fork and exec, or before it set its title, looks like its parent: it is looked at again soon. */
const youngScans = [1, statEveryScans];
const memoryGauges = ['anonBytes', 'fileBytes', 'shmemBytes', 'swapBytes'] as const;
const noMemory = emptyPidStatus();
/** Command lines can be longer (the class path of a JVM), and the part that names the program comes late in it. */
const maxArgumentBytes = 1 << 17;
const bufferBytes = maxArgumentBytes + 8192;

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
  readonly #sleepers: Sleepers;
  readonly #ancestors: Ancestors;
  #keptFds = 0;
  /** Somebody has another parent than before, ended or belongs to another workload: until whoever counts children has seen it. */
  familyHasChanged = true;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#ancestors = new Ancestors(context.procRoot, context.users);
    this.#sleepers = new Sleepers(context.procRoot);
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
    // While it is in the buffer.
    this.#takeStat(entry);
    if (this.#readFirst(entry, scan)) return entry;
    this.release(entry);
    return absent;
  }

  /** Whether a process that may be read has this pid. Numbers of threads are out of the same row, and they have a folder as well. */
  isProcess(pid: number): boolean {
    const directory = `${this.#context.procRoot}/${pid}`;
    // Most that were given out since the last scan have ended, and an error costs more than a look.
    if (!existsSync(directory)) return false;
    const length = readRecord(`${directory}/status`, this.#buffer);
    if (!isValue(length)) return false;
    parsePidStatus(this.#buffer, length, this.#status);
    return this.#status.processId === pid;
  }

  /** False when the process ended, or its pid now belongs to another one. */
  refresh(entry: ProcessEntry, scan: number): boolean {
    // Nothing is kept open of those that the BPF iterator told of until now.
    if (isDue(entry, scan, statEveryScans) && !entry.keepsOpen && !entry.kernelThread) this.#keepOpen(entry);
    // What was seen of its sockets counts for one scan.
    entry.hasChanged = entry.openFilesAreNew || isValue(entry.sample.sockets);
    const statDue = isDue(entry, scan, entry.isIdle ? idleStatEveryScans : statEveryScans);
    if (entry.kernelThread) return !statDue || this.#readStat(entry);
    const sleepsOn = this.#sleepsOn(entry, scan);
    if (!isValue(sleepsOn)) return false;
    // What never ran since is what it was, unless others did that to it.
    const identifyDue = isDue(entry, scan, sleepsOn && hasSleptLong(entry) ? nameEveryScans : identifyEveryScans);
    if (sleepsOn && !identifyDue) {
      this.#takeLimit(entry, scan);
      return true;
    }
    const moved = this.#memoryMoved(entry);
    if (!isValue(moved)) return false;
    const allDue = moved || identifyDue || isYoung(entry, scan);
    if (allDue || statDue) {
      // Without a kept statm, stat was just read to see whether memory moved.
      if (entry.statmFd >= 0 && !this.#readStat(entry)) return false;
      const renamed = this.#takeStat(entry);
      if ((allDue || renamed) && !this.#takeStatus(entry, scan, renamed)) return false;
    }
    this.#readCheap(entry, scan);
    if (statDue && entry.schedstatFd < 0 && this.#sleepers.mayFallAsleep(entry, scan)) this.#putToSleep(entry);
    return true;
  }

  /**
   * The same from what the BPF iterator says, in whose `bytes` the name is. What is young is looked at closer, and what grows is
   * suspected: no verdict is to rest on the iterator alone.
   */
  take(entry: ProcessEntry, task: BpfTask, bytes: Uint8Array, scan: number): boolean {
    if (task.startTimeTicks !== entry.startTimeTicks) return false;
    entry.hasChanged = entry.openFilesAreNew || isValue(entry.sample.sockets);
    if (entry.kernelThread) return true;
    this.release(entry);
    this.#takeRun(entry, task, task.cpuSeconds);
    const isSuspected = entry.growth.ofMemory && isDue(entry, scan, statEveryScans);
    if (isSuspected || isYoung(entry, scan) || (!task.memoryIsKnown && !entry.isDead)) return this.#readAnew(entry, scan);
    takeMemory(entry, task.memoryIsKnown ? task : noMemory);
    const renamed = takeComm(entry, bytes, task.commStart, task.commEnd);
    const owned = entry.uid !== task.effectiveUid;
    entry.uid = task.effectiveUid;
    // The iterator tells of another name or user at once: what is left is seldom.
    if (renamed || owned || isDue(entry, scan, nameEveryScans) || this.#hasMoved(entry, scan)) this.#identify(entry, scan);
    this.#takeCounts(entry, task.fds < 0 ? this.#fdCount(entry) : task.fds, scan);
    return true;
  }

  /** Everything by path. False when the process ended, or its pid now belongs to another one. */
  #readAnew(entry: ProcessEntry, scan: number): boolean {
    if (!this.#readStat(entry) || !this.#takeStatus(entry, scan, this.#takeStat(entry))) return false;
    this.#readCheap(entry, scan);
    return true;
  }

  release(entry: ProcessEntry): void {
    this.#keptFds -= entry.release();
  }

  beginScan(meminfo: Reading<Meminfo>): void {
    this.#sleepers.beginScan(meminfo);
  }

  /** True: it did not run since the last scan, and nobody took memory from it. Absent: it ended. */
  #sleepsOn(entry: ProcessEntry, scan: number): Reading<boolean> {
    if (entry.schedstatFd < 0) return false;
    if (this.#sleepers.sleepsDeep(entry, scan)) return true;
    const hasRun = this.#sleepers.hasRun(entry);
    if (!isValue(hasRun)) return hasRun;
    if (this.#sleepers.mustWake(entry)) {
      this.release(entry);
      this.#keepOpen(entry);
      this.#sleepers.woke(entry, scan);
    }
    return !hasRun && !this.#sleepers.memoryWasTaken;
  }

  #putToSleep(entry: ProcessEntry): void {
    this.release(entry);
    entry.schedstatFd = this.#keep(`${entry.directory}/schedstat`);
    entry.runMark = Number.NaN;
    entry.runsOnEnd = entry.looksSlept = 0;
    if (entry.schedstatFd < 0) this.#keepOpen(entry);
  }

  /** What is left the first time after stat. False when the process ended meanwhile. */
  #readFirst(entry: ProcessEntry, scan: number): boolean {
    // The marks are set before the memory is read: what moves in between is seen at the next scan.
    if (entry.statmFd >= 0 && !isValue(this.#memoryMoved(entry))) return false;
    if (!this.#takeStatus(entry, scan, true)) return false;
    this.#readCheap(entry, scan);
    return true;
  }

  /** What status says, and the identity where that may have changed. */
  #takeStatus(entry: ProcessEntry, scan: number, renamed: boolean): boolean {
    const owned = this.#readStatus(entry);
    if (!isValue(owned)) return false;
    const mayHaveMoved = isDue(entry, scan, identifyEveryScans);
    if (renamed || owned || mayHaveMoved || entry.shown === null || isYoung(entry, scan)) this.#identify(entry, scan);
    return true;
  }

  #readCheap(entry: ProcessEntry, scan: number): void {
    this.#takeCounts(entry, this.#fdCount(entry), scan);
  }

  #takeCounts(entry: ProcessEntry, fds: Reading<number>, scan: number): void {
    if (fds !== entry.sample.fds) entry.hasChanged = true;
    entry.sample.fds = fds;
    this.#takeLimit(entry, scan);
  }

  #takeLimit(entry: ProcessEntry, scan: number): void {
    const { sample, limit } = entry;
    const limitBytes = limit === null ? absent : limit.bytes;
    if (limitBytes !== sample.limitBytes) entry.hasChanged = true;
    sample.limitBytes = limitBytes;
    if (limit !== null) limit.usedAtScan = scan;
  }

  #keepOpen(entry: ProcessEntry): void {
    entry.statmFd = this.#keep(`${entry.directory}/statm`);
    if (this.#fdCountByStat) entry.fdDirectoryFd = this.#keep(entry.fdDirectory);
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
    const { userTicks, systemTicks, commStart, commEnd } = this.#stat;
    this.#takeRun(entry, this.#stat, (userTicks + systemTicks) / ticksPerSecond);
    return takeComm(entry, this.#buffer, commStart, commEnd);
  }

  #takeRun(entry: ProcessEntry, run: Pick<PidStat, 'parentPid' | 'state' | 'threads'>, used: number): void {
    const { sample } = entry;
    // /proc rounds more of it off than the BPF iterator: it may not seem to fall where one follows the other.
    const cpuSeconds = isValue(sample.cpuSeconds) ? Math.max(sample.cpuSeconds, used) : used;
    entry.isIdle = cpuSeconds === sample.cpuSeconds;
    if (!entry.isIdle || run.threads !== sample.threads) entry.hasChanged = true;
    const wasDead = entry.isDead;
    const isOrphan = run.parentPid !== entry.parentPid;
    entry.parentPid = run.parentPid;
    entry.state = run.state;
    sample.cpuSeconds = cpuSeconds;
    sample.threads = run.threads;
    if (isOrphan || entry.isDead !== wasDead) this.familyHasChanged = true;
  }

  /** True when the process belongs to another user than before; absent when it ended. */
  #readStatus(entry: ProcessEntry): Reading<boolean> {
    const { sample } = entry;
    const length = readRecord(this.#statusPathOf(entry), this.#buffer);
    if (length === notPermitted) {
      sample.anonBytes = sample.fileBytes = sample.shmemBytes = sample.swapBytes = notPermitted;
      entry.uid = notPermitted;
      entry.hasChanged = true;
      return false;
    }
    if (!isValue(length)) return absent;
    const status = this.#status;
    parsePidStatus(this.#buffer, length, status);
    takeMemory(entry, status);
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

  #fdCount(entry: ProcessEntry): Reading<number> {
    if (entry.isZombie) return absent;
    if (entry.fdDirectoryFd >= 0) return keptFdDirectorySize(entry.fdDirectoryFd);
    if (this.#fdCountByStat) return fdDirectorySize(entry.fdDirectory);
    // Once refused, it is asked again when the process is identified anew.
    return entry.sample.fds === notPermitted ? notPermitted : listedFdCount(entry.fdDirectory);
  }

  /** Whether it is in another cgroup, when that is due to be asked. */
  #hasMoved(entry: ProcessEntry, scan: number): boolean {
    if (!isDue(entry, scan, identifyEveryScans)) return false;
    const length = readRecord(`${entry.directory}/cgroup`, this.#buffer);
    return isValue(length) && crc32(this.#buffer.subarray(0, length)) !== entry.cgroupMark;
  }

  /** Reads what makes it known, and works out what it is where that is not what it was. */
  #identify(entry: ProcessEntry, scan: number): void {
    if (entry.sample.fds === notPermitted) entry.sample.fds = absent;
    const { bootTimeMs, limits } = this.#context;
    const argumentsLength = readRecord(`${entry.directory}/cmdline`, this.#buffer.subarray(0, maxArgumentBytes));
    const argumentBytes = this.#buffer.subarray(0, isValue(argumentsLength) ? argumentsLength : 0);
    // A zombie has lost its arguments, and is still what it was.
    if (argumentBytes.length === 0 && entry.shown !== null && entry.isZombie) return;
    const rest = this.#buffer.subarray(argumentBytes.length);
    const cgroupLength = readRecord(`${entry.directory}/cgroup`, rest);
    const cgroupBytes = rest.subarray(0, isValue(cgroupLength) ? cgroupLength : 0);
    entry.cgroupMark = crc32(cgroupBytes);
    const cgroup = parsePidCgroup(cgroupBytes.toString('latin1'));
    entry.sample.startTimeMs = isValue(bootTimeMs) ? bootTimeMs + (entry.startTimeTicks * 1000) / ticksPerSecond : bootTimeMs;
    entry.limit = limits.limitOf(cgroup, scan);
    const uid = isValue(entry.uid) ? entry.uid : -1;
    const mark = [argumentBytes, cgroupBytes, entry.comm, `${entry.parentPid} ${uid}`].reduce((sum, bytes) => crc32(bytes, sum), 0);
    const isKnown = entry.shown !== null && mark === entry.identityMark && !isDue(entry, scan, nameEveryScans);
    entry.identityMark = mark;
    if (!isKnown) this.#name(entry, parsePidCmdline(argumentBytes, argumentBytes.length), cgroup, scan);
    this.#readFdLimit(entry);
  }

  #readFdLimit(entry: ProcessEntry): void {
    const length = readRecord(`${entry.directory}/limits`, this.#buffer);
    const fdLimit = isValue(length) ? parseOpenFilesLimit(this.#buffer, length) : length;
    if (fdLimit !== entry.sample.fdLimit) entry.hasChanged = true;
    entry.sample.fdLimit = fdLimit;
  }

  #name(entry: ProcessEntry, argv: string[], cgroup: PidCgroup, scan: number): void {
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
    const workload = this.#context.workloads.entryOf(facts);
    if (workload !== entry.workload && entry.workload !== null) {
      // What it used so far stays with the workload it leaves.
      entry.countedCpuSeconds = isValue(entry.sample.cpuSeconds) ? entry.sample.cpuSeconds : entry.countedCpuSeconds;
      entry.workload.isStale = true;
      // What ended among its children goes with it.
      this.familyHasChanged = true;
    }
    if (workload !== entry.workload) entry.hasChanged = true;
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
      diedIn: null,
      openFiles: null,
    };
  }
}

/** By pid, so that the dear reads of a thousand processes don't fall into the same scan. */
function isDue(entry: ProcessEntry, scan: number, everyScans: number): boolean {
  return (scan + entry.pid) % everyScans === 0;
}

/** Those that were there before the first scan have long become what they are. */
function isYoung(entry: ProcessEntry, scan: number): boolean {
  return entry.bornAtScan > 1 && youngScans.includes(scan - entry.bornAtScan);
}

function takeMemory(entry: ProcessEntry, memory: Pick<PidStatus, (typeof memoryGauges)[number]>): void {
  const { sample } = entry;
  for (const gauge of memoryGauges) {
    if (sample[gauge] === memory[gauge]) continue;
    sample[gauge] = memory[gauge];
    entry.hasChanged = true;
  }
}

/** True when it is not the name it had. */
function takeComm(entry: ProcessEntry, bytes: Uint8Array, start: number, end: number): boolean {
  const { comm } = entry;
  let same = comm.length === end - start;
  for (let index = 0; same && index < comm.length; index += 1) same = comm[index] === bytes[start + index];
  if (!same) entry.comm = Buffer.from(bytes.subarray(start, end));
  return !same;
}

function marksMoved(entry: ProcessEntry, first: number, second: number, third: number): boolean {
  const marks = entry.movedMarks;
  if (marks[0] === first && marks[1] === second && marks[2] === third) return false;
  marks[0] = first;
  marks[1] = second;
  marks[2] = third;
  return true;
}

function otherThread(entry: ProcessEntry): string | null {
  try {
    return readdirSync(`${entry.directory}/task`).find((thread) => thread !== String(entry.pid)) ?? null;
  } catch (error) {
    missingFor(error);
    return null;
  }
}
