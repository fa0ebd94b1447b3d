/**
 * What a likely leak must have shown before it is called one. Until then it is a suspect: a start-up, a first fill and the rise of a
 * morning look like a leak while they last, and most of them are over soon.
 */
import { formatDuration } from '../model/units.ts';
import { formatAmount } from './amount.ts';
import type { WindowEvidence } from './evidence.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Share of the time in which a growth first showed for which it must go on: that is tested on new samples. No longer than a few hours. */
const goesOnFor = 0.25;
const goesOnAtMostMs = 4 * hourMs;

/** Share of its window for which a leak must stay likelier than not: what wavers about even odds is over sooner. */
const likelyFor = 0.05;

/**
 * Growth that healthy programs reach again and again, as a share of where it started: by as much within a day (a collected heap that
 * follows the work of the day), and by less in shorter times, as the root of the time, as a walk would; whatever the share, in bytes and
 * in pieces, a process of a few MiB doubles.
 */
const usualWithinDay = 1;
const usualAtOnce = 0.12;
const usualAmount = { bytes: 4 * 1_048_576, count: 16 };

export interface Suspicion {
  /** Since when it has been suspected without a break, ms since the epoch; NaN when it is not. */
  sinceMs: number;
  /** Length of the window that showed it first. */
  spanMs: number;
  /** Since when a leak has been likelier than not without a break, ms since the epoch; NaN when it is not. */
  likelySinceMs: number;
}

/** What a verdict lacks. It is asked for at every look and told seldom: the words are made when they are. */
export interface MissingProof {
  rule: string;
  tell: () => string;
}

/**
 * What is still missing, or null when it may be called a leak. `seenMs`: how long the growth has been seen, in all runs that showed it.
 * `young`: known too short for any leak.
 */
export function missingProof(
  e: WindowEvidence,
  seenMs: number,
  unit: 'bytes' | 'count',
  suspicion: Suspicion,
  young: boolean,
  nowMs: number,
): MissingProof | null {
  const heldMs = nowMs - suspicion.sinceMs;
  if (young) return lacks('known-long-enough', () => 'it is known too short for more than a suspicion');
  const neededMs = Math.min(goesOnFor * suspicion.spanMs, goesOnAtMostMs);
  if (!(heldMs >= neededMs)) {
    return lacks(
      'goes-on',
      () => `it has shown for ${formatDuration(heldMs || 0)}; a leak goes on for ${formatDuration(neededMs)} at least`,
    );
  }
  const spanMs = e.toMs - e.fromMs;
  const likelyMs = nowMs - suspicion.likelySinceMs;
  if (!(likelyMs >= likelyFor * spanMs)) {
    return lacks(
      'stays-likely',
      () => `it has been likely for ${formatDuration(likelyMs || 0)}; a leak stays so for ${formatDuration(likelyFor * spanMs)} at least`,
    );
  }
  if (seenMs >= dayMs) return null;
  const share = Math.round(e.relativeGrowth * 100);
  if (e.relativeGrowth < Math.max(usualAtOnce, usualWithinDay * Math.sqrt(spanMs / dayMs))) {
    return lacks('more-than-usual', () => `${share} % in ${formatDuration(spanMs)} is what healthy programs grow by within a day, too`);
  }
  if (e.growth < usualAmount[unit]) {
    return lacks('more-than-usual', () => `${formatAmount(e.growth, unit)} in ${formatDuration(spanMs)} is little for any program`);
  }
  return null;
}

function lacks(rule: string, tell: () => string): MissingProof {
  return { rule, tell };
}
