/**
 * When what an action changed has come to rest. systemd only takes the order: until the old processes are gone and the new ones are up, it
 * changes; and what a process held comes back some seconds after its end, on a slow server. Pure: looks in, whether it is over out.
 */
import type { Measured } from './proof.ts';

const staysMs = 10_000;
const settledBytes = 4 << 20;
/** Of RAM: the rest of the server never stands still. */
const settledShare = 0.01;

export class Settling {
  readonly #beforeBytes: number;
  readonly #comesBack: boolean;
  #last: Measured & { timeMs: number };
  #lessSinceMs: number | null = null;

  /** `comesBack`: it is meant to run afterwards. */
  constructor(beforeBytes: number, comesBack: boolean, first: Measured & { timeMs: number }) {
    this.#beforeBytes = beforeBytes;
    this.#comesBack = comesBack;
    this.#last = first;
  }

  look(next: Measured & { timeMs: number }): boolean {
    const last = this.#last;
    // A daemon scans more slowly than it is looked at.
    if (next.timeMs === last.timeMs) return false;
    this.#last = next;
    const moved = (now: number | null, then: number | null) => Math.abs((now ?? 0) - (then ?? 0));
    const isStill =
      moved(next.privateBytes, last.privateBytes) < settledBytes &&
      moved(next.headroomBytes, last.headroomBytes) < Math.max(settledBytes, settledShare * (next.memTotalBytes ?? 0));
    const isLess = (next.runs || !this.#comesBack) && next.privateBytes < this.#beforeBytes / 2;
    if (!isLess) this.#lessSinceMs = null;
    else this.#lessSinceMs ??= next.timeMs;
    // What leaks fast is never still: that it stayed below for a while has to do.
    return this.#lessSinceMs !== null && (isStill || next.timeMs - this.#lessSinceMs >= staysMs);
  }
}
