/** The memory of a process that no file is behind, and what a number in it reads as, piece by piece. */
import { AddressFilter } from './addressFilter.ts';
import type { Region, TargetMemory } from './targetMemory.ts';

/** What is copied there is still in the nearest cache when it is looked at: twice as fast as megabytes at once. */
const windowBytes = 1 << 16;
/** So that what begins at the end of a window can be read on. */
const beyondBytes = 128;
const pageBytes = 4096;
export const highHalf = 2 ** 32;

/** V8 keeps what never changes in memory that can't be written. */
function isHeap({ path }: Region): boolean {
  return path === '' || path === '[heap]' || path.startsWith('[anon');
}

function isHeapOrData(region: Region): boolean {
  return isHeap(region) || (region.writable && region.path !== '[stack]');
}

export class HeapWindows {
  readonly memory: TargetMemory;
  readonly #words = new Uint32Array((windowBytes + beyondBytes) / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #piece = Buffer.alloc(pageBytes);
  #skipped = 0;

  constructor(memory: TargetMemory) {
    this.memory = memory;
  }

  /**
   * Halves of words, the lower first, how many of them are new, and how many are there with the beginning of the next; they last until the next
   * call. A window ends at a multiple of its size, so that the same is in it when pages were added before.
   */
  each(
    use: (address: number, halves: Uint32Array, count: number, filled: number) => void,
    isWanted: (region: Region) => boolean = isHeap,
    isLeftOut: (address: number) => boolean = () => false,
  ): void {
    this.#skipped = 0;
    for (const region of this.memory.regions()) {
      if (!isWanted(region)) continue;
      const { start, end } = region;
      for (const [from, to] of this.memory.present(start, end)) {
        for (let at = Math.max(from, this.#skipped), next = at; at < to; at = Math.max(next, this.#skipped)) {
          const bytes = windowBytes - (at % windowBytes);
          next = at + bytes;
          if (isLeftOut(at)) continue;
          const got = this.memory.read(at, this.#bytes.subarray(0, Math.min(bytes + beyondBytes, to - at)));
          const filled = (got >>> 3) * 2;
          if (filled > 0) use(at, this.#words, Math.min(filled, bytes / 4), filled);
        }
      }
    }
  }

  /** While windows are gone through: the next one begins there or behind. */
  skipTo(address: number): void {
    this.#skipped = Math.max(this.#skipped, address);
  }

  /** Words that hold one of these addresses, anywhere unless told where: where each is, and which it holds. */
  holders(targets: ReadonlySet<number>, most: number, isWanted = isHeapOrData): { at: number; target: number }[] {
    const filter = new AddressFilter(targets);
    const found: { at: number; target: number }[] = [];
    this.each((address, halves, count) => {
      for (let half = 0; half < count; half += 2) {
        if (!filter.mayHave(halves[half] ?? 0)) continue;
        const target = (halves[half + 1] ?? 0) * highHalf + (halves[half] ?? 0);
        if (found.length < most && targets.has(target)) found.push({ at: address + half * 4, target });
      }
    }, isWanted);
    return found;
  }

  /** Null where that isn't all in memory; lasts until the next call. */
  piece(address: number, length: number): Buffer | null {
    if (!Number.isSafeInteger(address) || address < pageBytes || length > this.#piece.length) return null;
    const last = address + length - 1;
    const isOnePage = address % pageBytes <= last % pageBytes;
    if (!this.memory.isPresent(address) || !(isOnePage || this.memory.isPresent(last))) return null;
    const piece = this.#piece.subarray(0, length);
    return this.memory.read(address, piece) === length ? piece : null;
  }

  /** 0 where nothing can be read. */
  word(address: number): number {
    const piece = this.piece(address, 8);
    return piece === null ? 0 : wordIn(piece, 0);
  }
}

export function wordIn(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * highHalf;
}
