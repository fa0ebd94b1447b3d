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
  workloadId: string | null;
  anonBytes: number;
  swapBytes: number;
  shmemBytes: number;
  /** It had ended already, and waits for its parent. */
  hasEnded: boolean;
}

const cgroupSearchMs = 5;
/** A large process is gone within so many scans and so much time after it was killed. */
const leastScans = 3;
const leastWaitMs = 3000;
/** As long as the kernel's own names. */
const maxNameLength = 15;

export class UnseenKills {
  readonly #procRoot: string;
  readonly #cgroupRoot: string;
  #before = new Map<number, Ended>();
  #killsByCgroup: Map<string, number>;
  /** Kills that were counted, and who ended since. */
  #owed: { kills: number; cgroup: string | null; sinceMs: number; scans: number; ended: Ended[] } | null = null;

  constructor(procRoot = '/proc', cgroupRoot = '/sys/fs/cgroup') {
    this.#procRoot = procRoot;
    this.#cgroupRoot = cgroupRoot;
    this.#killsByCgroup = this.#countByCgroup();
  }

  /** Before each scan: what may be gone after it. One that is on its way out has given its memory back already. */
  remember({ processes, workloads }: Scan): void {
    const units = new Map(workloads.map(({ subject }) => [subject.id, subject.origin === 'systemd-unit' ? subject.name : null]));
    const bytes = (reading: (typeof processes)[number]['sample']['anonBytes']) => (isValue(reading) ? reading : 0);
    const last = this.#before;
    this.#before = new Map();
    for (const { id, subject, command, state, uid, sample, diedIn } of processes) {
      const known = last.get(id.pid);
      const hasEnded = state === 'Z';
      const anonBytes = bytes(sample.anonBytes);
      if (known !== undefined && (hasEnded || anonBytes === 0)) {
        this.#before.set(id.pid, { ...known, hasEnded });
        continue;
      }
      this.#before.set(id.pid, {
        pid: id.pid,
        name: (command.split(/[\s:]/, 1)[0] ?? '').split('/').at(-1)?.slice(0, maxNameLength) ?? '',
        uid: isValue(uid) ? uid : null,
        unit: units.get(diedIn ?? subject.workloadId ?? '') ?? null,
        workloadId: diedIn ?? subject.workloadId ?? null,
        anonBytes,
        swapBytes: bytes(sample.swapBytes),
        shmemBytes: bytes(sample.shmemBytes),
        hasEnded,
      });
    }
  }

  /** After each scan: the kernel counted `count` more. Who is killed may take its time to be gone, and others end meanwhile. */
  guess(after: Scan, count: number): { kill: Kill; workloadId: string | null }[] {
    if (count > 0) {
      this.#owed ??= { kills: 0, cgroup: this.#cgroupWithMore(), sinceMs: after.timeMs, scans: 0, ended: [] };
      this.#owed.kills += count;
    }
    const owed = this.#owed;
    if (owed === null) return [];
    owed.ended.push(...this.#endedBy(after));
    owed.scans += 1;
    if (owed.scans < leastScans || after.timeMs - owed.sinceMs < leastWaitMs) return [];
    this.#owed = null;
    const unit = unitOf(owed.cgroup);
    const inUnit = owed.ended.filter((process) => unit !== null && process.unit === unit);
    return (inUnit.length > 0 ? inUnit : owed.ended)
      .sort((a, b) => b.anonBytes + b.swapBytes - a.anonBytes - a.swapBytes)
      .slice(0, owed.kills)
      .map((victim) => ({ kill: killOf(victim, owed.cgroup, owed.sinceMs), workloadId: victim.workloadId }));
  }

  #endedBy({ processes }: Scan): Ended[] {
    const living = new Set(processes.filter(({ state }) => state !== 'Z').map(({ id }) => id.pid));
    return [...this.#before.values()].filter(({ pid, hasEnded }) => !hasEnded && !living.has(pid));
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
