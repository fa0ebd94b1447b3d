/**
 * Which step of the cascade the server is at. Pure: vitals in, stage out, with the measurements that say so.
 *
 *   healthy    there is room
 *   filling    little memory is available, or what there is ends within the hour
 *   swapping   pages go out to swap or come back from it
 *   stalling   all tasks wait for memory at times, because the host has none
 *   starving   they wait for a good part of the time, and swap is used up as well
 *   killing    the kernel ended a process within the last minute
 *
 * Global pressure *some* decides nothing: one throttled cgroup takes it to 97 % while the host has memory (measured). Neither does
 * *full* alone: the host itself must be short, which available memory, direct reclaim or swap tell.
 */
import { type Because, type Stage, type StageState, stages, type Vitals } from '../model/cascade.ts';
import { isValue, type Reading } from '../model/reading.ts';
import { formatBytes, formatDuration, formatPercent } from '../model/units.ts';

/** A stage that was entered is left only when its measurements fall to this part of what it takes to enter. */
const leaveAt = 0.5;
/** Worse is believed after this, better after that. Kills are believed at once, and told for the longer time. */
const worseAfterMs = 2000;
const betterAfterMs = 60_000;

/** Little is this part of RAM, and on a large machine less than so much. */
const littleRatio = 0.1;
const littleBytes = 4 * 1024 ** 3;
const endsSoonMs = 3_600_000;
/** Warm-up eats memory fast, too: while most is left, an end within the hour is no news. */
const notYetRatio = 0.4;
const swapBytesPerSecond = 512 * 1024;
/** A server that swaps out a fast leak has some 5 to 8 %, and one that livelocks 20 to 60 % (measured). Without swap there is no such work. */
const stallFull = { withSwap: 0.1, withoutSwap: 0.05 };
const starveFull = 0.2;
/** Direct reclaims a second that stand for *full* at 100 % where there is no pressure stall: not measured, on the careful side. */
const reclaimsPerFull = 500;
const swapGoneRatio = 0.05;

/** Where the state of hysteresis is kept: what was seen lately, besides what is believed. */
export interface StageTrack extends StageState {
  /** Since when every look said something worse or better than the stage, and the mildest of these; null: it does not. */
  worse: { sinceMs: number; stage: Stage } | null;
  better: { sinceMs: number; stage: Stage } | null;
}

export function newStageTrack(timeMs: number): StageTrack {
  return { stage: 'healthy', sinceMs: timeMs, because: [], worse: null, better: null };
}

export function nextStage(track: StageTrack, vitals: Vitals): StageTrack {
  const seen = stageOf(vitals, track.stage);
  const { timeMs } = vitals;
  if (rank(seen.stage) === rank(track.stage)) return { ...track, because: seen.because, worse: null, better: null };
  if (rank(seen.stage) > rank(track.stage)) {
    const worse =
      track.worse === null ? { sinceMs: timeMs, stage: seen.stage } : { ...track.worse, stage: milder(track.worse.stage, seen.stage) };
    const isSure = seen.stage === 'killing' || timeMs - worse.sinceMs >= worseAfterMs;
    if (!isSure) return { ...track, worse, better: null };
    return entered(seen.stage === 'killing' ? 'killing' : worse.stage, timeMs, seen.because);
  }
  const better =
    track.better === null ? { sinceMs: timeMs, stage: seen.stage } : { ...track.better, stage: graver(track.better.stage, seen.stage) };
  if (timeMs - better.sinceMs < betterAfterMs)
    return { ...track, because: easing(better.sinceMs, timeMs, seen.because), worse: null, better };
  return entered(better.stage, timeMs, seen.because);
}

/** The numbers by which the stage was entered hold no longer. */
function easing(sinceMs: number, timeMs: number, because: Because[]): Because[] {
  return [{ name: 'easing', text: `easing for ${formatDuration(timeMs - sinceMs)}` }, ...because];
}

function entered(stage: Stage, timeMs: number, because: Because[]): StageTrack {
  return { stage, sinceMs: timeMs, because, worse: null, better: null };
}

const rank = (stage: Stage) => stages.indexOf(stage);
const milder = (a: Stage, b: Stage) => (rank(a) < rank(b) ? a : b);
const graver = (a: Stage, b: Stage) => (rank(a) > rank(b) ? a : b);

/** What these vitals say by themselves; `current` only moves the marks for leaving a stage. */
export function stageOf(vitals: Vitals, current: Stage): { stage: Stage; because: Because[] } {
  for (const [stage, test] of worstFirst) {
    const because = test(vitals, rank(current) >= rank(stage) ? leaveAt : 1);
    if (because !== null) return { stage, because };
  }
  return { stage: 'healthy', because: [] };
}

/** Null: it is not this stage. `factor` scales what it takes. */
type StageTest = (vitals: Vitals, factor: number) => Because[] | null;

const worstFirst: readonly [Stage, StageTest][] = [
  ['killing', killing],
  ['starving', starving],
  ['stalling', stalling],
  ['swapping', swapping],
  ['filling', filling],
];

