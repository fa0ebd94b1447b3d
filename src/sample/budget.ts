/**
 * Keeps stanch within what it may cost. Means are taken over windows of a dozen scans. Over the budget of CPU time or of reads, the closer
 * looks stop first, and if that is not enough, scans come at longer intervals; over the budget of memory, both at once, and what has ended is forgotten earlier. Below it
 * again, all comes back in the opposite order. No clock and no I/O.
 */
import type { Notice } from '../model/notice.ts';
import type { Budget } from '../model/settings.ts';
import { formatBytes, formatDuration, formatPercent } from '../model/units.ts';

/** What stanch has used so far, and holds now. */
export interface Use {
  cpuSeconds: number;
  reads: number;
  rssBytes: number;
}

interface Mean {
  cpuRatio: number;
  readsPerSecond: number;
  rssBytes: number;
}

const scansAWindow = 12;
const shortestWindowMs = 30_000;
const longestWindowMs = 600_000;
const longestIntervalMs = 600_000;
/** How much longer an interval becomes at a time, at least and at most; and how much shorter on the way back. */
const leastStretch = 1.25;
const mostStretch = 4;
const easing = 1.5;
/** Room that is left below the budget when more is done again, so that it is not given up right after. */
const comfortable = 0.7;
const comfortableRss = 0.95;
/** Memory is not spent by the scan: half as many make half the garbage, and fewer still make no difference. */
const stretchWhenLarge = 2;
/** That all is as it should be again is told for so long. */
const tellReturnMs = 3_600_000;

export class BudgetKeeper {
  #budget: Budget;
  #wantedIntervalMs: number;
  #stretch = 1;
  #pausesCloserLooks = false;
  #tooLarge = false;
  /** Start of the window; null before the first scan. */
  #from: (Use & { atMs: number }) | null = null;
  #rssSum = 0;
  #rssCount = 0;
  /** Start-up costs what running never costs again: the first window counts for nothing. */
  #settled = false;
  #trouble: { text: string; sinceMs: number } | null = null;
  #returnedMs: number | null = null;

  constructor(budget: Budget, wantedIntervalMs: number) {
    this.#budget = budget;
    this.#wantedIntervalMs = wantedIntervalMs;
  }

  /** Time between two scans now. */
  get intervalMs(): number {
    const stretch = Math.max(this.#stretch, this.#tooLarge ? stretchWhenLarge : 1);
    return Math.max(this.#wantedIntervalMs, Math.min(longestIntervalMs, Math.round((this.#wantedIntervalMs * stretch) / 100) * 100));
  }

  get looksCloser(): boolean {
    return !this.#pausesCloserLooks && !this.#tooLarge;
  }

  /** It holds more memory than it may. */
  get isTooLarge(): boolean {
    return this.#tooLarge;
  }

  /** Settings that were read anew: judged anew as well. */
  set(budget: Budget, wantedIntervalMs: number): void {
    this.#budget = budget;
    this.#wantedIntervalMs = wantedIntervalMs;
    this.#stretch = 1;
    this.#pausesCloserLooks = this.#tooLarge = false;
    this.#trouble = null;
    this.#from = null;
  }

  /** After each scan. `monotonicMs` from a clock that does not jump, `timeMs` that of the scan. */
  observe(use: Use, monotonicMs: number, timeMs: number): void {
    const from = this.#from;
    this.#rssSum += use.rssBytes;
    this.#rssCount += 1;
    const windowMs = Math.min(longestWindowMs, Math.max(shortestWindowMs, scansAWindow * this.intervalMs));
    if (from !== null && monotonicMs - from.atMs < windowMs) return;
    if (from !== null && this.#settled) this.#judge(this.#meanSince(from, use, monotonicMs), timeMs);
    if (from !== null) this.#settled = true;
    this.#from = { ...use, atMs: monotonicMs };
    this.#rssSum = this.#rssCount = 0;
  }

  notice(timeMs: number): Notice | null {
    if (this.#trouble !== null) return { code: 'STANCH_E_BUDGET', ...this.#trouble };
    if (this.#returnedMs === null || timeMs - this.#returnedMs > tellReturnMs) return null;
    const text = `Within its budget again: stanch scans every ${formatDuration(this.#wantedIntervalMs)} and looks closer at what grows.`;
    return { code: 'STANCH_E_BUDGET', text, sinceMs: this.#returnedMs };
  }

  #meanSince(from: Use & { atMs: number }, use: Use, nowMs: number): Mean {
    const seconds = (nowMs - from.atMs) / 1000;
    return {
      cpuRatio: (use.cpuSeconds - from.cpuSeconds) / seconds,
      readsPerSecond: (use.reads - from.reads) / seconds,
      rssBytes: this.#rssSum / this.#rssCount,
    };
  }

  #judge(mean: Mean, timeMs: number): void {
    const load = Math.max(mean.cpuRatio / this.#budget.cpuRatio, mean.readsPerSecond / this.#budget.readsPerSecond);
    this.#tooLarge = mean.rssBytes > this.#budget.rssBytes * (this.#tooLarge ? comfortableRss : 1);
    if (load > 1) {
      if (this.#pausesCloserLooks) this.#stretchBy(Math.min(mostStretch, Math.max(leastStretch, load / comfortable)));
      this.#pausesCloserLooks = true;
    } else if (this.#stretch > 1) {
      if (load * easing <= 1) this.#stretchBy(1 / easing);
    } else if (load <= comfortable) this.#pausesCloserLooks = false;
    this.#tell(mean, timeMs);
  }

  #stretchBy(factor: number): void {
    const longest = longestIntervalMs / this.#wantedIntervalMs;
    this.#stretch = Math.min(longest, Math.max(1, this.#stretch * factor));
  }

  #tell(mean: Mean, timeMs: number): void {
    if (this.looksCloser && this.#stretch === 1) {
      if (this.#trouble !== null) this.#returnedMs = timeMs;
      this.#trouble = null;
      return;
    }
    const text = `To keep its budget, stanch ${this.#measures()}: ${this.#excess(mean)}. Raise the budget in the configuration, or let it be.`;
    this.#trouble = { text, sinceMs: this.#trouble?.sinceMs ?? timeMs };
    this.#returnedMs = null;
  }

  #measures(): string {
    const interval = `scans every ${formatDuration(this.intervalMs)} instead of every ${formatDuration(this.#wantedIntervalMs)}`;
    const looks = 'does not look closer at open files and sockets';
    return this.intervalMs > this.#wantedIntervalMs ? `${interval} and ${looks}` : looks;
  }

  #excess({ cpuRatio, readsPerSecond, rssBytes }: Mean): string {
    const budget = this.#budget;
    const parts = [
      cpuRatio > budget.cpuRatio * comfortable ? `it used ${formatPercent(cpuRatio)} of a core of ${formatPercent(budget.cpuRatio)}` : null,
      readsPerSecond > budget.readsPerSecond * comfortable
        ? `it read ${Math.round(readsPerSecond)} times a second of ${budget.readsPerSecond}`
        : null,
      this.#tooLarge ? `it holds ${formatBytes(rssBytes)} of ${formatBytes(budget.rssBytes)}` : null,
    ].filter((part) => part !== null);
    return parts.length > 0 ? parts.join(', ') : 'there is room again, and it comes back step by step';
  }
}
