import { performance } from 'node:perf_hooks';
import type { Catalog } from './catalog.ts';
import type { Epoch, Slot } from './epoch.ts';
import type { EpochLine } from './epochLine.ts';
import type { Segment, Tier } from './segment.ts';
import type { SegmentShelf } from './segmentShelf.ts';
import type { StoreLimits } from './storeLimits.ts';
import { ticksBytes } from './ticks.ts';

/** How many chunks are made between two looks at the clock. */
const chunksPerLook = 8;

/** Moves waiting epochs from memory into the fine segment, in slices. */
export class Flusher {
  readonly #line: EpochLine;
  readonly #shelf: SegmentShelf;
  readonly #catalog: Catalog;
  readonly #limits: StoreLimits;

  constructor(line: EpochLine, shelf: SegmentShelf, catalog: Catalog, limits: StoreLimits) {
    this.#line = line;
    this.#shelf = shelf;
    this.#catalog = catalog;
    this.#limits = limits;
  }

  /** Flushes until `deadlineMs` of the monotonic clock; false when nothing waits any more. */
  flush(deadlineMs: number): boolean {
    const held = this.#line.waiting[0];
    if (held === undefined) return false;
    const { epoch } = held;
    const segment = writableSegment(this.#shelf, 'fine', epoch.minMs, this.#limits);
    const written = this.#shelf.attempt(segment, () => writeSlice(segment, epoch, deadlineMs), []);
    this.#catalog.putSubjects(written.map(({ seen }) => seen));
    for (const slot of written) epoch.release(slot);
    if (epoch.slots.size === 0) {
      this.#line.flushed();
    }
    return true;
  }
}

/** The segment that epochs of this time go into: a new one each span of time, or when it gets large. */
export function writableSegment(shelf: SegmentShelf, tier: Tier, timeMs: number, limits: StoreLimits): Segment {
  const current = shelf.current(tier);
  if (current === null) return shelf.start(tier);
  const spanMs = limits.spanMs[tier];
  const isOtherSpan = Number.isFinite(current.minMs) && Math.floor(current.minMs / spanMs) !== Math.floor(timeMs / spanMs);
  return isOtherSpan || current.bytes() >= limits.segmentBytes ? shelf.start(tier) : current;
}

function writeSlice(segment: Segment, epoch: Epoch, deadlineMs: number): Slot[] {
  return segment.transaction(() => {
    const written: Slot[] = [];
    const ordinal = segment.putEpoch({
      firstTick: epoch.firstTick,
      tickCount: epoch.timesMs.length,
      minMs: epoch.minMs,
      maxMs: epoch.maxMs,
      payload: ticksBytes(epoch.timesMs, epoch.sharedValues),
    });
    for (const slot of epoch.slots.values()) {
      if (slot.firstOffset >= 0) {
        segment.putChunk(ordinal, slot.seen, { first: slot.firstOffset, last: slot.lastOffset, bytes: epoch.log(slot) });
      }
      written.push(slot);
      if (written.length % chunksPerLook === 0 && performance.now() > deadlineMs) break;
    }
    return written;
  });
}
