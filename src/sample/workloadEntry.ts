/** A workload between scans: its members' sums, and CPU time that survives its members. */
import { emptySample, type Gauge } from '../model/gauge.ts';
import { absent, isValue, notPermitted, type Reading } from '../model/reading.ts';
import type { Subject } from '../model/subject.ts';
import { socketCount } from './openFiles/openFiles.ts';
import type { ProcessEntry } from './processEntry.ts';
import type { WorkloadSample } from './scan.ts';

/** Gauges that are plain sums over the members. */
const summed = ['anonBytes', 'swapBytes', 'shmemBytes', 'fileBytes', 'fds', 'threads'] as const satisfies readonly Gauge[];

export class WorkloadEntry implements WorkloadSample {
  readonly subject: Subject;
  readonly sample = emptySample(0);
  readonly memberIds: string[] = [];
  members = 0;
  zombies = 0;
  /** A member came, went or changed: it is summed anew at the end of the scan. */
  isStale = true;
  /** Sockets of the members that were looked at, and of how many they are; whether one was looked at since the last scan. */
  #sockets = 0;
  #socketsOf = 0;
  #socketsAreNew = false;
  /** Of members that are and that were, so that the sum never falls. */
  #cpuSeconds = 0;
  #cpuSeen = false;
  /** Of the member that has the fewest left below its own limit of open files. */
  #fdsLeft = Number.POSITIVE_INFINITY;
  #hidden = false;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  /** Some members' values could not be read and are missing in the sums. */
  get partlyHidden(): boolean {
    return this.#hidden;
  }

  /** What is summed stays as it is where no member changed. */
  stamp(timeMs: number, headroomBytes: Reading<number>): void {
    this.sample.timeMs = timeMs;
    this.sample.headroomBytes = headroomBytes;
  }

  begin(): void {
    const { sample } = this;
    for (const gauge of summed) sample[gauge] = absent;
    sample.startTimeMs = absent;
    sample.limitBytes = absent;
    sample.fdLimit = absent;
    this.memberIds.length = 0;
    this.members = 0;
    this.zombies = 0;
    this.#sockets = 0;
    this.#socketsOf = 0;
    this.#socketsAreNew = false;
    this.#fdsLeft = Number.POSITIVE_INFINITY;
    this.#hidden = false;
  }

  add(entry: ProcessEntry): void {
    this.members += 1;
    if (entry.shown !== null) this.memberIds.push(entry.shown.subject.id);
    const own = entry.sample;
    const { sample } = this;
    for (const gauge of summed) {
      // The kernel counts the thread of a zombie, which runs no more.
      const value = gauge === 'threads' && entry.isDead ? absent : own[gauge];
      const sum = sample[gauge];
      if (value === notPermitted) this.#hidden = true;
      sample[gauge] = added(sum, value);
    }
    sample.startTimeMs = smaller(sample.startTimeMs, own.startTimeMs);
    sample.limitBytes = smaller(sample.limitBytes, own.limitBytes);
    if (isValue(own.fds) && isValue(own.fdLimit) && own.fdLimit > 0) this.#fdsLeft = Math.min(this.#fdsLeft, own.fdLimit - own.fds);
    this.zombies += entry.zombies;
    this.#countSockets(entry);
    this.#countCpu(entry);
  }

  end(): void {
    this.isStale = false;
    this.sample.processes = this.members;
    // The limit is each process's own: the sum ends where the one that has the fewest left takes them all.
    if (isValue(this.sample.fds) && Number.isFinite(this.#fdsLeft)) this.sample.fdLimit = this.sample.fds + this.#fdsLeft;
    // A sum without one of its members would jump when that one is looked at.
    this.sample.sockets = this.#socketsAreNew && this.#socketsOf === this.members ? this.#sockets : absent;
    // Ticks are hundredths: sums of them stay exact.
    this.sample.cpuSeconds = this.#cpuSeen ? Math.round(this.#cpuSeconds * 100) / 100 : absent;
  }

  #countSockets(entry: ProcessEntry): void {
    if (entry.openFiles === null && !entry.isDead) return;
    this.#socketsOf += 1;
    if (entry.openFiles !== null) this.#sockets += socketCount(entry.openFiles);
    if (entry.openFilesAreNew) this.#socketsAreNew = true;
  }

  #countCpu(entry: ProcessEntry): void {
    const used = entry.sample.cpuSeconds;
    if (!isValue(used)) return;
    this.#cpuSeen = true;
    this.#cpuSeconds += Math.max(0, used - entry.countedCpuSeconds);
    entry.countedCpuSeconds = Math.max(used, entry.countedCpuSeconds);
  }
}

/** What is seen is summed; nothing seen stays not permitted or absent. */
function added(sum: Reading<number>, value: Reading<number>): Reading<number> {
  if (!isValue(value)) return sum === absent ? value : sum;
  return isValue(sum) ? sum + value : value;
}

function smaller(known: Reading<number>, value: Reading<number>): Reading<number> {
  if (!isValue(value)) return known;
  return isValue(known) ? Math.min(known, value) : value;
}
