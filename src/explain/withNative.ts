/**
 * A managed heap and, in the same looks, the memory that the process has of malloc: an extension or a library may leak where the runtime sees
 * nothing. Malloc is only told of when nothing of the runtime's own grows, and by far enough that it is not the runtime's housekeeping.
 */
import type { GrowingThing } from './growingThing.ts';
import { type HeapReader, looksOfHeap } from './heapReader.ts';

/** Code, zones and stacks of a runtime come and go in malloc too: seen at 160 KiB with half of the blocks gone by the last look. */
const leastGrowthBytes = 262_144;
const leastSurvival = 0.8;
/** A block is somewhat larger than what is asked for. */
const moreInBlocks = 1.25;

/** Of what grows in malloc: what an engine's own bookkeeping does not come to. */
export function beyondHousekeeping(things: readonly GrowingThing[]): GrowingThing[] {
  return things.filter(({ growthBytes, survival }) => growthBytes >= leastGrowthBytes && (survival ?? 1) >= leastSurvival);
}

export class WithNative implements HeapReader {
  readonly #managed: HeapReader;
  readonly #native: HeapReader;
  #looks = 0;
  #isNative = false;

  constructor(managed: HeapReader, native: HeapReader) {
    this.#managed = managed;
    this.#native = native;
  }

  get runtime(): string {
    return this.#isNative ? `native memory of ${this.#managed.runtime}` : this.#managed.runtime;
  }

  get isPartial(): boolean {
    return this.#managed.isPartial === true;
  }

  look(): void {
    this.#managed.look();
    this.#looks += 1;
    // The last look at malloc is taken when it is known that it is needed.
    if (this.#looks < looksOfHeap) this.#native.look();
  }

  growing(): GrowingThing[] {
    const managed = this.#managed.growing();
    if (managed.length > 0) return managed;
    this.#native.look();
    // What waits for a collector that did not run meanwhile stays, too.
    const least = leastGrowthBytes + moreInBlocks * (this.#managed.moreOfMalloc?.() ?? 0);
    const native = beyondHousekeeping(this.#native.growing()).filter(({ growthBytes }) => growthBytes >= least);
    this.#isNative = native.length > 0;
    return native;
  }

  notes(): string[] {
    const outside = this.#isNative
      ? [`Nothing in the heap of ${this.#managed.runtime} itself grows: look at its extensions, and at what it asks of libraries.`]
      : [];
    return [...outside, ...(this.#managed.notes?.() ?? []), ...(this.#native.notes?.() ?? [])];
  }
}
