/** Follows the kernel's log for kills, and makes the post-mortem of each once the history before it has been read. */
import { KernelLog } from '../../kernel/kmsg.ts';
import { isFailedAllocation, OomReader } from '../../kernel/oomReport.ts';
import type { Kill, PostMortem } from '../../model/kill.ts';
import { absent, isValue, type Reading } from '../../model/reading.ts';
import type { Scan } from '../../sample/scan.ts';
import { keepKills, readKeptKills } from './keptKills.ts';
import { type HistorySource, readWorkloadsBefore } from './killHistory.ts';
import { killId, postMortem } from './postMortem.ts';
import { UnseenKills } from './unseenKills.ts';

/** The newest are kept. */
const maxKills = 100;
/** Records taken at a time: the whole log of a server at the start, and later some kills with a line for each process. */
const recordsAtOnce = 20_000;
/** A kill this much older than the scan before is none of its processes: pids are given out again. */
const recentMs = 120_000;

export interface KillWatchOptions {
  history: HistorySource;
  /** In place of /dev/kmsg. */
  kernelLog?: string;
  procRoot?: string;
  cgroupRoot?: string;
}

interface Waiting {
  kill: Kill;
  atMs: number;
  workloadOf: ReadonlyMap<number, string> | null;
}

export class KillWatch {
  readonly #log: Reading<KernelLog>;
  readonly #reader = new OomReader();
  readonly #history: HistorySource;
  #known: PostMortem[];
  #waiting: Waiting[] = [];
  #work: Generator<void, PostMortem, void> | null = null;
  /** Kills since the last call of `take`. */
  #fresh: PostMortem[] = [];
  /** In place of the log; null where it can be read. */
  readonly #unseen: UnseenKills | null;
  /** All that was in the log at the start has been read. */
  #hasCaughtUp = false;
  #contained = 0;
  #failedAllocations = 0;

  constructor({ history, kernelLog, procRoot, cgroupRoot }: KillWatchOptions) {
    this.#history = history;
    this.#known = readKeptKills(history.store);
    this.#log = KernelLog.open(kernelLog);
    this.#unseen = isValue(this.#log) ? null : new UnseenKills(procRoot, cgroupRoot);
  }

  /** False: no kernel log here, or no permission: who was killed is told from who is gone. */
  get seesLog(): boolean {
    return isValue(this.#log);
  }

  /** To be called before a scan: `before` still has the processes that were killed since. */
  look(before: Scan, nowMs: number): void {
    if (!isValue(this.#log)) {
      this.#unseen?.remember(before);
      return;
    }
    let workloadOf: ReadonlyMap<number, string> | null = null;
    let lines = 0;
    for (const line of this.#log.read(recordsAtOnce)) {
      lines += 1;
      if (this.#hasCaughtUp && isFailedAllocation(line)) this.#failedAllocations += 1;
      const kill = this.#reader.push(line);
      if (kill === null || this.#waiting.length >= maxKills || this.#isKnown(kill)) continue;
      if (this.#hasCaughtUp && kill.scope === 'cgroup') this.#contained += 1;
      const atMs = this.#momentOf(kill, before, nowMs);
      const isRecent = before.timeMs - atMs < recentMs;
      if (isRecent) workloadOf ??= workloadByPid(before);
      this.#waiting.push({ kill: { ...kill, atMs }, atMs, workloadOf: isRecent ? workloadOf : null });
    }
    if (lines < recordsAtOnce) this.#hasCaughtUp = true;
  }

  /** After a restart of stanch the log tells again what is known already, and better. */
  #isKnown(kill: Kill): boolean {
    const id = killId(kill);
    return this.#known.some((known) => known.id === id);
  }

  /**
   * The clock of the log drifts from that of the system, by minutes in a month, and stands still while a machine sleeps. What came since the
   * last look came after it.
   */
  #momentOf({ sinceBootMs }: Kill, { timeMs, host }: Scan, nowMs: number): number {
    const bootTimeMs = host.sample.startTimeMs;
    if (!isValue(bootTimeMs) || sinceBootMs === null) return nowMs;
    const byLogMs = Math.min(bootTimeMs + sinceBootMs, nowMs);
    return this.#hasCaughtUp ? Math.max(byLogMs, Math.min(timeMs, nowMs)) : byLogMs;
  }

  /** To be called after a scan with the kills that the kernel counted since the one before. */
  count(after: Scan, kills: number): void {
    for (const { kill, workloadId } of this.#unseen?.guess(after, kills) ?? []) {
      if (this.#waiting.length >= maxKills || kill.victim.pid === null) continue;
      const workloadOf = new Map(workloadId === null ? [] : [[kill.victim.pid, workloadId]]);
      this.#waiting.push({ kill, atMs: kill.atMs ?? after.timeMs, workloadOf });
    }
  }

  /** Kills since the last call that were inside a cgroup at its own limit: nothing that the host ran short for. */
  takeContained(): number {
    const contained = this.#contained;
    this.#contained = 0;
    return contained;
  }

  /** Since the last call. Absent where the log can't be read. */
  takeFailedAllocations(): Reading<number> {
    const failed = this.#failedAllocations;
    this.#failedAllocations = 0;
    return this.seesLog ? failed : absent;
  }

  /** A bite of work; false when there is none. */
  step(): boolean {
    if (this.#work === null) {
      const next = this.#waiting.shift();
      if (next === undefined) return false;
      this.#work = this.#examine(next);
    }
    const { done, value } = this.#work.next();
    if (done === true) {
      this.#work = null;
      this.#known = [...this.#known, value].slice(-maxKills);
      this.#fresh.push(value);
      if (this.#waiting.length === 0) keepKills(this.#history.store, this.#known, value.kill.atMs ?? 0);
    }
    return true;
  }

  *#examine({ kill, atMs, workloadOf }: Waiting): Generator<void, PostMortem, void> {
    const workloads = yield* readWorkloadsBefore(atMs, this.#history);
    return postMortem(kill, workloads.length === 0 ? null : { workloads, workloadOf });
  }

  /** Latest first. */
  all(): PostMortem[] {
    return this.#known.toReversed();
  }

  /** Those that came since the last call. */
  take(): PostMortem[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  close(): void {
    if (isValue(this.#log)) this.#log.close();
  }
}

function workloadByPid(scan: Scan): Map<number, string> {
  return new Map(
    scan.processes.flatMap(({ id, subject, diedIn }): [number, string][] => {
      const workloadId = diedIn ?? subject.workloadId;
      return workloadId === undefined ? [] : [[id.pid, workloadId]];
    }),
  );
}
