/** `/api/v1/since`: of what leaks or leaked lately, what changed when it began, and whether a restart since then ended it. */
import { type FixVerdict, judgeFix, type Life } from '../detect/fix.ts';
import type { Finding } from '../model/finding.ts';
import { privateMemory } from '../model/gauge.ts';
import { valueOrNull } from '../model/reading.ts';
import { type ChangedSubject, type RankedChange, sinceWhen } from '../relate/changes.ts';
import { readChanges } from '../relate/readChanges.ts';
import { findTarget } from '../stabilise/target.ts';
import type { SinceDocument } from './schema.ts';
import { readResource } from './series.ts';
import type { LiveSource } from './source.ts';

const lookBackMs = 14 * 86_400_000;
const mostSubjects = 5;
const points = 2000;

/** `wanted`: only of that workload. */
export function sinceDocument(source: LiveSource, wanted?: string): SinceDocument {
  const findings = source.store
    .findings({ sinceMs: source.nowMs() - lookBackMs, limit: 200 })

    .filter(({ verdict, state }) => verdict.resource === 'memory' && verdict.onset !== null && state !== 'suspect')
    .filter(({ subjectId }) => wanted === undefined || subjectId === wanted);
  const latest = new Map<string, Finding>();
  for (const finding of findings) if (!latest.has(finding.subjectId)) latest.set(finding.subjectId, finding);
  const running = [...latest.values()].filter(({ subjectId }) => memberIds(source, subjectId).length > 0).slice(0, mostSubjects);
  return {
    schema: 'stanch.since/1',
    time: new Date(source.nowMs()).toISOString(),
    subjects: running.map((finding) => sinceOf(source, finding)),
  };
}

function memberIds(source: LiveSource, workloadId: string): readonly string[] {
  return source.scan().workloads.find(({ subject }) => subject.id === workloadId)?.memberIds ?? [];
}

function sinceOf(source: LiveSource, { subjectId, subjectName, verdict }: Finding): SinceDocument['subjects'][number] {
  const onsetMs = Date.parse(verdict.onset ?? '');
  const scan = source.scan();
  const members = scan.processes.filter(({ subject }) => subject.workloadId === subjectId);
  const largest = [...members].sort((a, b) => (privateMemory(b.sample) || 0) - (privateMemory(a.sample) || 0))[0];
  const startMs = valueOrNull(scan.workloads.find(({ subject }) => subject.id === subjectId)?.sample.startTimeMs ?? Number.NaN);
  const subject: ChangedSubject = {
    name: subjectName,
    unit: findTarget(scan, subjectId, null).unit,
    exe: largest?.command.split(' ')[0] ?? null,
  };
  const from = { pid: largest?.id.pid ?? null, startMs };
  const { changes, sentence } = sinceWhen(onsetMs, subject, readChanges({ ...from, onsetMs }));
  const restartMs = startMs !== null && startMs > onsetMs ? startMs : null;
  return {
    subjectId,
    subjectName,
    onset: new Date(onsetMs).toISOString(),
    sentence,
    changes: changes.map(changePart),
    fix: restartMs === null ? null : { ...fixOf(source, subjectId, restartMs), ...buildOf(subject, from, restartMs) },
  };
}

function changePart({ atMs, kind, name, text, source, fit }: RankedChange): SinceDocument['subjects'][number]['changes'][number] {
  return { time: new Date(atMs).toISOString(), kind, name, text, source, fit: Math.round(fit * 100) / 100 };
}

/** The life that runs now against the one before. */
function fixOf(source: LiveSource, subjectId: string, restartMs: number): FixVerdict {
  const nowMs = source.nowMs();
  const starts = source.store.read(subjectId, 'startTimeMs', nowMs - lookBackMs, restartMs - 1, points).last;
  const earlier = starts.filter((ms) => ms < restartMs).at(-1);
  const before = life(source, subjectId, Math.max(earlier ?? 0, nowMs - lookBackMs), restartMs - 1);
  return judgeFix(before, life(source, subjectId, restartMs, nowMs));
}

function life(source: LiveSource, subjectId: string, fromMs: number, toMs: number): Life {
  const read = (gauge: Parameters<LiveSource['store']['read']>[1]) => source.store.read(subjectId, gauge, fromMs, toMs, points);
  const memory = readResource('memory', read);
  const cpu = read('cpuSeconds');
  const at = new Map([...cpu.timeMs].map((ms, index) => [ms, cpu.last[index] ?? Number.NaN]));
  return { timeMs: memory.timeMs, bytes: memory.min, cpuSeconds: memory.timeMs.map((ms) => at.get(ms) ?? Number.NaN) };
}

/** A restart alone ends nothing: whether something was changed right before it. */
function buildOf(
  subject: ChangedSubject,
  from: { pid: number | null; startMs: number | null },
  restartMs: number,
): { restart: string; newBuild: string | null } {
  const changes = readChanges({ ...from, onsetMs: restartMs }).filter(({ kind }) => kind !== 'restart' && kind !== 'reboot');
  const best = sinceWhen(restartMs, subject, changes).changes.find(({ fit }) => fit >= 0.25);
  return { restart: new Date(restartMs).toISOString(), newBuild: best?.text ?? null };
}
