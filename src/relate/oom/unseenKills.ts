/**
 * Kills where the kernel's log may not be read: it counts them for everybody (`oom_kill` of vmstat), and for each cgroup (memory.events,
 * which begin at zero when a unit is started again). Who it was is then told from who is gone: the largest of those that ended since the
 * scan before, in that cgroup where one is known.
 */
import type { Kill } from '../../model/kill.ts';
import { isValue } from '../../model/reading.ts';
import type { Scan } from '../../sample/scan.ts';
import { readCgroups } from '../cgroups.ts';
import { unitOf } from './postMortem.ts';

interface Ended {
  pid: number;
  name: string;
  uid: number | null;
  /** Of its workload, where that is one of systemd's. */
  unit: string | null;
  anonBytes: number;
  swapBytes: number;
  shmemBytes: number;
}

const cgroupSearchMs = 5;
/** As long as the kernel's own names. */
const maxNameLength = 15;

export class UnseenKills {
  readonly #procRoot: string;
  readonly #cgroupRoot: string;
  #before = new Map<number, Ended>();
  #killsByCgroup: Map<string, number>;

  constructor(procRoot = '/proc', cgroupRoot = '/sys/fs/cgroup') {
    this.#procRoot = procRoot;
    this.#cgroupRoot = cgroupRoot;
    this.#killsByCgroup = this.#countByCgroup();
  }

  /** Before each scan: what may be gone after it. */
  remember({ processes, workloads }: Scan): void {
    const units = new Map(workloads.map(({ subject }) => [subject.id, subject.origin === 'systemd-unit' ? subject.name : null]));
    const bytes = (reading: (typeof processes)[number]['sample']['anonBytes']) => (isValue(reading) ? reading : 0);
    this.#before = new Map(
      processes.map(({ id: { pid }, subject, command, uid, sample }) => [
        pid,
        {
          pid,
          name: (command.split(/[\s:]/, 1)[0] ?? '').split('/').at(-1)?.slice(0, maxNameLength) ?? '',
          uid: isValue(uid) ? uid : null,
          unit: units.get(subject.workloadId ?? '') ?? null,
          anonBytes: bytes(sample.anonBytes),
          swapBytes: bytes(sample.swapBytes),
          shmemBytes: bytes(sample.shmemBytes),
        },
      ]),
    );
  }

  /** After the scan in which the kernel counted `count` more. */
  guess({ processes, timeMs }: Scan, count: number): Kill[] {
    const living = new Set(processes.map(({ id }) => id.pid));
    const cgroup = this.#cgroupWithMore();
    const unit = unitOf(cgroup);
    const ended = [...this.#before.values()].filter(({ pid }) => !living.has(pid));
    const inUnit = ended.filter((process) => unit !== null && process.unit === unit);
    return (inUnit.length > 0 ? inUnit : ended)
      .sort((a, b) => b.anonBytes + b.swapBytes - a.anonBytes - a.swapBytes)
      .slice(0, count)
      .map((victim) => killOf(victim, cgroup, timeMs));
  }

  #cgroupWithMore(): string | null {
    const before = this.#killsByCgroup;
    this.#killsByCgroup = this.#countByCgroup();
    return [...this.#killsByCgroup].find(([path, kills]) => kills > (before.get(path) ?? 0))?.[0] ?? null;
  }

  #countByCgroup(): Map<string, number> {
    const deadlineMs = performance.now() + cgroupSearchMs;
    const cgroups = readCgroups({ procRoot: this.#procRoot, cgroupRoot: this.#cgroupRoot, isLate: () => performance.now() > deadlineMs });
    return new Map((cgroups?.largest ?? []).map(({ path, oomKills }) => [path, isValue(oomKills) ? oomKills : 0]));
  }
}

function killOf({ pid, name, uid, anonBytes, swapBytes, shmemBytes }: Ended, cgroup: string | null, atMs: number): Kill {
  return {
    by: 'kernel',
    atMs,
    sinceBootMs: null,
    scope: 'unknown',
    limitCgroup: null,
    limitBytes: null,
    swapTotalBytes: null,
    swapFreeBytes: null,
    askedBy: null,
    victim: { pid, name, cgroup, uid, anonBytes, fileBytes: null, shmemBytes, swapBytes, oomScoreAdj: null },
    tasks: [],
    taskCount: 0,
    aftermath: [],
  };
}