function killing({ oomKills }: Vitals): Because[] | null {
  if (!isValue(oomKills) || oomKills === 0) return null;
  return [{ name: 'oom-kills', text: `${oomKills} ${oomKills === 1 ? 'process' : 'processes'} killed for want of memory` }];
}

function starving(vitals: Vitals, factor: number): Because[] | null {
  if (!waits(vitals, starveFull * factor) || !isShort(vitals, factor) || !isSwapGone(vitals, factor)) return null;
  return [fullText(vitals), availableText(vitals), swapLeftText(vitals), ...movement(vitals)].filter((text) => text !== null);
}

function stalling(vitals: Vitals, factor: number): Because[] | null {
  const mark = isSwapGone(vitals, factor) ? stallFull.withoutSwap : stallFull.withSwap;
  if (!waits(vitals, mark * factor) || !isShort(vitals, factor)) return null;
  return [fullText(vitals), availableText(vitals), ...movement(vitals)].filter((text) => text !== null);
}

/** All tasks for that share of the time. A kernel without pressure stall tells only how often tasks freed memory themselves. */
function waits({ memoryFull, directReclaims }: Vitals, mark: number): boolean {
  return isValue(memoryFull) ? memoryFull > mark : over(directReclaims, mark * reclaimsPerFull);
}

function isSwapGone({ swapFreeRatio, swapTotalBytes }: Vitals, factor: number): boolean {
  return under(swapFreeRatio, swapGoneRatio / factor) || swapTotalBytes === 0;
}

function swapping(vitals: Vitals, factor: number): Because[] | null {
  const mark = swapBytesPerSecond * factor;
  if (!over(vitals.swapInBytes, mark) && !over(vitals.swapOutBytes, mark)) return null;
  return [...movement(vitals), availableText(vitals), swapLeftText(vitals)].filter((text) => text !== null);
}

function filling(vitals: Vitals, factor: number): Because[] | null {
  const endsSoon = under(vitals.headroomEndsMs, endsSoonMs / factor) && under(vitals.memAvailableRatio, notYetRatio);
  if (!endsSoon && !hasLittle(vitals, factor)) return null;
  const ends =
    endsSoon && isValue(vitals.headroomEndsMs)
      ? [{ name: 'headroom-ends', text: `it ends in ${formatDuration(vitals.headroomEndsMs)} at this pace` }]
      : [];
  return [availableText(vitals), swapLeftText(vitals), ...ends].filter((text) => text !== null);
}

/** The host's own memory, not that of one cgroup with a limit: those make pressure as well, but no direct reclaim of the host. */
export function isShort(vitals: Vitals, factor = 1): boolean {
  return hasLittle(vitals, factor) || over(vitals.directReclaims, factor) || over(vitals.swapInBytes, swapBytesPerSecond * factor);
}

function hasLittle({ memAvailableRatio, memAvailableBytes }: Vitals, factor: number): boolean {
  const more = 1 / Math.sqrt(factor);
  return under(memAvailableRatio, littleRatio * more) && !over(memAvailableBytes, littleBytes * more);
}

/** What moves between RAM and disk for want of RAM. */
export function movement(vitals: Vitals): Because[] {
  const rates: [name: string, text: string, Reading<number>, least: number][] = [
    ['swap-in', 'swap-in', vitals.swapInBytes, 64 * 1024],
    ['swap-out', 'swap-out', vitals.swapOutBytes, 64 * 1024],
    ['refaults', 'read again after being given up', vitals.refaultBytes, 1024 * 1024],
  ];
  const moving = rates.flatMap(([name, text, rate, least]) =>
    isValue(rate) && rate >= least ? [{ name, text: `${text} ${formatBytes(rate)}/s` }] : [],
  );
  const { directReclaims } = vitals;
  if (!isValue(directReclaims) || directReclaims < 1) return moving;
  return [...moving, { name: 'direct-reclaim', text: `tasks freed memory themselves ${Math.round(directReclaims)} times a second` }];
}

export function fullText({ memoryFull }: Vitals): Because | null {
  return isValue(memoryFull) ? { name: 'memory-full', text: `PSI memory full ${formatPercent(memoryFull)}` } : null;
}

export function availableText({ memAvailableBytes, memAvailableRatio }: Vitals): Because | null {
  if (!isValue(memAvailableBytes) || !isValue(memAvailableRatio)) return null;
  return { name: 'available', text: `${formatBytes(memAvailableBytes)} of RAM available (${formatPercent(memAvailableRatio)})` };
}

function swapLeftText({ swapTotalBytes, swapFreeRatio }: Vitals): Because | null {
  if (swapTotalBytes === 0) return { name: 'swap-free', text: 'no swap' };
  return isValue(swapFreeRatio) ? { name: 'swap-free', text: `swap ${formatPercent(swapFreeRatio)} free` } : null;
}

export function over(reading: Reading<number>, mark: number): boolean {
  return isValue(reading) && reading > mark;
}

function under(reading: Reading<number>, mark: number): boolean {
  return isValue(reading) && reading < mark;
}
