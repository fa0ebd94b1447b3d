/**
 * The watches of everything that is judged: the host, every workload, and those processes of workloads with several of them
 * that have grown since they were first seen. Bounded in each; what has been gone longest makes room.
 */
import { privateMemory, type Sample } from '../model/gauge.ts';
import { hostSubject, type Subject } from '../model/subject.ts';
import type { Resource, SubjectVerdict } from '../model/verdict.ts';
import type { Scan } from '../sample/scan.ts';
import type { Points } from '../series/store.ts';
import type { FindingTrack } from './findingLife.ts';
import { Spark } from './spark.ts';
import { createSubjectWatch, type SubjectWatch } from './subjectWatch.ts';

export interface WatchEntry {
  readonly subject: Subject;
  watch: SubjectWatch;
  /** Revision of the watch that `verdict` was made from. */
  judgedRevision: number;
  verdict: SubjectVerdict | null;
  readonly firstSeenMs: number;
  lastSeenMs: number;
  /** In the latest scan. */
  present: boolean;
  spark: Spark;
  readonly tracks: Map<Resource, FindingTrack>;
}

const maxWorkloads = 3000;
const maxProcesses = 200;
/**
 * A workload that ended is remembered ten times as long as it was seen, and once as long where memory is short, within these bounds: a
 * service that restarts is to be known again, a command that ran once is not worth its memory. Its history stays in the store.
 */
const rememberTimes = 10;
const rememberAtLeastMs = 600_000;
const rememberAtMostMs = 7 * 86_400_000;

const ownStartUpMs = 3_600_000;

export class WatchBook {
  /** stanch holds more memory than it may. */
  isFrugal = false;
  private readonly entries = new Map<string, WatchEntry>();
  private readonly sparkBucketMs: number;
  private processCount = 0;
  private firstScanMs = Number.NaN;

  constructor(intervalMs: number) {
    this.sparkBucketMs = intervalMs;
  }

  get(subjectId: string): WatchEntry | undefined {
    return this.entries.get(subjectId);
  }

  all(): IterableIterator<WatchEntry> {
    return this.entries.values();
  }

  /** Puts back a watch that was saved. */
  restore(subject: Subject, watch: SubjectWatch, firstSeenMs: number, lastSeenMs: number): void {
    if (this.entries.has(subject.id) || (subject.kind === 'process' && this.processCount >= maxProcesses)) return;
    const entry = this.add(subject, watch, firstSeenMs);
    entry.lastSeenMs = lastSeenMs;
    entry.present = false;
  }

  /** A watch for a subject of which only samples are left. */
  restoreEmpty(subject: Subject, firstSeenMs: number): void {
    this.restore(subject, createSubjectWatch(subject.name), firstSeenMs, firstSeenMs);
  }

  /** The line of the floor, of a subject that was restored, from its history. */
  seedSpark(subjectId: string, history: Pick<Points, 'timeMs' | 'bucketMs'>, floors: Float64Array): void {
    const entry = this.entries.get(subjectId);
    if (entry === undefined || floors.length === 0) return;
    entry.spark = new Spark(Math.max(history.bucketMs, this.sparkBucketMs));
    for (const [index, timeMs] of history.timeMs.entries()) entry.spark.push(timeMs, floors[index] ?? Number.NaN);
  }

  /** One recorded sample of a known subject, in time order. */
  replay(subjectId: string, sample: Sample): void {
    const entry = this.entries.get(subjectId);
    if (entry !== undefined) push(entry, sample);
  }

  /** Takes in one scan. What is watched of it afterwards is `watchedProcesses`. */
  observe(scan: Scan): void {
    for (const entry of this.entries.values()) entry.present = false;
    this.observeOne(hostSubject, scan.host.sample);
    const memberCounts = new Map<string, number>();
    const ownId = this.ownStartUp(scan);
    for (const workload of scan.workloads) {
      memberCounts.set(workload.subject.id, workload.memberIds.length);
      if (workload.subject.id === ownId && workload.memberIds.length === 1) continue;
      this.observeOne(workload.subject, workload.sample);
    }
    for (const process of scan.processes) {
      if ((memberCounts.get(process.subject.workloadId ?? '') ?? 0) < 2) continue;
      if (this.entries.has(process.subject.id) || process.grown) this.observeOne(process.subject, process.sample);
    }
    this.forget(scan.timeMs);
  }

  /** stanch fills its windows in its first hour: it would accuse itself. Its budget of memory holds from the start. */
  private ownStartUp({ timeMs, processes }: Scan): string | undefined {
    if (Number.isNaN(this.firstScanMs)) this.firstScanMs = timeMs;
    if (timeMs - this.firstScanMs > ownStartUpMs) return undefined;
    return processes.find(({ id }) => id.pid === process.pid)?.subject.workloadId;
  }

  private observeOne(subject: Subject, sample: Sample): void {
    let entry = this.entries.get(subject.id);
    if (entry === undefined) {
      if (subject.kind === 'process' && this.processCount >= maxProcesses) return;
      // The scan reuses its objects.
      entry = this.add({ ...subject }, createSubjectWatch(subject.name), sample.timeMs);
    }
    push(entry, sample);
    entry.present = true;
  }

  private add(subject: Subject, watch: SubjectWatch, firstSeenMs: number): WatchEntry {
    const entry: WatchEntry = {
      subject,
      watch,
      judgedRevision: -1,
      verdict: null,
      firstSeenMs,
      lastSeenMs: firstSeenMs,
      present: true,
      spark: new Spark(this.sparkBucketMs),
      tracks: new Map(),
    };
    this.entries.set(subject.id, entry);
    if (subject.kind === 'process') this.processCount += 1;
    return entry;
  }

  private forget(nowMs: number): void {
    const gone: WatchEntry[] = [];
    for (const entry of this.entries.values()) {
      if (entry.present) continue;
      // A process that ended never comes back under its id.
      if (entry.subject.kind === 'process' || nowMs - entry.lastSeenMs > rememberMs(entry, this.isFrugal ? 1 : rememberTimes))
        this.drop(entry);
      else gone.push(entry);
    }
    const surplus = this.entries.size - this.processCount - maxWorkloads;
    if (surplus <= 0) return;
    gone.sort((a, b) => a.lastSeenMs - b.lastSeenMs);
    for (const entry of gone.slice(0, surplus)) this.drop(entry);
  }

  private drop(entry: WatchEntry): void {
    this.entries.delete(entry.subject.id);
    if (entry.subject.kind === 'process') this.processCount -= 1;
  }
}

function rememberMs({ firstSeenMs, lastSeenMs }: WatchEntry, times: number): number {
  return Math.min(Math.max((lastSeenMs - firstSeenMs) * times, rememberAtLeastMs), rememberAtMostMs);
}

function push(entry: WatchEntry, sample: Sample): void {
  entry.watch.push(sample);
  entry.spark.push(sample.timeMs, privateMemory(sample));
  entry.lastSeenMs = sample.timeMs;
}
