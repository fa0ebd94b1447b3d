/** How much one address may ask: a bucket that fills again with time. Bounded in the number of addresses. */

export interface Rate {
  perSecond: number;
  burst: number;
}

const maxAddresses = 4096;

export class RateLimit {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Takes one. Returns the seconds to wait; 0: go on. */
  take(address: string, nowMs: number): number {
    const bucket = this.#bucket(address, nowMs);
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) / this.#rate.perSecond);
    bucket.left -= 1;
    return 0;
  }

  /** Whether one could be taken. */
  isSpent(address: string, nowMs: number): boolean {
    return this.#bucket(address, nowMs).left < 1;
  }

  #bucket(address: string, nowMs: number): { left: number; atMs: number } {
    const { perSecond, burst } = this.#rate;
    const known = this.#buckets.get(address) ?? { left: burst, atMs: nowMs };
    known.left = Math.min(burst, known.left + (Math.max(0, nowMs - known.atMs) / 1000) * perSecond);
    known.atMs = nowMs;
    // Moved to the end: what is at the front has been quiet longest.
    this.#buckets.delete(address);
    this.#buckets.set(address, known);
    if (this.#buckets.size > maxAddresses)
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    return known;
  }
}
