/**
 * Restarts that no start time tells of: a recording of memory alone shows a process that a cron job restarts every night as a saw-tooth.
 * What a person goes by is taken for one: growth that built up over the day is given back at once and nearly whole, at the hour at
 * which that happened the day before. A collector or a flush follows the work, not the clock; a batch grows at once, too; the ebb of a
 * night takes hours.
 */
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far apart two restarts of the same hour may be, for a job that waits for others. */
const sameHourMs = 15 * 60_000;
/** Nights that may be missing between two of them. */
const mostDays = 3;
/** Growth that is worth a look, as a share of the height it reached. */
const leastGrowth = 0.05;
/** Of the growth, what a restart may leave. */
const leftAtMost = 0.2;
/** Of the growth, what half a day has brought when it built up over the day. */
const halfWay = { least: 0.2, most: 0.8 };

/** As plain data: NaN is not known. Times in ms since the epoch, heights in bytes. */
export interface DailyRestartsState {
  /** Since the last time that growth was given back at once. */
  sinceMs: number;
  /** How long nothing had been read before that. */
  sinceGapMs: number;
  lowest: number;
  /** Half a day after that. */
  atHalf: number;
  last: number;
  lastMs: number;
}

export class DailyRestarts {
  state: DailyRestartsState = {
    sinceMs: Number.NaN,
    sinceGapMs: Number.NaN,
    lowest: Number.NaN,
    atHalf: Number.NaN,
    last: Number.NaN,
    lastMs: Number.NaN,
  };

  /** The next reading of private memory. When it is the first after a restart: the moment of the restart before; else null. */
  push(timeMs: number, bytes: number): number | null {
    if (Number.isNaN(bytes)) return null;
    const before = this.state;
    const growth = before.last - before.lowest;
    const gaveBack = growth > leastGrowth * before.last && bytes <= before.lowest + leftAtMost * growth;
    if (gaveBack) {
      const gapMs = timeMs - before.lastMs;
      this.state = { sinceMs: timeMs, sinceGapMs: gapMs, lowest: bytes, atHalf: Number.NaN, last: bytes, lastMs: timeMs };
      return builtUp(before) && isSameHour(timeMs - before.sinceMs, gapMs + before.sinceGapMs) ? before.sinceMs : null;
    }
    const { sinceMs, sinceGapMs, lowest, atHalf } = before;
    this.state = {
      sinceMs,
      sinceGapMs,
      lowest: lowest <= bytes ? lowest : bytes,
      atHalf: Number.isNaN(atHalf) && timeMs - sinceMs >= dayMs / 2 ? bytes : atHalf,
      last: bytes,
      lastMs: timeMs,
    };
    return null;
  }
}

function builtUp({ lowest, atHalf, last }: DailyRestartsState): boolean {
  const share = (atHalf - lowest) / (last - lowest);
  return share >= halfWay.least && share <= halfWay.most;
}

/** `gapMs`: how long nothing was read before the two. */
function isSameHour(sinceMs: number, gapMs: number): boolean {
  const days = Math.round(sinceMs / dayMs);
  return days >= 1 && days <= mostDays && Math.abs(sinceMs - days * dayMs) <= sameHourMs + gapMs;
}
