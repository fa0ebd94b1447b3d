const maxStepMs = 10 * 60_000;

/**
 * The time that retention goes by. It follows the samples, but forward in bounded steps only: a clock that is wrong by
 * years for a minute must not make the store forget everything. After a long pause it catches up within hours.
 */
export class RetentionClock {
  #nowMs: number | null;
  #lastMs: number | null = null;
  #intervalMs = 0;

  constructor(newestMs: number | null) {
    this.#nowMs = newestMs;
  }

  get nowMs(): number | null {
    return this.#nowMs;
  }

  tick(timeMs: number): void {
    const intervalMs = this.#lastMs === null ? 0 : Math.max(0, timeMs - this.#lastMs);
    // Two long intervals in a row are how often the owner wants samples, not a jump.
    const stepMs = Math.max(maxStepMs, Math.min(intervalMs, this.#intervalMs));
    this.#nowMs = Math.min(timeMs, (this.#nowMs ?? timeMs) + stepMs);
    this.#intervalMs = intervalMs;
    this.#lastMs = timeMs;
  }
}
