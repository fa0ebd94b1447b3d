/**
 * How much of the last ten seconds was waited, by the kernel's own counter as well as by its average. The average is made by a worker of
 * the kernel, which comes late where CPU or memory is short, and then takes the time that it missed for calm: measured, 22 to 30 % on a
 * server whose counter told of waiting all the time. https://git.kernel.org/torvalds/c/eb414681d5a0 (update_averages, missed_periods)
 */
import type { Pressure, PressureTotals } from '../kernel/pressure.ts';
import { isValue, type Reading } from '../model/reading.ts';

const windowMs = 10_000;
/** Looked at more rarely, it says nothing of the last seconds. */
const longestMs = 30_000;
/** Looks that come sooner than this after the last that was kept are not kept: those that are reach back far enough, and are some fifty. */
const spacingMs = 200;
/** A look that is late by a little makes the one ten seconds ago young by as much. */
const slackMs = 500;

export class PressureMeter {
  readonly #looks: { monotonicMs: number; totals: PressureTotals }[] = [];

  /** One look at one file. */
  add(totals: Reading<PressureTotals>, monotonicMs: number): Reading<Pressure> {
    if (!isValue(totals)) return totals;
    const looks = this.#looks;
    if (monotonicMs - (looks.at(-1)?.monotonicMs ?? Number.NEGATIVE_INFINITY) >= spacingMs) looks.push({ monotonicMs, totals });
    // The first is the latest of those that are old enough.
    while (looks[1] !== undefined && monotonicMs - looks[1].monotonicMs >= windowMs - slackMs) looks.shift();
    const first = looks[0];
    const spanMs = first === undefined ? 0 : monotonicMs - first.monotonicMs;
    const { some10, full10, someSeconds, fullSeconds } = totals;
    if (first === undefined || spanMs < windowMs - slackMs || spanMs > longestMs) return { some10, full10 };
    const share = (before: Reading<number>, now: Reading<number>) =>
      isValue(before) && isValue(now) ? Math.min(1, (now - before) / (spanMs / 1000)) : 0;
    return {
      some10: isValue(some10) ? Math.max(some10, share(first.totals.someSeconds, someSeconds)) : some10,
      full10: isValue(full10) ? Math.max(full10, share(first.totals.fullSeconds, fullSeconds)) : full10,
    };
  }
}
