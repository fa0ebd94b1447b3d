/**
 * What a likely leak must have shown before it is called one. Until then it is a suspect: a start-up, a first fill and the rise of a
 * morning look like a leak while they last, and most of them are over soon.
 */
import { formatDuration } from '../model/units.ts';
import type { Reason } from '../model/verdict.ts';
import type { WindowEvidence } from './evidence.ts';

const dayMs = 86_400_000;

/** Share of the time in which a growth first showed for which it must go on: that is tested on new samples. */
const goesOnFor = 0.25;

/** Growth within hours, and within a day, as a share of where it started, that healthy programs reach again and again. */
const usualWithinHours = 0.12;
const usualWithinDay = 0.3;
const hoursMs = 2 * 3_600_000;

export interface Suspicion {
  /** Since when it has been suspected without a break, ms since the epoch; NaN when it is not. */
  sinceMs: number;
  /** Length of the window that showed it first. */
  spanMs: number;
}

/** What is still missing, or null when it may be called a leak. `young`: known too short for any leak. */
export function missingProof(e: WindowEvidence, suspicion: Suspicion, young: boolean, nowMs: number): Reason | null {
  const heldMs = nowMs - suspicion.sinceMs;
  if (young) return undecided('known-long-enough', 'it is known too short for more than a suspicion');
  if (!(heldMs >= goesOnFor * suspicion.spanMs)) {
    const neededMs = goesOnFor * suspicion.spanMs;
    return undecided('goes-on', `it has shown for ${formatDuration(heldMs || 0)}; a leak goes on for ${formatDuration(neededMs)} at least`);
  }
  const spanMs = e.toMs - e.fromMs;
  const usual = spanMs < hoursMs ? usualWithinHours : spanMs < dayMs ? usualWithinDay : 0;
  if (e.relativeGrowth < usual) {
    const share = Math.round(e.relativeGrowth * 100);
    return undecided('more-than-usual', `${share} % in ${formatDuration(spanMs)} is what healthy programs grow by within a day, too`);
  }
  return null;
}

function undecided(rule: string, text: string): Reason {
  return { rule, for: 'undecided', text };
}
