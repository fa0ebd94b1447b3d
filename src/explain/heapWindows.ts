/** The memory of a process that no file is behind, and what a number in it reads as, piece by piece. */
import type { TargetMemory } from './targetMemory.ts';

const windowBytes = 4 << 20;
const high = 2 ** 32;

export class HeapWindows {
  readonly #memory: TargetMemory;
  readonly #words = new Uint32Array(windowBytes / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #piece = Buffer.alloc(4096);

  constructor(memory: TargetMemory) {
    this.#memory = memory;
  }

  /** Halves of words, the lower first, and how many of them there are; they last until the next call. */
  each(use: (address: number, halves: Uint32Array, count: number) => void, withData = false): void {
    for (const { start, end, writable, path } of this.#memory.regions()) {
      const isHeap = path === '' || path === '[heap]' || path.startsWith('[anon');
      // V8 keeps what never changes in memory that can't be written.
      if (!isHeap && !(writable && withData && path !== '[stack]')) continue;
      for (const [from, to] of this.#memory.present(start, end)) {
        for (let at = from; at < to; at += windowBytes) {
          const got = this.#memory.read(at, this.#bytes.subarray(0, Math.min(windowBytes, to - at)));
          if (got >= 8) use(at, this.#words, (got >> 3) * 2);
        }
      }
    }
  }

  /** Words anywhere that hold one of these addresses: where, and which. */
  holders(targets: ReadonlySet<number>, most: number): { at: number; target: number }[] {
    const filter = new Uint8Array(2 ** 16);
    for (const target of targets) filter[hashOf(target % high)] = 1;
    const found: { at: number; target: number }[] = [];
    this.each((address, halves, count) => {
      for (let half = 0; half < count && found.length < most; half += 2) {
        const low = halves[half] ?? 0;
        if (filter[hashOf(low)] === 0) continue;
        const target = (halves[half + 1] ?? 0) * high + low;
        if (targets.has(target)) found.push({ at: address + half * 4, target });
      }
    }, true);
    return found;
  }

  /** Null where that isn't all in memory; lasts until the next call. */
  piece(address: number, length: number): Buffer | null {
    if (!Number.isSafeInteger(address) || address < 4096 || length > this.#piece.length) return null;
    if (!this.#memory.isPresent(address) || !this.#memory.isPresent(address + length - 1)) return null;
    const piece = this.#piece.subarray(0, length);
    return this.#memory.read(address, piece) === length ? piece : null;
  }

  /** 0 where nothing can be read. */
  word(address: number): number {
    const piece = this.piece(address, 8);
    return piece === null ? 0 : wordIn(piece, 0);
  }
}

function hashOf(low: number): number {
  return (low ^ (low >>> 16)) & 0xffff;
}

export function wordIn(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * high;
}
