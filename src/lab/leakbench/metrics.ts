import type { Checkpoint, Outcome } from './runner.ts';

/** `ever`: any leak verdict at any time counts, as somebody who is woken sees it. `final`: the verdict as of the last sample, as `scan` prints it. */
export type Protocol = 'ever' | 'final';

/** A share with its Wilson 95 % interval; `value` is NaN when there is nothing to count. */
export interface Share {
  hits: number;
  of: number;
  value: number;
  low: number;
  high: number;
}

export interface Score {
  precision: Share;
  recall: Share;
  f1: number;
  falseAlarmRate: Share;
}

export interface FamilyScore {
  group: string;
  family: string;
  label: 'leak' | 'healthy';
  /** Found on leaks, falsely accused on healthy series, by protocol. */
  ever: Share;
  final: Share;
  /** Of leaks: how often the intervals of slope and exhaustion held the truth. */
  slope: Share;
  exhaustion: Share;
  /** Names of the series that went wrong under the `ever` protocol, then under `final`. */
  wrongEver: string[];
  wrongFinal: string[];
}

const z = 1.959964;

export function wilson(hits: number, of: number): Share {
  if (of === 0) return { hits, of, value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const p = hits / of;
  const centre = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of))) / (1 + (z * z) / of);
  return { hits, of, value: p, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** A leak that was found: between onset and the end of the series. */
function isHit(outcome: Outcome, protocol: Protocol): boolean {
  return protocol === 'ever' ? outcome.firstHitMs !== null : outcome.final.verdict === 'leak';
}

/**
 * A false alarm: a leak where there is none, or before there is one, or on a resource that does not leak.
 * Under the final protocol an alarm that was taken back by the end does not count.
 */
function isFalseAlarm(outcome: Outcome, protocol: Protocol): boolean {
  const { truth } = outcome;
  if (protocol === 'final') return truth.label === 'healthy' && outcome.final.verdict === 'leak';
  if (outcome.sideAlarms.length > 0) return true;
  if (outcome.firstLeakMs === null) return false;
  return truth.label === 'healthy' || (truth.onsetMs !== null && outcome.firstLeakMs < truth.onsetMs);
}

export function score(outcomes: readonly Outcome[], protocol: Protocol): Score {
  const leaks = outcomes.filter((outcome) => outcome.truth.label === 'leak');
  const healthy = outcomes.filter((outcome) => outcome.truth.label === 'healthy');
  const found = leaks.filter((outcome) => isHit(outcome, protocol)).length;
  const wrong = [...leaks, ...healthy].filter((outcome) => isFalseAlarm(outcome, protocol)).length;
  const wrongHealthy = healthy.filter((outcome) => isFalseAlarm(outcome, protocol)).length;
  const precision = wilson(found, found + wrong);
  const recall = wilson(found, leaks.length);
  return {
    precision,
    recall,
    f1: (2 * found) / Math.max(1, found + wrong + leaks.length),
    falseAlarmRate: wilson(wrongHealthy, healthy.length),
  };
}

export function familyScores(outcomes: readonly Outcome[]): FamilyScore[] {
  const families = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { group, family, label } = outcome.truth;
    if (label === 'ambiguous') continue;
    const key = `${group}/${family}/${label}`;
    const list = families.get(key);
    if (list) list.push(outcome);
    else families.set(key, [outcome]);
  }
  return [...families.values()].flatMap((list) => {
    const first = list[0]?.truth;
    if (!first || first.label === 'ambiguous') return [];
    const flagged = (protocol: Protocol) =>
      list.filter((outcome) => (first.label === 'leak' ? isHit(outcome, protocol) : isFalseAlarm(outcome, protocol)));
    const wrong = (protocol: Protocol) => {
      const flags = new Set(flagged(protocol));
      return list.filter((outcome) => flags.has(outcome) !== (first.label === 'leak')).map((outcome) => outcome.truth.id);
    };
    return [
      {
        group: first.group,
        family: first.family,
        label: first.label,
        ever: wilson(flagged('ever').length, list.length),
        final: wilson(flagged('final').length, list.length),
        slope: coverage(list).slope,
        exhaustion: coverage(list).exhaustion,
        wrongEver: wrong('ever'),
        wrongFinal: wrong('final'),
      },
    ];
  });
}

/** How often at least a suspicion was voiced: of leaks after their onset, and of healthy series at any time. */
export function suspicion(outcomes: readonly Outcome[]): { found: Share; accused: Share } {
  return heard(outcomes, ({ firstSuspectMs }) => firstSuspectMs);
}

/** How often a leak was said to leave less than two days, at any time: somebody is woken then. */
export function urgency(outcomes: readonly Outcome[]): { found: Share; accused: Share } {
  return heard(outcomes, ({ firstUrgentMs }) => firstUrgentMs);
}

function heard(outcomes: readonly Outcome[], firstMs: (outcome: Outcome) => number | null): { found: Share; accused: Share } {
  const of = (label: 'leak' | 'healthy') => {
    const own = outcomes.filter((outcome) => outcome.truth.label === label);
    return wilson(own.filter((outcome) => firstMs(outcome) !== null).length, own.length);
  };
  return { found: of('leak'), accused: of('healthy') };
}

