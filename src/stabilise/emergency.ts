/**
 * When a server is about to stand still, and who is to give memory back. Its normal death with swap is half an hour in which nothing
 * gets on, and no kill. Pressure alone is no reason: one service at its own limit makes the whole server wait a little, with memory to
 * spare. It takes both, that hardly any memory is left and that everybody waits for it. Pure.
 */
import type { VerdictWord } from '../model/verdict.ts';

export interface Vital {
  memTotalBytes: number;
  availableBytes: number;
  swapTotalBytes: number;
  swapFreeBytes: number;
  /** Share of the last 10 s in which all tasks waited for memory, 0 to 1. */
  memoryFull: number;
}

const availableShare = 0.06;
const swapShare = 0.15;
const everybodyWaits = 0.1;
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

function isDying({ memTotalBytes, availableBytes, swapTotalBytes, swapFreeBytes, memoryFull }: Vital): boolean {
  const swapIsGone = swapTotalBytes === 0 || swapFreeBytes < swapShare * swapTotalBytes;
  return availableBytes < availableShare * memTotalBytes && swapIsGone && memoryFull > everybodyWaits;
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
