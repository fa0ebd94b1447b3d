/**
 * stanch's own time line, and when the next scan is due.
 *
 * Samples must stay in time order whatever happens to the system clock, or history and windows lose them. So:
 * - forward jump (clock set, machine slept): stanch follows the system clock at once; the series has a gap, as it truly may have;
 * - backward jump: stanch's time goes on as the monotonic clock does, ahead of the system clock by the size of the jump. The lead is
 *   given back slowly, at 5 % of the passing time: slopes are off by no more than that, and no sample is lost or written twice.
 */
export interface ClockReading {
  /** System clock, ms since the epoch. */
  wallMs: number;
  /** Clock that never jumps, ms from any origin. */
  monotonicMs: number;
}

export interface ClockJump {
  /** Positive: the system clock went forward. */
  byMs: number;
  /** stanch's time when it was noticed. */
  atMs: number;
}

/** Smaller differences are drift, slewing or a busy machine between the two reads. */
const jumpThresholdMs = 2000;
const giveBackRatio = 0.05;

export class ScanClock {
  private readonly read: () => ClockReading;
  private last: ClockReading;
  private leadMs: number;
  private lastNowMs: number;
  private jump: ClockJump | null = null;

  /** `notBeforeMs`: the last time already in the store, which a clock set back between two runs must not fall behind. */
  constructor(read: () => ClockReading = readClocks, notBeforeMs = 0) {
    this.read = read;
    this.last = read();
    this.leadMs = Math.max(0, notBeforeMs + 1 - this.last.wallMs);
    this.lastNowMs = this.last.wallMs + this.leadMs;
    if (this.leadMs > jumpThresholdMs) this.jump = { byMs: -this.leadMs, atMs: this.lastNowMs };
  }

  /** ms since the epoch, never less than before. */
  nowMs(): number {
    const reading = this.read();
    const elapsedMs = Math.max(0, reading.monotonicMs - this.last.monotonicMs);
    const skewMs = reading.wallMs - this.last.wallMs - elapsedMs;
    this.last = reading;
    this.leadMs = Math.max(0, this.leadMs - elapsedMs * giveBackRatio);
    if (skewMs > jumpThresholdMs) this.leadMs = Math.max(0, this.leadMs - skewMs);
    else if (skewMs < -jumpThresholdMs) this.leadMs -= skewMs;
    this.lastNowMs = Math.max(this.lastNowMs, Math.round(reading.wallMs + this.leadMs));
    if (Math.abs(skewMs) > jumpThresholdMs) this.jump = { byMs: skewMs, atMs: this.lastNowMs };
    return this.lastNowMs;
  }

  /** How far stanch's time is ahead of the system clock. */
  get aheadMs(): number {
    return this.leadMs;
  }

  /** The latest jump of the system clock. */
  get lastJump(): ClockJump | null {
    return this.jump;
  }
}

/** Both clocks at one moment: read again when something came between, so that a busy machine is not taken for a jump. */
function readClocks(): ClockReading {
  let reading = { wallMs: 0, monotonicMs: 0 };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const before = performance.now();
    const wallMs = Date.now();
    const after = performance.now();
    reading = { wallMs, monotonicMs: (before + after) / 2 };
    if (after - before < 100) break;
  }
  return reading;
}

/**
 * Wait until the next tick of a schedule that does not drift. Ticks that a slow scan ran over are skipped, never made up for.
 * All in ms of one monotonic clock; `tick` counts from `startMs`.
 */
export function nextTick(startMs: number, intervalMs: number, nowMs: number): { tick: number; waitMs: number } {
  const tick = Math.floor((nowMs - startMs) / intervalMs) + 1;
  return { tick, waitMs: Math.max(0, startMs + tick * intervalMs - nowMs) };
}