/** Share of the way from onset to exhaustion (or the end of the series) that had gone when the leak was found. */
export function timeToDetect(outcomes: readonly Outcome[]): { median: number; p90: number; count: number } {
  const shares = outcomes.flatMap((outcome) => {
    const { onsetMs, exhaustionMs } = outcome.truth;
    if (outcome.firstHitMs === null || onsetMs === null) return [];
    const way = (exhaustionMs ?? outcome.endMs) - onsetMs;
    return way > 0 ? [(outcome.firstHitMs - onsetMs) / way] : [];
  });
  return { median: quantile(shares, 0.5), p90: quantile(shares, 0.9), count: shares.length };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? Number.NaN : low + (high - low) * (at - Math.floor(at));
}

/** How often the interval of a slope or of an exhaustion holds the truth, where the verdict is `leak` and the truth is known. */
export function coverage(outcomes: readonly Outcome[]): { slope: Share; exhaustion: Share; slopeError: number; exhaustionError: number } {
  const slopes: boolean[] = [];
  const slopeErrors: number[] = [];
  const ends: boolean[] = [];
  const endErrors: number[] = [];
  for (const { truth, checkpoints } of outcomes) {
    if (truth.label !== 'leak') continue;
    for (const point of checkpoints) {
      if (point.verdict !== 'leak') continue;
      const rate = truth.trueSlopePerHour;
      if (rate !== null && point.slope) {
        slopes.push(point.slope.low <= rate && rate <= point.slope.high);
        slopeErrors.push(Math.abs(point.slope.perHour / rate - 1));
      }
      noteEnd(truth, point, ends, endErrors);
    }
  }
  return {
    slope: wilson(slopes.filter(Boolean).length, slopes.length),
    exhaustion: wilson(ends.filter(Boolean).length, ends.length),
    slopeError: quantile(slopeErrors, 0.5),
    exhaustionError: quantile(endErrors, 0.5),
  };
}

function noteEnd(truth: Outcome['truth'], point: Checkpoint, ends: boolean[], errors: number[]): void {
  const { exhaustion } = point;
  if (!truth.wallVisible || truth.exhaustionMs === null || !exhaustion || point.share === 1) return;
  ends.push(exhaustion.lowMs <= truth.exhaustionMs && (exhaustion.highMs === null || truth.exhaustionMs <= exhaustion.highMs));
  errors.push(Math.abs(exhaustion.atMs - truth.exhaustionMs) / Math.max(1, truth.exhaustionMs - point.timeMs));
}

export interface ReliabilityBin {
  low: number;
  high: number;
  count: number;
  meanProbability: number;
  leakShare: number;
}

/** Stated probability against how often it was a leak, as of the last sample: ten bins and the expected calibration error. */
export function reliability(outcomes: readonly Outcome[]): { bins: ReliabilityBin[]; error: number } {
  const sums = Array.from({ length: 10 }, () => ({ count: 0, probability: 0, leaks: 0 }));
  let total = 0;
  for (const { truth, final } of outcomes) {
    if (truth.label === 'ambiguous') continue;
    const bin = sums[Math.min(9, Math.max(0, Math.floor(final.probability * 10)))];
    if (!bin) continue;
    bin.count += 1;
    bin.probability += final.probability;
    if (truth.label === 'leak') bin.leaks += 1;
    total += 1;
  }
  const bins = sums.map((sum, index) => ({
    low: index / 10,
    high: (index + 1) / 10,
    count: sum.count,
    meanProbability: sum.probability / sum.count,
    leakShare: sum.leaks / sum.count,
  }));
  const gaps = bins.map((bin) => (bin.count === 0 ? 0 : Math.abs(bin.meanProbability - bin.leakShare) * bin.count));
  return { bins, error: gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(1, total) };
}

/** Share of series whose final class is one that describes them; leaks count only when they were found. */
export function classAccuracy(outcomes: readonly Outcome[]): Share {
  const asked = outcomes.filter(
    ({ truth, final }) =>
      truth.expectedClasses.length > 0 && truth.label !== 'ambiguous' && (truth.label === 'healthy' || final.verdict === 'leak'),
  );
  return wilson(asked.filter(({ truth, final }) => truth.expectedClasses.includes(final.class)).length, asked.length);
}

/** One false alarm: on which series, when, on which resource. */
export interface FalseAlarm {
  id: string;
  /** Hours after the first sample. */
  atH: number;
  of: string;
}

/** Every false alarm, and over how many weeks healthy series were watched. */
export function falseAlarmList(outcomes: readonly Outcome[]): { weeks: number; onHealthy: number; series: FalseAlarm[] } {
  const healthy = outcomes.filter((outcome) => outcome.truth.label === 'healthy');
  const weeks = healthy.reduce((sum, outcome) => sum + (outcome.endMs - outcome.startMs) / 604_800_000, 0);
  const series = outcomes.filter((outcome) => outcome.truth.label !== 'ambiguous' && isFalseAlarm(outcome, 'ever')).map(falseAlarmOf);
  return { weeks, onHealthy: healthy.filter((outcome) => isFalseAlarm(outcome, 'ever')).length, series };
}

function falseAlarmOf(outcome: Outcome): FalseAlarm {
  const side = outcome.sideAlarms[0];
  const own = outcome.truth.label === 'healthy' || side === undefined ? outcome.firstLeakMs : null;
  const atMs = own ?? side?.timeMs ?? outcome.startMs;
  return {
    id: outcome.truth.id,
    atH: (atMs - outcome.startMs) / 3_600_000,
    of: own === null && side ? side.resource : outcome.truth.resource,
  };
}
