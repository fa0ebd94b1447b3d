/**
 * The scan of all processes: who started, who ended, what each holds, what each workload holds, and the host.
 * Synchronous, for one caller. Bounded: it keeps one small entry for each living process and nothing of the ended ones.
 */
import { readdirSync } from 'node:fs';
import { type BpfTaskCursor, emptyBpfTask } from '../kernel/bpfTasks.ts';
import { readLoadavg } from '../kernel/loadavg.ts';
import { type Meminfo, readMeminfo } from '../kernel/meminfo.ts';
import { type Mount, readMountinfo } from '../kernel/mountinfo.ts';
import { parseOpenFilesLimit } from '../kernel/pidLimits.ts';
import { readPressure } from '../kernel/pressure.ts';
import { readBootId } from '../kernel/processIdentity.ts';
import { readText } from '../kernel/read.ts';
import { readSockstat } from '../kernel/sockstat.ts';
import { readStat } from '../kernel/stat.ts';
import { StanchError } from '../model/errors.ts';
import { absent, isValue, notPermitted, type Reading } from '../model/reading.ts';
import { CgroupLimits } from './cgroupLimits.ts';
import { hostReading } from './hostReading.ts';
import { hostNames } from './names/hostNames.ts';
import { CloserLook } from './openFiles/closerLook.ts';
import { socketCount } from './openFiles/openFiles.ts';
import { type Permissions, tryPermissions } from './permissions.ts';
import { PressureMeter } from './pressureMeter.ts';
import type { ProcessEntry } from './processEntry.ts';
import { ProcessReader } from './processReader.ts';
import type { ProcessSample, Scan } from './scan.ts';
import { UserNames } from './userNames.ts';
import { hidepidOf, type Visibility, VisibilityNotices } from './visibility.ts';
import type { WorkloadEntry } from './workloadEntry.ts';
import { WorkloadTable } from './workloadTable.ts';

/** Two for each process that is awake, one for each that sleeps; one of them pins some 4.5 KB in the kernel. */
const maxKeptFds = 8192;
/** All processes are listed at least this often, however few pids were given out. */
const listEveryScans = 6;
/** A look at a pid that may be a new process costs as much as the listing of so many processes. */
const asDearAsListing = 8;
const surroundingsEveryScans = 60;
/** Workloads of more processes than this are looked at closer only where they grow. */
const maxSiblings = 32;
const manyFds = 32;

export interface SamplerOptions {
  procRoot?: string;
  cgroupRoot?: string;
  passwdFile?: string;
  /** Where docker, podman and Kubernetes keep the names of containers, below `lib` and `log`. */
  varRoot?: string;
  /** Where `var/cpanel` and `etc` of cPanel are found, in place of `/`. */
  cpanelRoot?: string;
  /** Files kept open between scans, in place of what half the limit of this process allows: 0 for a single scan. */
  keptFds?: number;
  /** Asked in each scan for a list of all processes. Where there is none, they are read one by one in /proc. */
  tasks?: { read(): BpfTaskCursor | null };
}

export class Sampler {
  readonly #procRoot: string;
  readonly #bootId: string;
  readonly #bootTimeMs: Reading<number>;
  readonly #limits: CgroupLimits;
  readonly #workloads = new WorkloadTable();
  readonly #reader: ProcessReader;
  readonly #tasks: SamplerOptions['tasks'];
  readonly #task = emptyBpfTask();
  readonly #visibility = new VisibilityNotices();
  readonly #pressure = new PressureMeter();
  readonly #entries = new Map<number, ProcessEntry>();
  readonly #closerLook = new CloserLook();
  readonly #shown: ProcessSample[] = [];
  readonly #shownWorkloads: WorkloadEntry[] = [];
  #looksCloser = true;
  #scan = 0;
  #lastPid = -1;
  #unreadable = 0;
  #mounts: Reading<Mount[]> = absent;
  #permissions: Permissions = { unseenOfProcesses: [], unseenOfKernel: [] };

