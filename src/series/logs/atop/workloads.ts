/** From what atop tells of each process to a sample of each workload, named as the daemon names it, and of the host. */
import { emptySample, type Sample } from '../../../model/gauge.ts';
import { absent, isValue, type Reading } from '../../../model/reading.ts';
import { hostSubject } from '../../../model/subject.ts';
import { maskedArguments } from '../../../sample/commandLine.ts';
import { shownText } from '../../../sample/shownText.ts';
import { identifyWorkload } from '../../../sample/workload/identify.ts';
import { noNames } from '../../../sample/workload/workloadRule.ts';
import { SubjectTable } from '../../seriesFile/subjectTable.ts';

export interface HostFigures {
  totalBytes: number;
  freeBytes: number;
  bufferBytes: number;
  slabBytes: number;
  cacheBytes: number;
  swapTotalBytes: number;
  swapFreeBytes: number;
  shmemBytes: number;
  slabReclaimableBytes: number;
  /** 0 where the log doesn't tell. */
  pageTableBytes: number;
  /** 0 where the log doesn't tell. */
  availableBytes: number;
  processes: number;
}

export function emptyHost(): HostFigures {
  return {
    totalBytes: 0,
    freeBytes: 0,
    bufferBytes: 0,
    slabBytes: 0,
    cacheBytes: 0,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    shmemBytes: 0,
    slabReclaimableBytes: 0,
    pageTableBytes: 0,
    availableBytes: 0,
    processes: 0,
  };
}

/** Texts hold a byte in each character. */
export interface TaskFigures {
  pid: number;
  parentPid: number;
  /** The effective one. */
  uid: number;
  name: string;
  /** Its arguments with blanks between them, cut off by atop. */
  commandLine: string;
  /** What atop calls the container; empty outside of one. */
  container: string;
  /** Cut off by atop; empty where the log doesn't tell. */
  cgroupPath: string;
  threads: number;
  startTimeMs: number;
  /** Used since the record before. */
  cpuSeconds: number;
  virtualBytes: number;
  residentBytes: number;
  /** 0 unless atop was told to read it (`-R`). */
  proportionalBytes: number;
  /** Size of private writable memory, stack included, resident or not. */
  dataBytes: number;
  swapBytes: number;
  /** 0 where there is none or the log doesn't tell. */
  limitBytes: number;
}

export function emptyTask(): TaskFigures {
  return {
    pid: 0,
    parentPid: 0,
    uid: 0,
    name: '',
    commandLine: '',
    container: '',
    cgroupPath: '',
    threads: 0,
    startTimeMs: 0,
    cpuSeconds: 0,
    virtualBytes: 0,
    residentBytes: 0,
    proportionalBytes: 0,
    dataBytes: 0,
    swapBytes: 0,
    limitBytes: 0,
  };
}

export const memoryNote =
  'atop records resident memory: of each process at most as much is counted as it has private writable memory, and what is swapped out is added';

/** Names of user ids on one machine: on another the same id may be somebody else. */
export interface Accounts {
  host: string;
  nameOf(uid: number): string;
}

interface Workload {
  subject: number;
  /** The record in which it last had a process; 0 before the first. */
  record: number;
  /** Of all its processes since it was first seen. */
  cpuSeconds: number;
  /** The CPU time of the record at hand is not in what was counted before. */
  countsCpu: boolean;
  sample: Sample;
}

/** Processes whose workload is kept, so that they are not identified anew in each record. */
const maxKnownProcesses = 65_536;

export class AtopWorkloads {
  readonly #row: (subject: number, sample: Sample) => void;
  readonly #accounts: Accounts;
  readonly #subjects = new SubjectTable();
  readonly #workloads: Workload[] = [];
  /** By all that an identity depends on. */
  readonly #known = new Map<string, Workload>();
  readonly #present: Workload[] = [];
  #logHost = '';
  #timeMs = 0;
  #record = 0;
  #sinceBoot = false;
  #headroomBytes: Reading<number> = absent;
  rowCount = 0;

  constructor(row: (subject: number, sample: Sample) => void, accounts: Accounts) {
    this.#row = row;
    this.#accounts = accounts;
  }

  get subjectNames(): readonly string[] {
    return this.#subjects.names;
  }

