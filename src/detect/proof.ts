/**
 * What a likely leak must have shown before it is called one. Until then it is a suspect: a start-up, a first fill and the rise of a
 * morning look like a leak while they last, and most of them are over soon.
 */
import { formatDuration } from '../model/units.ts';
import { formatAmount } from './amount.ts';
import type { WindowEvidence } from './evidence.ts';
import { clamp } from './rules/rule.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Share of the time in which a growth first showed for which it must go on: that is tested on new samples. No longer than a few hours. */
const goesOnFor = 0.25;
const goesOnAtMostMs = 4 * hourMs;

/** Share of its window for which a leak must stay likelier than not: what wavers about even odds is over sooner. */
const likelyFor = 0.03;

/**
 * Times as long on top for the share that was given back, up to `most` of it, in a window of days: the work of machines rises and falls by
 * days, and looks like a leak for hours. In shorter windows what falls may be a collector at work.
 */
const givingBack = { fromMs: 2 * dayMs, fullyMs: 4 * dayMs, times: 12, most: 0.3 };

/** Times as long as is asked for that are remembered: however long it has shown, what ends is forgotten again soon. */
const remembered = 2;
/** The same of a likely leak, of which more is asked for when it gives back. */
const likelyRemembered = 6;

/**
 * Growth that healthy programs reach again and again, as a share of where it started: by as much within a day (a collected heap that
 * follows the work of the day), and by less in shorter times, as the root of the time, as a walk would; whatever the share, in bytes and
 * in pieces, a process of a few MiB doubles.
 */
const usualWithinDay = 1;
const usualAtOnce = 0.12;
/** After one day a cycle of a day may still be the growth, after two it would have come back: the less is asked for, the nearer they are. */
const daysKnownMs = 2 * dayMs;
/** Share of it that is forgiven where nothing but a leak explains the growth: what follows the work of a day is never as straight for long. */
const forgivenWhenSure = { withinDay: 0.4, afterDay: 1 };
/** Steadiness from which growth is more even than work is, which comes and goes, and at which only a leak is as even: what is forgiven it beside. */
const evenGrowth = { from: 5, surely: 12, forgiven: 0.7 };
/** Share of the growth that must stand above everything in the days before to be without example there, and the part that is asked for then. */
const withoutExample = 0.75;
const askedWithoutExample = 0.1;
const usualAmount = { bytes: 4 * 1_048_576, count: 16 };

/**
 * For how long a growth has shown. What is measured of a noisy series dips now and then although the growth goes on: each time counts up
 * while it shows and down while it does not, so that a dip costs its own length and not all that was seen before it.
 */
export interface Suspicion {
  /** Length of the window that showed it first; 0 while nothing is suspected. */
  spanMs: number;
  /** For how long it has been suspected, and a leak likelier than not, on balance. */
  shownMs: number;
  likelyMs: number;
  /** The last look, ms since the epoch. */
  seenMs: number;
}

export const unsuspected: Suspicion = { spanMs: 0, shownMs: 0, likelyMs: 0, seenMs: 0 };

/** What a look at all windows found. */
export interface Look {
  /** Whether a growth is suspected, and whether it is likelier a leak than not. */
  suspected: boolean;
  likely: boolean;
  /** Length of the longest window in which something rises. */
  longestMs: number;
}

/** A suspicion after one more look; it is over when it has been gone for as long as it was there. */
export function lookAgain(before: Suspicion, { suspected, likely, longestMs }: Look, nowMs: number): Suspicion {
  const passedMs = nowMs - before.seenMs;
  const shownMs = before.shownMs + (suspected ? passedMs : -passedMs);
  if (shownMs < 0) return unsuspected;
  const likelyMs = Math.max(0, before.likelyMs + (likely ? passedMs : -passedMs));
  return {
    spanMs: before.spanMs,
    shownMs: Math.min(shownMs, remembered * goesOnMs(before)),
    likelyMs: Math.min(likelyMs, likelyRemembered * likelyFor * longestMs),
    seenMs: nowMs,
  };
}

function goesOnMs({ spanMs }: Suspicion): number {
  return Math.min(goesOnFor * spanMs, goesOnAtMostMs);
}

/** For how long a leak must stay likelier than not, ms. */
function likelyNeededMs({ fromMs, toMs, giveBack }: WindowEvidence): number {
  const spanMs = toMs - fromMs;
  const days = clamp((spanMs - givingBack.fromMs) / (givingBack.fullyMs - givingBack.fromMs), 0, 1);
  return likelyFor * spanMs * (1 + givingBack.times * days * Math.min(giveBack, givingBack.most));
}

/** What a verdict lacks. It is asked for at every look and told seldom: the words are made when they are. */
export interface MissingProof {
  rule: string;
  tell: () => string;
}

/**
 * What is still missing, or null when it may be called a leak. `seenMs`: how long the growth has been seen, in all runs that showed it.
 * `young`: known too short for any leak. `probability`: that this window shows a leak.
 */
export function missingProof(
  e: WindowEvidence,
  seenMs: number,
  unit: 'bytes' | 'count',
  suspicion: Suspicion,
  young: boolean,
  probability: number,
): MissingProof | null {
  if (young) return lacks('known-long-enough', () => 'it is known too short for more than a suspicion');
  const neededMs = goesOnMs(suspicion);
  if (suspicion.spanMs === 0 || suspicion.shownMs < neededMs) {
    return lacks(
      'goes-on',
      () => `it has shown for ${formatDuration(suspicion.shownMs)}; a leak goes on for ${formatDuration(neededMs)} at least`,
    );
  }
  const spanMs = e.toMs - e.fromMs;
  const stayMs = likelyNeededMs(e);
  if (suspicion.likelyMs < stayMs) {
    return lacks(
      'stays-likely',
      () => `it has been likely for ${formatDuration(suspicion.likelyMs)}; a leak stays so for ${formatDuration(stayMs)} at least`,
    );
  }
  if (seenMs >= daysKnownMs) return null;
  const share = Math.round(e.relativeGrowth * 100);
  const asked = Math.min(isWithoutExample(e) ? askedWithoutExample : 1, (daysKnownMs - seenMs) / (daysKnownMs - dayMs));
  const usual = asked * Math.max(usualAtOnce, usualWithinDay * Math.min(1, Math.sqrt(spanMs / dayMs)));
  const sure = Math.max(0, 2 * probability - 1);
  const even = evenGrowth.forgiven * sure * clamp((e.steadiness - evenGrowth.from) / (evenGrowth.surely - evenGrowth.from), 0, 1);
  const forgiven = forgivenWhenSure[seenMs < dayMs ? 'withinDay' : 'afterDay'] * sure + even;
  if (e.relativeGrowth < usual * (1 - forgiven)) {
    return lacks('more-than-usual', () => `${share} % in ${formatDuration(spanMs)} is what healthy programs grow by within a day, too`);
  }
  if (e.growth < asked * usualAmount[unit]) {
    return lacks('more-than-usual', () => `${formatAmount(e.growth, unit)} in ${formatDuration(spanMs)} is little for any program`);
  }
  return null;
}

/** The days before the growth show what is usual for this program, and it stands above that. */
function isWithoutExample(e: WindowEvidence): boolean {
  return (e.newHigh ?? 0) >= withoutExample && e.pastSpans * (e.toMs - e.fromMs) >= daysKnownMs;
}

function lacks(rule: string, tell: () => string): MissingProof {
  return { rule, tell };
}
