/** What the sampler keeps of one process between scans. */
import { closeSync } from 'node:fs';
import { emptySample, type Sample } from '../model/gauge.ts';
import { absent, type Reading } from '../model/reading.ts';
import type { CgroupLimit } from './cgroupLimits.ts';
import { Growth } from './growth.ts';
import type { OpenFiles } from './openFiles/openFiles.ts';
import type { ProcessSample } from './scan.ts';
import type { WorkloadEntry } from './workloadEntry.ts';

const zombie = 0x5a;

export class ProcessEntry {
  readonly pid: number;
  readonly startTimeTicks: number;
  readonly kernelThread: boolean;
  readonly directory: string;
  readonly fdDirectory: string;
  readonly statPath: string;
  readonly statusPath: string;
  readonly bornAtScan: number;
  /** Open /proc/[pid]/statm; -1 when it is opened anew each time. */
  statmFd = -1;
  /** Open /proc/[pid]/fd; -1 when it is looked up anew each time. */
  fdDirectoryFd = -1;
  /** Open /proc/[pid]/schedstat of a process that sleeps, in place of the other two; -1 while it is awake. */
  schedstatFd = -1;
  /** Of a sleeping process: what schedstat said last, and in how many looks on end it ran, or did not. */
  runMark = Number.NaN;
  runsOnEnd = 0;
  looksSlept = 0;
  /** Until then it does not count as sleeping; how often it was woken. */
  awakeUntilScan = 0;
  wakings = 0;
  /** The last statm, or vsize and RSS of stat where no statm is kept open: a change says that memory moved. */
  movedMarks: [number, number, number] = [-1, -1, -1];
  comm: Buffer = Buffer.alloc(0);
  /** Checksum of what it was last known by. */
  identityMark = 0;
  cgroupMark = 0;
  parentPid = 0;
  /** Character code of the state. */
  state = 0;
  /** Effective user. */
  uid: Reading<number> = absent;
  /** Children in this scan. */
  children = 0;
  /** Of them those that ended and were never waited for. */
  zombies = 0;
  listedAtScan = 0;
  /** Something that is summed over its workload is not what it was at the last scan. */
  hasChanged = true;
  /** It used no CPU time between the last two readings of stat. */
  isIdle = false;
  /** The limit of its cgroup, shared with the others in it. */
  limit: CgroupLimit | null = null;
  readonly sample: Sample = emptySample(0);
  readonly growth = new Growth();
  /** As of the last closer look; null when there was none, or it stopped growing. */
  openFiles: OpenFiles | null = null;
  /** Looked at since the last scan. */
  openFilesAreNew = false;
  /** This account may not look. */
  openFilesRefused = false;
  shown: ProcessSample | null = null;
  workload: WorkloadEntry | null = null;
  /** CPU time of this process that its workload has counted. */
  countedCpuSeconds = 0;

  constructor(procRoot: string, pid: number, startTimeTicks: number, kernelThread: boolean, scan: number) {
    this.pid = pid;
    this.startTimeTicks = startTimeTicks;
    this.kernelThread = kernelThread;
    this.isIdle = kernelThread;
    this.directory = `${procRoot}/${pid}`;
    this.fdDirectory = `${this.directory}/fd`;
    this.statPath = `${this.directory}/stat`;
    this.statusPath = `${this.directory}/status`;
    this.bornAtScan = scan;
    this.listedAtScan = scan;
  }

  get isZombie(): boolean {
    return this.state === zombie;
  }

  /** Ended, and never waited for: no thread of it runs any more. */
  get isDead(): boolean {
    return this.isZombie && this.sample.threads === 1;
  }

  get keepsOpen(): boolean {
    return this.statmFd >= 0 || this.fdDirectoryFd >= 0 || this.schedstatFd >= 0;
  }

  /** Closes what is kept open and says how many descriptors that were. */
  release(): number {
    const kept = [this.statmFd, this.fdDirectoryFd, this.schedstatFd].filter((fd) => fd >= 0);
    this.statmFd = this.fdDirectoryFd = this.schedstatFd = -1;
    for (const fd of kept) closeSync(fd);
    return kept.length;
  }
}