  /** A record of the machine `logHost`. With `sinceBoot` its CPU times count from the start of each process on. */
  begin(timeMs: number, logHost: string, sinceBoot: boolean): void {
    if (logHost !== this.#logHost) this.#known.clear();
    this.#logHost = logHost;
    this.#timeMs = timeMs;
    this.#record += 1;
    this.#sinceBoot = sinceBoot;
    this.#headroomBytes = absent;
    this.#present.length = 0;
  }

  /** Before the tasks: how much the host has left is in their samples, too. */
  addHost(host: HostFigures): void {
    const { cacheBytes, bufferBytes, freeBytes, shmemBytes, slabBytes, slabReclaimableBytes, pageTableBytes } = host;
    const reclaimableBytes = bufferBytes + Math.max(0, cacheBytes - shmemBytes) + slabReclaimableBytes;
    this.#headroomBytes = (host.availableBytes > 0 ? host.availableBytes : freeBytes + reclaimableBytes) + host.swapFreeBytes;
    const { sample } = this.#presentOne(this.#named(hostSubject.name));
    sample.anonBytes = Math.max(0, host.totalBytes - freeBytes - bufferBytes - cacheBytes - slabBytes - pageTableBytes);
    sample.swapBytes = Math.max(0, host.swapTotalBytes - host.swapFreeBytes);
    sample.shmemBytes = shmemBytes;
    sample.fileBytes = Math.max(0, cacheBytes + bufferBytes - shmemBytes);
    sample.kernelBytes = Math.max(0, slabBytes - slabReclaimableBytes) + pageTableBytes;
    sample.processes = host.processes;
    sample.limitBytes = host.totalBytes + host.swapTotalBytes;
  }

  addTask(task: TaskFigures): void {
    const workload = this.#presentOne(this.#workloadOf(task));
    const { sample } = workload;
    sample.anonBytes = plus(sample.anonBytes, privateResidentBytes(task));
    sample.swapBytes = plus(sample.swapBytes, task.swapBytes);
    sample.threads = plus(sample.threads, task.threads);
    sample.processes = plus(sample.processes, 1);
    if (task.startTimeMs > 0) sample.startTimeMs = least(sample.startTimeMs, task.startTimeMs);
    if (task.limitBytes > 0) sample.limitBytes = least(sample.limitBytes, task.limitBytes);
    if (workload.countsCpu) workload.cpuSeconds += task.cpuSeconds;
    // Ticks are hundredths: sums of them stay exact.
    sample.cpuSeconds = Math.round(workload.cpuSeconds * 100) / 100;
  }

  end(): void {
    for (const workload of this.#present) this.#row(workload.subject, workload.sample);
    this.rowCount += this.#present.length;
  }

  #presentOne(workload: Workload): Workload {
    if (workload.record === this.#record) return workload;
    workload.countsCpu = workload.record === 0 || !this.#sinceBoot;
    workload.record = this.#record;
    Object.assign(workload.sample, emptySample(this.#timeMs));
    workload.sample.headroomBytes = this.#headroomBytes;
    this.#present.push(workload);
    return workload;
  }

  #workloadOf(task: TaskFigures): Workload {
    const isOfKernel = task.virtualBytes === 0 && task.commandLine === '' && (task.parentPid === 2 || task.pid === 2);
    const { uid, name, commandLine, container, cgroupPath } = task;
    const key = isOfKernel ? '' : `${uid}\0${name}\0${commandLine}\0${container}\0${cgroupPath}`;
    let workload = this.#known.get(key);
    if (workload === undefined) {
      workload = this.#named(container === '' ? this.#nameOf(task, isOfKernel) : `container ${shownText(container, 64)}`);
      if (this.#known.size >= maxKnownProcesses) this.#known.clear();
      this.#known.set(key, workload);
    }
    return workload;
  }

  #nameOf(task: TaskFigures, kernelThread: boolean): string {
    const identity = identifyWorkload({
      kernelThread,
      pid: task.pid,
      comm: task.name,
      argv: maskedArguments(argumentsOf(task.commandLine.trim())),
      cgroup: { unified: task.cgroupPath === '' ? null : task.cgroupPath, systemd: null, memory: null },
      user: this.#accounts.host === this.#logHost ? this.#accounts.nameOf(task.uid) : `uid ${task.uid}`,
      uid: task.uid,
      names: noNames,
      workingDirectory: () => null,
      parent: () => null,
    });
    return identity.name;
  }

  #named(name: string): Workload {
    const bytes = Buffer.from(name.toWellFormed());
    const subject = this.#subjects.find(bytes, 0, bytes.length);
    const known = this.#workloads[subject];
    if (known !== undefined) return known;
    const workload = { subject, record: 0, cpuSeconds: 0, countsCpu: true, sample: emptySample(0) };
    this.#workloads[subject] = workload;
    return workload;
  }
}

/**
 * atop records what is resident, files and shared memory included. What is private can't be more than the private writable
 * memory that was asked for: without that bound a database whose processes touch one shared buffer would look like a leak.
 */
function privateResidentBytes(task: TaskFigures): number {
  const residentBytes = task.proportionalBytes > 0 ? task.proportionalBytes : task.residentBytes;
  return Math.min(residentBytes, Math.max(0, task.dataBytes - task.swapBytes));
}

/** What is left of them is a line with blanks. `php-fpm: pool www` is a title that a process set in place of its arguments. */
function argumentsOf(commandLine: string): string[] {
  if (commandLine === '') return [];
  return /^\S+: /.test(commandLine) ? [commandLine] : commandLine.split(/ +/);
}

function plus(sum: Reading<number>, value: number): number {
  return isValue(sum) ? sum + value : value;
}

function least(known: Reading<number>, value: number): number {
  return isValue(known) ? Math.min(known, value) : value;
}
