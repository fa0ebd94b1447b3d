/** Follows the kernel's log for kills, and makes the post-mortem of each once the history before it has been read. */
import { KernelLog } from '../../kernel/kmsg.ts';
import { OomReader } from '../../kernel/oomReport.ts';
import type { Kill, PostMortem } from '../../model/kill.ts';
import { isValue, type Reading } from '../../model/reading.ts';
import type { Scan } from '../../sample/scan.ts';
import { type HistorySource, readWorkloadsBefore } from './killHistory.ts';
import { postMortem } from './postMortem.ts';

/** The newest are kept. */
const maxKills = 100;
/** Records taken at a time: after a boot the log is long. */
const recordsAtOnce = 400;
/** A kill this much older than the scan before is none of its processes: pids are given out again. */
const recentMs = 120_000;

interface Waiting {
  kill: Kill;
  atMs: number;
  workloadOf: ReadonlyMap<number, string> | null;
}

export class KillWatch {
  readonly #log: Reading<KernelLog>;
  readonly #reader = new OomReader();
  readonly #history: HistorySource;
  #known: PostMortem[] = [];
  #waiting: Waiting[] = [];
  #work: Generator<void, PostMortem, void> | null = null;
  /** Kills since the last call of `take`. */
  #fresh: PostMortem[] = [];

  constructor(history: HistorySource, logPath?: string) {
    this.#history = history;
    this.#log = KernelLog.open(logPath);
  }

  /** False: no kernel log here, or no permission: kills are counted, and nothing more is known of them. */
  get seesLog(): boolean {
    return isValue(this.#log);
  }

  /** To be called before a scan: `before` still has the processes that were killed since. */
  look(before: Scan): void {
    if (!isValue(this.#log)) return;
    const bootTimeMs = before.host.sample.startTimeMs;
    let workloadOf: ReadonlyMap<number, string> | null = null;
    for (const line of this.#log.read(recordsAtOnce)) {
      const kill = this.#reader.push(line);
      if (kill === null || this.#waiting.length >= maxKills) continue;
      const atMs = isValue(bootTimeMs) && kill.sinceBootMs !== null ? bootTimeMs + kill.sinceBootMs : before.timeMs;
      const isRecent = before.timeMs - atMs < recentMs;
      if (isRecent) workloadOf ??= workloadByPid(before);
      this.#waiting.push({ kill: { ...kill, atMs }, atMs, workloadOf: isRecent ? workloadOf : null });
    }
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
    scan.processes.flatMap(({ id, subject }): [number, string][] =>
      subject.workloadId === undefined ? [] : [[id.pid, subject.workloadId]],
    ),
  );
}
