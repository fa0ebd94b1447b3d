/**
 * Processes that sleep. One with a single thread that has not run since the last scan has opened nothing and taken no memory: that it did
 * not run is all that is read of it, in place of its memory and its open files; and once it slept for long, that too only now and then.
 * What others can take from it while it sleeps is told by `memoryWasTaken`; what they can do to it beyond that (a debugger, huge pages put
 * together, a file that is cut) is seen when it is identified anew.
 */
import type { Meminfo } from '../kernel/meminfo.ts';
import { type PidSchedstat, parsePidSchedstat } from '../kernel/pidSchedstat.ts';
import { readKept, readRecord } from '../kernel/read.ts';
import { readTakenPages } from '../kernel/vmstat.ts';
import { absent, isValue, type Reading } from '../model/reading.ts';
import type { ProcessEntry } from './processEntry.ts';

/** Running in so many scans on end, a process is awake. */
const runsToWake = 2;
/** For so many scans it then counts as awake, and twice as many each time that it is woken. */
const awakeScans = 12;
const maxDoublings = 6;
/** Having slept in so many looks on end, it is asked in one scan of so many. */
const looksToSleepDeep = 12;
const deepEveryScans = 6;
/** The processes together grew by this share of RAM since the last scan: those that sleep deep are asked who it was. */
const wakingShare = 1 / 256;

export function hasSleptLong({ looksSlept }: ProcessEntry): boolean {
  return looksSlept >= looksToSleepDeep;
}

export class Sleepers {
  readonly #procRoot: string;
  readonly #buffer = Buffer.allocUnsafeSlow(256);
  readonly #schedstat: PidSchedstat = { runNs: 0, slices: 0 };
  /** Whether this kernel tells who ran, tried on stanch's own. */
  readonly #areTold: boolean;
  #takenPages: Reading<number>;
  #anonBytes: Reading<number> = absent;
  /** The kernel took memory of some process since the last scan: those that sleep are looked at as well. */
  memoryWasTaken = true;
  #memoryLeapt = true;

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
    const length = readRecord(`${procRoot}/self/schedstat`, this.#buffer);
    this.#areTold = isValue(length) && parsePidSchedstat(this.#buffer, length, this.#schedstat) && this.#schedstat.runNs > 0;
    this.#takenPages = readTakenPages(procRoot);
  }

  /** Before the processes are read: what is taken meanwhile counts for the next scan. */
  beginScan(meminfo: Reading<Meminfo>): void {
    if (!this.#areTold) return;
    const takenPages = readTakenPages(this.#procRoot);
    this.memoryWasTaken = !isValue(takenPages) || takenPages !== this.#takenPages;
    this.#takenPages = takenPages;
    const anonBytes = isValue(meminfo) ? meminfo.AnonPages : meminfo;
    const leapBytes = isValue(meminfo) && isValue(meminfo.MemTotal) ? meminfo.MemTotal * wakingShare : 0;
    this.#memoryLeapt = !isValue(anonBytes) || !isValue(this.#anonBytes) || anonBytes - this.#anonBytes > leapBytes;
    this.#anonBytes = anonBytes;
  }

  /** It is known as one that used no CPU time for a while. */
  mayFallAsleep(entry: ProcessEntry, scan: number): boolean {
    return this.#areTold && entry.isIdle && entry.sample.threads === 1 && !entry.isZombie && scan >= entry.awakeUntilScan;
  }

  /** It has slept for long, and nothing says that it may have run since the last scan. */
  sleepsDeep(entry: ProcessEntry, scan: number): boolean {
    if (!hasSleptLong(entry) || this.memoryWasTaken || this.#memoryLeapt) return false;
    // By pid, so that they are not all asked in the same scan.
    return (scan + entry.pid) % deepEveryScans !== 0;
  }

  /** Whether a sleeping process ran since this was asked last, which the first time nobody knows; absent when it ended. */
  hasRun(entry: ProcessEntry): Reading<boolean> {
    const length = readKept(entry.schedstatFd, this.#buffer);
    if (!isValue(length)) return length;
    if (!parsePidSchedstat(this.#buffer, length, this.#schedstat)) return true;
    // Both only ever rise.
    const mark = this.#schedstat.runNs + this.#schedstat.slices;
    const hasRun = mark !== entry.runMark;
    entry.runMark = mark;
    entry.runsOnEnd = hasRun ? entry.runsOnEnd + 1 : 0;
    entry.looksSlept = hasRun ? 0 : entry.looksSlept + 1;
    return hasRun;
  }

  /** One that runs all the time is dearer to ask than to read. */
  mustWake(entry: ProcessEntry): boolean {
    return entry.runsOnEnd >= runsToWake || entry.sample.threads !== 1;
  }

  woke(entry: ProcessEntry, scan: number): void {
    entry.awakeUntilScan = scan + awakeScans * 2 ** Math.min(entry.wakings, maxDoublings);
    entry.wakings += 1;
    entry.isIdle = false;
  }
}
