/** A window onto the memory of another process that moves forward: pages that are not in memory read as zeros and are not brought in. */
import { readPresent, type TargetMemory } from './targetMemory.ts';

const windowBytes = 1 << 18;
const pageBytes = 4096;

export class TargetWindow {
  readonly words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #memory: TargetMemory;
  readonly #limit: number;
  /** First address in the window, and the first after it. */
  start = 0;
  end = 0;

  /** `limit`: nothing at or after it is read. */
  constructor(memory: TargetMemory, limit: number) {
    const buffer = new ArrayBuffer(windowBytes);
    this.#memory = memory;
    this.#limit = Math.ceil(limit / pageBytes) * pageBytes;
    this.#bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
  }

  /** Whether `bytes` from there on are in the window, moved to there when they were not. At most 4096 bytes. */
  holds(address: number, bytes: number): boolean {
    if (address >= this.start && address + bytes <= this.end) return true;
    this.start = address - (address % pageBytes);
    this.end = Math.min(this.start + windowBytes, this.#limit);
    if (this.end <= this.start) return false;
    readPresent(this.#memory, this.start, this.#bytes.subarray(0, this.end - this.start));
    return address + bytes <= this.end;
  }

  /** Place of an address in `words`. */
  at(address: number): number {
    return (address - this.start) >>> 2;
  }
}
