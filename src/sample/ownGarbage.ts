/**
 * What stanch itself no longer needs is collected as soon as that is worth it. Left alone, V8 lets a heap as small as this one grow by
 * half before it looks for what is garbage in it, and keeps the pages then: measured, 5 MB more for as long as the daemon runs.
 */

/** As many bytes of growth are worth the 50 ms of CPU that a collection takes. */
const worthBytes = 2 << 20;
const leastPauseMs = 60_000;

export class OwnGarbage {
  readonly #collect: () => void;
  readonly #rssBytes: () => number;
  #lowestBytes = Number.POSITIVE_INFINITY;
  #collectedMs = Number.NEGATIVE_INFINITY;

  /** Without the arguments: of this process, where its Node was started with --expose-gc as bin/stanch does; else nothing is done. */
  constructor(collect = collectAll, rssBytes: () => number = process.memoryUsage.rss) {
    this.#collect = collect;
    this.#rssBytes = rssBytes;
  }

  /** Between two scans. `rssBytes` as measured with the last one, `monotonicMs` from a clock that does not jump. */
  giveBack(rssBytes: number, monotonicMs: number): void {
    this.#lowestBytes = Math.min(this.#lowestBytes, rssBytes);
    if (rssBytes < this.#lowestBytes + worthBytes || monotonicMs < this.#collectedMs + leastPauseMs) return;
    this.#collect();
    this.#collectedMs = monotonicMs;
    // What is left is needed: only what comes on top of it counts the next time.
    this.#lowestBytes = this.#rssBytes();
  }
}

/** Only this flavour gives the pages back to the kernel as well. */
function collectAll(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
