/** `/api/v1/since`: of what leaks or leaked lately, what changed when it began, and whether a restart since then ended it. */
import type { Finding } from '../model/finding.ts';
import { type RankedChange, sinceWhen } from '../relate/changes.ts';
import { readChanges } from '../relate/readChanges.ts';
import { newBuild, type RestartFix, type RunningSubject, restartFix, runningSubject } from '../relate/restartFix.ts';
import { findTarget } from '../stabilise/target.ts';
import type { SinceDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

const lookBackMs = 14 * 86_400_000;
const mostSubjects = 5;

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

function sinceOf(source: LiveSource, finding: Finding): SinceDocument['subjects'][number] {
  const { subjectId, subjectName, verdict, firstSeenMs } = finding;
  const onsetMs = Date.parse(verdict.onset ?? '');
  // A leak has begun when it is seen, however well its beginning is known; one that came again was seen before.
  const until = firstSeenMs < onsetMs ? {} : { untilMs: firstSeenMs };
  const scan = source.scan();
  const running = runningSubject(scan, subjectId, subjectName, findTarget(scan, subjectId, null).unit);
  const { changes, sentence } = sinceWhen(
    onsetMs,
    running.changed,
    readChanges({ pid: running.pid, startMs: running.startMs, onsetMs, scripts: scriptsOf(source, subjectId), ...until }),
  );
  const fix = restartFix(source.store, finding, running, source.nowMs());
  return {
    subjectId,
    subjectName,
    onset: new Date(onsetMs).toISOString(),
    sentence,
    changes: changes.map(changePart),
    fix: fix === null ? null : fixPart(fix, running),
  };
}

/** Of a pool of PHP-FPM, by what was last found out about it: no command line names them. */
function scriptsOf(source: LiveSource, subjectId: string): string[] {
  const [latest] = source.explainer.evidence(1, (about) => about === subjectId);
  return (latest?.grows ?? []).filter(({ isScript }) => isScript).map(({ type }) => type);
}

function fixPart(fix: RestartFix, running: RunningSubject): NonNullable<SinceDocument['subjects'][number]['fix']> {
  const { subjectId: _id, beforeMs: _before, restartMs, ...verdict } = fix;
  return { restart: new Date(restartMs).toISOString(), newBuild: newBuild(running, fix), ...verdict };
}

function changePart({ atMs, kind, name, text, source, fit }: RankedChange): SinceDocument['subjects'][number]['changes'][number] {
  return { time: new Date(atMs).toISOString(), kind, name, text, source, fit: Math.round(fit * 100) / 100 };
}
