/** A workload that leaked and was started anew: what it runs now against the run before, and whether it is another build. */
import { type FixVerdict, grows, judgeFix, type Life } from '../detect/fix.ts';
import { privateMemory } from '../model/gauge.ts';
import { valueOrNull } from '../model/reading.ts';
import type { ResourceVerdict } from '../model/verdict.ts';
import type { Scan } from '../sample/scan.ts';
import { readResource } from '../series/resourcePoints.ts';
import type { SeriesStore } from '../series/store.ts';
import { type ChangedSubject, sinceWhen } from './changes.ts';
import { readChanges } from './readChanges.ts';

export interface RestartFix extends FixVerdict {
  subjectId: string;
  /** When the run began that this one is compared with. */
  beforeMs: number;
  restartMs: number;
}

/** Where a workload stands now. */
export interface RunningSubject {
  changed: ChangedSubject;
  /** Of its largest process; null: none runs. */
  pid: number | null;
  startMs: number | null;
}

const lookBackMs = 14 * 86_400_000;
const mostRuns = 8;
const points = 2000;
const changesFit = 0.25;
/** Starts are known by the second of the boot. */
const startKnownToMs = 2_000;

export function runningSubject(scan: Scan, subjectId: string, subjectName: string, unit: string | null): RunningSubject {
  const members = scan.processes.filter(({ subject }) => subject.workloadId === subjectId);
  const largest = [...members].sort((a, b) => (privateMemory(b.sample) || 0) - (privateMemory(a.sample) || 0))[0];
  const workload = scan.workloads.find(({ subject }) => subject.id === subjectId);
  return {
    changed: { name: subjectName, unit, exe: largest?.command.split(' ')[0] ?? null },
    pid: largest?.id.pid ?? null,
    startMs: workload === undefined ? null : valueOrNull(workload.sample.startTimeMs),
  };
}

/** null: it was not started anew since its leak began. */
export function restartFix(
  store: Pick<SeriesStore, 'read'>,
  { subjectId, verdict }: { subjectId: string; verdict: Pick<ResourceVerdict, 'onset'> },
  running: RunningSubject,
  nowMs: number,
): RestartFix | null {
  const { startMs: restartMs } = running;
  if (running.pid === null || restartMs === null || !(restartMs > Date.parse(verdict.onset ?? ''))) return null;
  const { fromMs, life } = runBefore(store, subjectId, restartMs, nowMs);
  return { ...judgeFix(life, lifeOf(store, subjectId, restartMs, nowMs)), subjectId, beforeMs: fromMs, restartMs };
}

/** What was changed between the two: `its shop.js was written`; null: nothing that is known of, so that it is the same build. */
export function newBuild({ changed, pid, startMs }: RunningSubject, { beforeMs, restartMs }: RestartFix): string | null {
  // What was put there since is not what runs, and what was there when the run before began, perhaps written a moment ago, ran then as well.
  const changes = readChanges({ pid, startMs, onsetMs: restartMs, untilMs: restartMs + startKnownToMs }).filter(
    ({ kind, atMs }) => kind !== 'restart' && kind !== 'reboot' && kind !== 'cron' && atMs > beforeMs + startKnownToMs,
  );
  return sinceWhen(restartMs, changed, changes).changes.find(({ fit }) => fit >= changesFit)?.text ?? null;
}

/** The latest run before that grew: a short one shows nothing, and after one that was cured already it is the leak itself that counts. */
function runBefore(store: Pick<SeriesStore, 'read'>, subjectId: string, restartMs: number, nowMs: number): { fromMs: number; life: Life } {
  const oldestMs = nowMs - lookBackMs;
  const known = store.read(subjectId, 'startTimeMs', oldestMs, restartMs - 1, points).last;
  const starts = [...new Set(known)].filter((ms) => ms < restartMs).sort((a, b) => b - a);
  const runs = starts.slice(0, mostRuns).map((ms, index) => {
    const fromMs = Math.max(ms, oldestMs);
    return { fromMs, life: lifeOf(store, subjectId, fromMs, (index === 0 ? restartMs : (starts[index - 1] ?? 0)) - 1) };
  });
  return runs.find(({ life }) => grows(life)) ?? runs[0] ?? { fromMs: oldestMs, life: lifeOf(store, subjectId, oldestMs, restartMs - 1) };
}

function lifeOf(store: Pick<SeriesStore, 'read'>, subjectId: string, fromMs: number, toMs: number): Life {
  const read = (gauge: Parameters<SeriesStore['read']>[1]) => store.read(subjectId, gauge, fromMs, toMs, points);
  const memory = readResource('memory', read);
  const cpu = read('cpuSeconds');
  const at = new Map([...cpu.timeMs].map((ms, index) => [ms, cpu.last[index] ?? Number.NaN]));
  return { timeMs: memory.timeMs, bytes: memory.min, cpuSeconds: memory.timeMs.map((ms) => at.get(ms) ?? Number.NaN) };
}
