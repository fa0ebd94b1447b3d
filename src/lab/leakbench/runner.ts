import type { Resource, ResourceVerdict, SubjectVerdict, VerdictClass, VerdictWord } from '../../model/verdict.ts';
import type { BenchCase, Truth } from './case.ts';
import type { DetectorEntry } from './detector.ts';

/** Where forecasts are compared with the truth: shares of the way from onset to the end of the series. */
const checkpointShares = [0.25, 0.5, 0.75, 1] as const;

interface Interval {
  lowMs: number;
  /** null: it may never end. */
  highMs: number | null;
}

/** What a detector said at one moment of a leaking or healthy series. */
export interface Checkpoint {
  share: number;
  timeMs: number;
  verdict: VerdictWord;
  probability: number;
  slope: { perHour: number; low: number; high: number } | null;
  exhaustion: (Interval & { atMs: number }) | null;
}

/** How one detector did on one series. */
export interface Outcome {
  truth: Truth;
  detector: string;
  startMs: number;
  endMs: number;
  /** First verdict `leak` on the resource of the series, at any time. */
  firstLeakMs: number | null;
  /** First moment from the onset on at which the verdict is `leak`. */
  firstHitMs: number | null;
  /** First verdict `suspect` or `leak` from the onset on (on healthy series: at all). */
  firstSuspectMs: number | null;
  /** First verdict `leak`, at any time, that is urgent: at the earliest, less than two days are left. */
  firstUrgentMs: number | null;
  /** How often the verdict became `leak`: more than once is flapping. */
  leakSpells: number;
  /** Resources other than those that leak on which a leak was announced, with the time. */
  sideAlarms: { resource: Resource; timeMs: number }[];
  final: { verdict: VerdictWord; class: VerdictClass; probability: number; onsetMs: number | null };
  checkpoints: Checkpoint[];
}

/** Feeds a case to a detector, sample by sample, as it would have happened live. */
export function runCase(benchCase: BenchCase, entry: DetectorEntry): Outcome {
  const { samples, ...truth } = benchCase;
  const startMs = samples.at(0)?.timeMs ?? 0;
  const endMs = samples.at(-1)?.timeMs ?? 0;
  const spanMs = endMs - startMs;
  const detector = entry.create({ resource: truth.resource, spanMs, intervalMs: spanMs / Math.max(1, samples.length - 1) });
  const outcome = blankOutcome(truth, entry.name, startMs, endMs);
  const from = truth.onsetMs ?? startMs;
  const due = checkpointShares.map((share) => ({ share, timeMs: from + share * (endMs - from) }));
  let revision = Number.NaN;
  let wasLeak = false;
  for (const sample of samples) {
    detector.push(sample);
    if (detector.revision !== revision) {
      revision = detector.revision;
      const said = detector.verdict();
      const leaksNow = note(outcome, truth, said, sample.timeMs, wasLeak);
      wasLeak = leaksNow;
    }
    while (due[0] && sample.timeMs >= due[0].timeMs) {
      const { share } = due[0];
      due.shift();
      outcome.checkpoints.push(checkpointOf(onResource(detector.verdict(), truth.resource), share, sample.timeMs));
    }
  }
  const last = onResource(detector.verdict(), truth.resource);
  if (last) {
    outcome.final = { verdict: last.verdict, class: last.class, probability: last.probability, onsetMs: msOrNull(last.onset) };
  }
  return outcome;
}

function blankOutcome(truth: Truth, detector: string, startMs: number, endMs: number): Outcome {
  return {
    truth,
    detector,
    startMs,
    endMs,
    firstLeakMs: null,
    firstHitMs: null,
    firstSuspectMs: null,
    firstUrgentMs: null,
    leakSpells: 0,
    sideAlarms: [],
    final: { verdict: 'undecided', class: 'unknown', probability: 0, onsetMs: null },
    checkpoints: [],
  };
}

/** Takes down what the verdict changed; returns whether the resource of the series is said to leak now. */
function note(outcome: Outcome, truth: Truth, said: SubjectVerdict, timeMs: number, wasLeak: boolean): boolean {
  const own = onResource(said, truth.resource);
  const leaks = own?.verdict === 'leak';
  const afterOnset = truth.onsetMs === null || timeMs >= truth.onsetMs;
  if (leaks) {
    outcome.firstLeakMs ??= timeMs;
    if (own.urgency.level === 'soon' || own.urgency.level === 'now') outcome.firstUrgentMs ??= timeMs;
    if (afterOnset) outcome.firstHitMs ??= timeMs;
    if (!wasLeak) outcome.leakSpells += 1;
  }
  if (afterOnset && (leaks || own?.verdict === 'suspect')) outcome.firstSuspectMs ??= timeMs;
  for (const other of said.resources) {
    const expected = other.resource === truth.resource || truth.alsoLeaks.includes(other.resource);
    if (expected || other.verdict !== 'leak') continue;
    if (!outcome.sideAlarms.some((alarm) => alarm.resource === other.resource)) {
      outcome.sideAlarms.push({ resource: other.resource, timeMs });
    }
  }
  return leaks;
}

function onResource(said: SubjectVerdict, resource: Resource): ResourceVerdict | undefined {
  return said.resources.find((verdict) => verdict.resource === resource) ?? (said.resource === resource ? said : undefined);
}

function checkpointOf(said: ResourceVerdict | undefined, share: number, timeMs: number): Checkpoint {
  const exhaustion = said?.exhaustion;
  return {
    share,
    timeMs,
    verdict: said?.verdict ?? 'undecided',
    probability: said?.probability ?? 0,
    slope: said?.slope ? { perHour: said.slope.perHour, low: said.slope.low, high: said.slope.high } : null,
    exhaustion: exhaustion
      ? { atMs: Date.parse(exhaustion.at), lowMs: Date.parse(exhaustion.low), highMs: msOrNull(exhaustion.high) }
      : null,
  };
}

function msOrNull(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
