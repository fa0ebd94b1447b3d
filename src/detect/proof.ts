/**
 * What a likely leak must have shown before it is called one. Until then it is a suspect: a start-up, a first fill and the rise of a
 * morning look like a leak while they last, and most of them are over soon.
 */
import { formatDuration } from '../model/units.ts';
import type { Reason } from '../model/verdict.ts';
import { formatAmount } from './amount.ts';
import type { WindowEvidence } from './evidence.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Share of the time in which a growth first showed for which it must go on: that is tested on new samples. No longer than a few hours. */
const goesOnFor = 0.25;
const goesOnAtMostMs = 4 * hourMs;

/**
 * Growth that healthy programs reach again and again: within hours and within a day, as a share of where it started, and whatever the
 * share, in bytes and in pieces. A collected heap that follows the work of the day grows by a half; a process of a few MiB doubles.
 */
const usualWithinHours = 0.25;
const usualWithinDay = 0.8;
const hoursMs = 2 * hourMs;
const usualAmount = { bytes: 4 * 1_048_576, count: 16 };

export interface Suspicion {
  /** Since when it has been suspected without a break, ms since the epoch; NaN when it is not. */
  sinceMs: number;
  /** Length of the window that showed it first. */
  spanMs: number;
}

/** What is still missing, or null when it may be called a leak. `young`: known too short for any leak. */
export function missingProof(
  e: WindowEvidence,
  unit: 'bytes' | 'count',
  suspicion: Suspicion,
  young: boolean,
  nowMs: number,
): Reason | null {
  const heldMs = nowMs - suspicion.sinceMs;
  if (young) return undecided('known-long-enough', 'it is known too short for more than a suspicion');
  const neededMs = Math.min(goesOnFor * suspicion.spanMs, goesOnAtMostMs);
  if (!(heldMs >= neededMs)) {
    return undecided('goes-on', `it has shown for ${formatDuration(heldMs || 0)}; a leak goes on for ${formatDuration(neededMs)} at least`);
  }
  const spanMs = e.toMs - e.fromMs;
  if (spanMs >= dayMs) return null;
  const share = Math.round(e.relativeGrowth * 100);
  if (e.relativeGrowth < (spanMs < hoursMs ? usualWithinHours : usualWithinDay)) {
    return undecided('more-than-usual', `${share} % in ${formatDuration(spanMs)} is what healthy programs grow by within a day, too`);
  }
  if (e.growth < usualAmount[unit]) {
    return undecided('more-than-usual', `${formatAmount(e.growth, unit)} in ${formatDuration(spanMs)} is little for any program`);
  }
  return null;
}

function undecided(rule: string, text: string): Reason {
  return { rule, for: 'undecided', text };
}
