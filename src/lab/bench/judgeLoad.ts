/**
 * A process that does what the daemon does to judge, and nothing else: node judgeLoad.ts FOLDER, run with the daemon's Node options.
 * FOLDER holds the state of a watch of each kind of service. Prints what an hour of samples costs, as `JudgeLoad` in JSON.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingPace } from '../../detect/findingLife.ts';
import { Judge } from '../../detect/judge.ts';
import { restoreSubjectWatch } from '../../detect/subjectWatch.ts';
import { WatchBook } from '../../detect/watchBook.ts';
import type { Subject } from '../../model/subject.ts';
import { silentHost } from '../../sample/hostForTests.ts';
import type { Scan, WorkloadSample } from '../../sample/scan.ts';
import { openStore } from '../../series/embeddedStore.ts';
import { serviceKinds, serviceSample } from './judgedServices.ts';

export const subjectCount = 1000;
export const intervalMs = 10_000;
/** The hour that is measured is the dearest of the day: at midnight, in its middle, buckets of all widths close. */
export const historyStartMs: number = Date.parse('2026-03-01T23:30:00Z');
export const historyEndMs: number = historyStartMs + 14 * 86_400_000;
export const measuredMs = 3_600_000;

export interface JudgeLoad {
  /** CPU time of taking the samples in, and of the verdicts. */
  pushCpuSeconds: number;
  judgeCpuSeconds: number;
  leaks: number;
  rssBytes: number;
}

export function stateFile(folder: string, kind: number): string {
  return join(folder, `${kind}.state`);
}

function subjectOf(index: number): Subject {
  return { id: `w-service-${index}`, kind: 'workload', name: `service-${index}`, origin: 'systemd-unit' };
}

function scanAt(timeMs: number): Scan {
  const workloads: WorkloadSample[] = [];
  for (let index = 0; index < subjectCount; index += 1) {
    const sample = serviceSample(index % serviceKinds, timeMs, historyStartMs);
    workloads.push({ subject: subjectOf(index), sample, memberIds: [`p-${index}`], zombies: 0 });
  }
  const host = silentHost(timeMs);
  return { timeMs, bootId: 'bench', processes: [], workloads, host, notices: [], startedCount: 0, endedCount: 0 };
}

function measure(folder: string): JudgeLoad {
  const book = new WatchBook(intervalMs);
  for (let index = 0; index < subjectCount; index += 1) {
    const subject = subjectOf(index);
    const watch = restoreSubjectWatch(subject.name, readFileSync(stateFile(folder, index % serviceKinds)));
    book.restore(subject, watch, historyStartMs, historyEndMs);
  }
  const store = openStore({ dir: join(folder, 'store'), retention: { maxAgeMs: 86_400_000, maxBytes: 2 ** 26 } });
  const judge = new Judge(book, store, findingPace(intervalMs));
  const round = (nowMs: number) => {
    judge.startRound();
    while (judge.step(nowMs));
  };
  round(historyEndMs);
  const load: JudgeLoad = { pushCpuSeconds: 0, judgeCpuSeconds: 0, leaks: 0, rssBytes: 0 };
  for (let timeMs = historyEndMs + intervalMs; timeMs <= historyEndMs + measuredMs; timeMs += intervalMs) {
    const scan = scanAt(timeMs);
    load.pushCpuSeconds += cpuSecondsOf(() => book.observe(scan));
    load.judgeCpuSeconds += cpuSecondsOf(() => round(timeMs));
  }
  for (const { verdict } of book.all()) if (verdict?.verdict === 'leak') load.leaks += 1;
  load.rssBytes = process.memoryUsage.rss();
  store.close();
  return load;
}

function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const folder = process.argv[2];
if (import.meta.main && folder !== undefined) process.stdout.write(JSON.stringify(measure(folder)));
