/** Verdicts as the documents show them: a word for what has none yet, the worst first, one sentence for all. */
import { undecidedVerdict } from '../detect/undecided.ts';
import { valueOrNull } from '../model/reading.ts';
import type { Subject } from '../model/subject.ts';
import { formatBytes, formatDuration } from '../model/units.ts';
import type { SubjectVerdict, VerdictWord } from '../model/verdict.ts';
import type { WorkloadSample } from '../sample/scan.ts';
import { openFilesOfWorkload, withHeld } from './openFiles.ts';
import { privateBytesOf } from './rows.ts';
import type { LiveSource } from './source.ts';

const rank: Record<VerdictWord, number> = { leak: 0, suspect: 1, undecided: 2, 'no-leak': 2 };

/** The verdict on what is not, or not yet, judged on its own. */
export function unjudgedVerdict(subjectName: string, rule: string, text: string): SubjectVerdict {
  return { subject: subjectName, ...undecidedVerdict('memory', { rule, for: 'undecided', text }), resources: [] };
}

export function verdictOf(source: LiveSource, { id, name }: Subject): SubjectVerdict {
  return source.judged(id)?.verdict ?? unjudgedVerdict(name, 'not-judged-yet', 'Not judged yet: the first samples are being taken.');
}

/** With what its processes hold, where that is what leaks. */
export function workloadVerdict(source: LiveSource, { subject, sample, zombies }: WorkloadSample): SubjectVerdict {
  return withHeld(verdictOf(source, subject), () => ({
    openFiles: openFilesOfWorkload(source.scan(), subject.id),
    zombies,
    processes: valueOrNull(sample.processes),
  }));
}

/**
 * A verdict for a list of hundreds. What leaks or is suspected stays whole; of the others only memory is kept beside the verdict itself,
 * without its reasons a second time. The document of one subject has them all.
 */
export function listedVerdict(verdict: SubjectVerdict): SubjectVerdict {
  if (verdict.verdict === 'leak' || verdict.verdict === 'suspect') return verdict;
  const memory = verdict.resources.filter(({ resource }) => resource === 'memory').map((judged) => ({ ...judged, reasons: [] }));
  return { ...verdict, resources: memory };
}

interface Concern {
  workload: WorkloadSample;
  verdict: SubjectVerdict;
}

/** Of the latest scan: a page asks three times after each, and thousands of workloads are ordered once. */
const ordered = new WeakMap<LiveSource, { timeMs: number; revision: number; freshUntilMs: number; concerns: readonly Concern[] }>();
/** Thousands are judged one by one after a start: for each that changes they are ordered anew no more often than for this share of the time. */
const orderingShare = 0.05;

/** What leaks first, soonest exhausted on top; then what is suspected; then by private memory. */
export function workloadsByConcern(source: LiveSource): readonly Concern[] {
  const [timeMs, revision] = [source.scan().timeMs, source.verdictRevision()];
  const known = ordered.get(source);
  const startedMs = performance.now();
  if (known?.timeMs === timeMs && (known.revision === revision || startedMs < known.freshUntilMs)) return known.concerns;
  const concerns = byConcern(source);
  const endedMs = performance.now();
  ordered.set(source, { timeMs, revision, freshUntilMs: endedMs + (endedMs - startedMs) / orderingShare, concerns });
  return concerns;
}

function byConcern(source: LiveSource): Concern[] {
  return source
    .scan()
    .workloads.map((workload) => ({ workload, verdict: workloadVerdict(source, workload), bytes: privateBytesOf(workload.sample) ?? -1 }))
    .sort(
      (a, b) =>
        rank[a.verdict.verdict] - rank[b.verdict.verdict] ||
        (rank[a.verdict.verdict] < 2 ? compareExhaustion(a.verdict, b.verdict) : 0) ||
        b.bytes - a.bytes,
    );
}

function compareExhaustion(a: SubjectVerdict, b: SubjectVerdict): number {
  const at = (verdict: SubjectVerdict) => (verdict.exhaustion === null ? Number.MAX_SAFE_INTEGER : Date.parse(verdict.exhaustion.at));
  return at(a) - at(b) || b.probability - a.probability;
}

/** One sentence for somebody who has ten seconds. */
export function summarise(verdicts: readonly SubjectVerdict[], nowMs: number): string {
  const leaks = verdicts.filter((verdict) => verdict.verdict === 'leak');
  const suspects = verdicts.filter((verdict) => verdict.verdict === 'suspect');
  const worst = leaks[0] ?? suspects[0];
  if (worst === undefined) return 'Nothing leaks as far as stanch has seen.';
  const others = leaks.length + suspects.length - 1;
  const head = worst.verdict === 'leak' ? `${worst.subject} leaks ${worst.resource}` : `${worst.subject} may leak ${worst.resource}`;
  const rest = others > 0 ? `; ${others} more ${leaks.length > 1 ? 'leak or are suspected' : 'suspected'}` : '';
  return `${head}${slopeText(worst)}${exhaustionText(worst, nowMs)}${rest}.`;
}

function slopeText({ slope }: SubjectVerdict): string {
  if (slope === null) return '';
  return slope.unit === 'bytes' ? `, ${formatBytes(slope.perHour)} an hour` : `, ${Number(slope.perHour.toPrecision(3))} an hour`;
}

function exhaustionText({ exhaustion }: SubjectVerdict, nowMs: number): string {
  if (exhaustion === null) return '';
  const from = formatDuration(Date.parse(exhaustion.low) - nowMs);
  const to = exhaustion.high === null ? 'never' : formatDuration(Date.parse(exhaustion.high) - nowMs);
  return `, ends in ${formatDuration(Date.parse(exhaustion.at) - nowMs)} (${from} to ${to})`;
}