  /** Throws STANCH_E_NO_INPUT where there is no /proc. */
  constructor(options: SamplerOptions = {}) {
    this.#procRoot = options.procRoot ?? '/proc';
    this.#bootId = bootIdOf(this.#procRoot);
    const stat = readStat(this.#procRoot);
    // Kept from here on: a clock that jumps must not look like a restart of everything.
    this.#bootTimeMs = isValue(stat) ? stat.bootTimeMs : stat;
    this.#tasks = options.tasks;
    this.#limits = new CgroupLimits(options.cgroupRoot ?? '/sys/fs/cgroup');
    this.#reader = new ProcessReader({
      procRoot: this.#procRoot,
      bootId: this.#bootId,
      bootTimeMs: this.#bootTimeMs,
      keptFdBudget: options.keptFds ?? keptFdBudget(this.#procRoot),
      users: new UserNames(options.passwdFile ?? '/etc/passwd'),
      names: hostNames({ varRoot: options.varRoot ?? '/var', cpanelRoot: options.cpanelRoot ?? '' }),
      limits: this.#limits,
      workloads: this.#workloads,
    });
  }

  /** One scan; `nowMs` becomes the time of every sample. What is returned is good until the next scan. */
  scan(nowMs: number): Scan {
    this.#scan += 1;
    const loadavg = readLoadavg(this.#procRoot);
    const lastPid = isValue(loadavg) ? loadavg.lastPid : -1;
    const meminfo = readMeminfo(this.#procRoot);
    const tasks = this.#tasks?.read() ?? null;
    const { startedCount, endedCount } = tasks === null ? this.#updateProcesses(lastPid, meminfo) : this.#takeProcesses(tasks);
    const host = hostReading(
      {
        meminfo,
        pressure: this.#pressure.add(readPressure(this.#procRoot, 'memory'), performance.now()),
        loadavg,
        stat: readStat(this.#procRoot),
        sockstat: readSockstat(this.#procRoot),
      },
      nowMs,
      this.#bootTimeMs,
      this.#entries.size + this.#unreadable,
    );
    const visibility = this.#sum(nowMs, host.sample.headroomBytes);
    this.#limits.refresh(this.#scan);
    if (this.#looksCloser) this.#closerLook.choose(this.#growing(), nowMs);
    visibility.machineThreads = isValue(loadavg) ? loadavg.threads : loadavg;
    return {
      timeMs: nowMs,
      bootId: this.#bootId,
      processes: this.#shown,
      workloads: this.#shownWorkloads,
      host,
      notices: this.#visibility.notices(visibility, nowMs),
      startedCount,
      endedCount,
    };
  }

  /**
   * A bite of work between two scans: which files and sockets those processes hold that grow. The next scan shows what was seen.
   * False when there is nothing to do for now.
   */
  lookCloser(): boolean {
    return this.#looksCloser && this.#closerLook.step();
  }

  /** Without closer looks it costs less, and what they found is forgotten. */
  setLooksCloser(wanted: boolean): void {
    this.#looksCloser = wanted;
    if (!wanted) this.#closerLook.stop();
  }

  /** Gives back every descriptor. */
  close(): void {
    this.#closerLook.stop();
    for (const entry of this.#entries.values()) this.#reader.release(entry);
    this.#entries.clear();
  }

  /** Known processes first: one whose pid was given to another must be gone before the list is read. */
  #updateProcesses(lastPid: number, meminfo: Reading<Meminfo>): { startedCount: number; endedCount: number } {
    const recycled: number[] = [];
    this.#reader.beginScan(meminfo);
    for (const entry of this.#entries.values()) {
      if (this.#reader.refresh(entry, this.#scan)) {
        if (entry.hasChanged) markStale(entry);
        continue;
      }
      this.#forget(entry);
      recycled.push(entry.pid);
    }
    let endedCount = recycled.length;
    const givenOut = this.#lastPid < 0 || lastPid < 0 ? -1 : lastPid - this.#lastPid;
    const mustList = givenOut < 0 || givenOut * asDearAsListing > this.#entries.size || this.#scan % listEveryScans === 0;
    const before = this.#entries.size;
    if (mustList) {
      this.#unreadable = 0;
      for (const name of readdirSync(this.#procRoot)) {
        const pid = pidOf(name);
        if (pid > 0) this.#meet(pid);
      }
    } else {
      for (const pid of recycled) this.#meet(pid);
      // The kernel gives pids out in turn.
      for (let pid = lastPid; pid > this.#lastPid; pid -= 1) if (this.#reader.isProcess(pid)) this.#meet(pid);
    }
    this.#lastPid = lastPid;
    const startedCount = this.#entries.size - before;
    if (mustList) endedCount += this.#forgetUnlisted();
    return { startedCount, endedCount };
  }

  /** The same from a list of all: who is not in it is asked for in /proc before it counts as ended. */
  #takeProcesses(tasks: BpfTaskCursor): { startedCount: number; endedCount: number } {
    this.#lastPid = -1;
    this.#unreadable = 0;
    const before = this.#entries.size;
    let endedCount = 0;
    while (tasks.next(this.#task)) {
      const entry = this.#entries.get(this.#task.pid);
      if (entry === undefined) {
        this.#meet(this.#task.pid);
      } else if (this.#reader.take(entry, this.#task, tasks.bytes, this.#scan)) {
        entry.listedAtScan = this.#scan;
        if (entry.hasChanged) markStale(entry);
      } else {
        this.#forget(entry);
        endedCount += 1;
        this.#meet(this.#task.pid);
      }
    }
    const startedCount = this.#entries.size - before + endedCount;
    for (const entry of this.#entries.values()) {
      if (entry.listedAtScan === this.#scan || entry.kernelThread || !this.#reader.refresh(entry, this.#scan)) continue;
      entry.listedAtScan = this.#scan;
      if (entry.hasChanged) markStale(entry);
    }
    endedCount += this.#forgetUnlisted();
    return { startedCount, endedCount };
  }

  #meet(pid: number): void {
    const known = this.#entries.get(pid);
    if (known !== undefined) {
      known.listedAtScan = this.#scan;
      return;
    }
    const entry = this.#reader.open(pid, this.#scan);
    if (isValue(entry)) {
      this.#entries.set(pid, entry);
      this.#reader.familyHasChanged = true;
      markStale(entry);
    } else if (entry === notPermitted) this.#unreadable += 1;
  }

  #forgetUnlisted(): number {
    let count = 0;
    for (const entry of this.#entries.values()) {
      if (entry.listedAtScan === this.#scan) continue;
      this.#forget(entry);
      count += 1;
    }
    return count;
  }

  #forget(entry: ProcessEntry): void {
    this.#reader.release(entry);
    this.#reader.familyHasChanged = true;
    markStale(entry);
    this.#entries.delete(entry.pid);
  }

  /** Adds the processes up and counts what could not be seen. */
  #sum(nowMs: number, headroomBytes: Reading<number>): Visibility {
    if (this.#scan % surroundingsEveryScans === 1) {
      this.#mounts = readMountinfo(this.#procRoot);
      this.#permissions = tryPermissions(this.#procRoot, this.#pidOfAnother());
    }
    const seen: Visibility = {
      unreadableProcesses: this.#unreadable,
      uncountedFds: 0,
      unreadableMemory: 0,
      firstProcessSeen: this.#entries.has(1),
      kernelThreadsSeen: 0,
      visibleThreads: 0,
      machineThreads: absent,
      hidepid: hidepidOf(this.#mounts, this.#procRoot),
      permissions: this.#permissions,
    };
    this.#countChildren();
    this.#workloads.begin(nowMs, headroomBytes);
    this.#shown.length = 0;
    for (const entry of this.#entries.values()) this.#show(entry, nowMs, headroomBytes, seen);
    this.#workloads.end(this.#shownWorkloads);
    return seen;
  }

  /** null: every process that is seen belongs to the account of stanch. */
  #pidOfAnother(): number | null {
    const own = process.geteuid?.();
    for (const { pid, uid, shown, isZombie } of this.#entries.values())
      if (shown !== null && isValue(uid) && uid !== own && !isZombie) return pid;
    return null;
  }

  #countChildren(): void {
    if (!this.#reader.familyHasChanged) return;
    this.#reader.familyHasChanged = false;
    for (const entry of this.#entries.values()) {
      if (entry.zombies > 0) markStale(entry);
      entry.children = entry.zombies = 0;
    }
    for (const entry of this.#entries.values()) {
      const parent = this.#entries.get(entry.parentPid);
      if (parent === undefined) continue;
      parent.children += 1;
      if (!entry.isDead) continue;
      parent.zombies += 1;
      markStale(parent);
      adopt(entry, parent);
    }
  }

  /** What is worth a closer look: what grows, what is half-way to its limit of open files, and the siblings of those, without whom a sum over the workload would say nothing. */
  #growing(): ProcessEntry[] {
    const growing = new Set<ProcessEntry>();
    const workloads = new Set<WorkloadEntry>();
    for (const entry of this.#entries.values()) {
      if (entry.shown === null || entry.isZombie || entry.pid === process.pid) continue;
      if (entry.growth.ofFds || isNearFdLimit(entry)) {
        growing.add(entry);
        if (entry.workload !== null && entry.workload.members <= maxSiblings) workloads.add(entry.workload);
      } else if (entry.growth.ofMemory) growing.add(entry);
    }
    if (workloads.size === 0) return [...growing];
    for (const entry of this.#entries.values())
      if (entry.workload !== null && workloads.has(entry.workload) && !entry.isZombie) growing.add(entry);
    return [...growing];
  }

  #show(entry: ProcessEntry, nowMs: number, headroomBytes: Reading<number>, seen: Visibility): void {
    const { sample, shown } = entry;
    sample.timeMs = nowMs;
    sample.sockets = entry.openFilesAreNew && entry.openFiles !== null ? socketCount(entry.openFiles) : absent;
    if (entry.workload?.isStale === true) entry.workload.add(entry);
    entry.openFilesAreNew = false;
    if (shown === null) {
      seen.kernelThreadsSeen += 1;
      seen.visibleThreads += 1;
      return;
    }
    sample.headroomBytes = headroomBytes;
    sample.processes = entry.children;
    shown.state = String.fromCharCode(entry.state);
    shown.uid = entry.uid;
    if (entry.hasChanged) entry.growth.observe(sample);
    shown.grown = entry.growth.ofMemory || entry.growth.ofFds;
    shown.zombies = entry.zombies;
    shown.openFiles = entry.openFiles;
    this.#shown.push(shown);
    seen.visibleThreads += isValue(sample.threads) ? sample.threads : 1;
    if (sample.fds === notPermitted) seen.uncountedFds += 1;
    if (sample.anonBytes === notPermitted) seen.unreadableMemory += 1;
  }
}

function markStale({ workload }: ProcessEntry): void {
  if (workload !== null) workload.isStale = true;
}

/** A zombie belongs to its parent, whatever it was: nobody else can take it away. */
function adopt(zombie: ProcessEntry, parent: ProcessEntry): void {
  if (zombie.shown === null || parent.workload === null || zombie.workload === parent.workload) return;
  // What it used so far stays with the workload that it leaves.
  if (zombie.workload !== null && isValue(zombie.sample.cpuSeconds)) zombie.countedCpuSeconds = zombie.sample.cpuSeconds;
  markStale(zombie);
  zombie.shown.diedIn = zombie.workload?.subject.id ?? null;
  zombie.workload = parent.workload;
  zombie.shown.subject = { ...zombie.shown.subject, workloadId: parent.workload.subject.id };
}

function isNearFdLimit({ sample: { fds, fdLimit } }: ProcessEntry): boolean {
  return isValue(fds) && isValue(fdLimit) && fds >= manyFds && fds >= fdLimit / 2;
}

function bootIdOf(procRoot: string): string {
  const id = readBootId(procRoot);
  const meminfo = readText(`${procRoot}/meminfo`, 64);
  if (id !== '' || isValue(meminfo)) return id;
  throw new StanchError('STANCH_E_NO_INPUT', {
    expected: `the files of the kernel under ${procRoot}`,
    found: meminfo === notPermitted ? 'no permission to read them' : 'none',
    next: `Mount it: mount -t proc proc ${procRoot}`,
  });
}

/** Half of what stanch may open: the other half is for everything else it does. */
function keptFdBudget(procRoot: string): number {
  const bytes = Buffer.alloc(4096);
  const text = readText(`${procRoot}/self/limits`, bytes.length);
  const length = isValue(text) ? bytes.write(text, 'latin1') : 0;
  const softLimit = parseOpenFilesLimit(bytes, length);
  return Math.min(maxKeptFds, Math.floor((isValue(softLimit) ? softLimit : maxKeptFds) / 2));
}

/** 0 for what is no pid. */
function pidOf(name: string): number {
  const first = name.charCodeAt(0);
  return first >= 0x31 && first <= 0x39 && name.length <= 10 ? Number(name) : 0;
}
