/**
 * When a server is about to stand still, and who is to give memory back. Its normal death with swap is half an hour in which nothing
 * gets on, and no kill. Pressure alone is no reason: one service at its own limit makes the whole server wait a little, with memory to
 * spare. It takes both, that hardly any memory is left and that it is waited for: by everybody, or by all of the one who leaks. Where others
 * still compute, not everybody waits, long after the leaker's own processes do nothing else. Pure.
 */
import type { VerdictWord } from '../model/verdict.ts';

export interface Vital {
  memTotalBytes: number;
  availableBytes: number;
  swapTotalBytes: number;
  swapFreeBytes: number;
  /** Share of the last 10 s in which all tasks waited for memory, 0 to 1. */
  memoryFull: number;
  /** The same of the cgroup of the one who leaks; null: nobody stands out, it is not told, or it waits at a limit of its own. */
  leakerFull: number | null;
}

const availableShare = 0.06;
const swapShare = 0.15;
const everybodyWaits = 0.1;
/** A leaker that reclaims for itself waits now and then, with nobody else worse off. */
const leakerWaits = 0.4;
/** Looks in a row, one a second. */
const looks = 3;

export class EmergencyTrigger {
  #inARow = 0;

  /** One look; true when it is time. Begins anew after that. */
  look(vital: Vital): boolean {
    this.#inARow = isDying(vital) ? this.#inARow + 1 : 0;
    if (this.#inARow < looks) return false;
    this.#inARow = 0;
    return true;
  }
}

function isDying(vital: Vital): boolean {
  return isShort(vital) && (vital.memoryFull > everybodyWaits || (vital.leakerFull ?? 0) > leakerWaits);
}

/** Hardly any memory and swap is left. */
export function isShort({ memTotalBytes, availableBytes, swapTotalBytes, swapFreeBytes }: Omit<Vital, 'leakerFull'>): boolean {
  const swapIsGone = swapTotalBytes === 0 || swapFreeBytes < swapShare * swapTotalBytes;
  return availableBytes < availableShare * memTotalBytes && swapIsGone;
}

export interface Suspect {
  subjectId: string;
  name: string;
  privateBytes: number;
  /** By how much it grew while memory filled. */
  grewBytes: number;
  verdict: VerdictWord | null;
}

/** Growth below this share of what everything holds says nothing. */
const leastShare = 0.1;

/** The one that leaks, and not the largest: a leak before a suspicion, then who grew most. null: nobody stands out. */
export function leakerAmong(suspects: readonly Suspect[]): Suspect | null {
  const held = suspects.reduce((sum, { privateBytes }) => sum + privateBytes, 0);
  const weight = ({ verdict, privateBytes, grewBytes }: Suspect) => {
    const accused = verdict === 'leak' ? 2 : verdict === 'suspect' ? 1 : 0;
    // What has little to give back cannot help, leak or not.
    return privateBytes < (leastShare / 2) * held ? -1 : accused * held + grewBytes;
  };
  const found = suspects.reduce<Suspect | null>((best, one) => (best === null || weight(one) > weight(best) ? one : best), null);
  if (found === null || weight(found) < 0) return null;
  const isAccused = found.verdict === 'leak' || found.verdict === 'suspect';
  return isAccused || found.grewBytes >= leastShare * held ? found : null;
}
