import { ByteReader, ByteWriter } from './bytes.ts';
import { emptyLog, type PageArena, type PagedLog } from './pageArena.ts';
import { ColumnRuns, columnCount, encodeRow, RowRuns } from './rowCodec.ts';
import type { SeenSubject } from './segment.ts';

/** One subject in an epoch. Offsets count ticks from the start of the epoch. */
export interface Slot {
  readonly index: number;
  readonly seen: SeenSubject;
  firstOffset: number;
  lastOffset: number;
  /** Ticks since the last entry that repeat its row. */
  same: number;
  readonly log: PagedLog;
  /** Whether the journal knows the subject as it is now. */
  isDefined: boolean;
}

export type RowOutcome = 'ignored' | 'same' | 'changed';

/**
 * What was sampled since the last flush: about an hour, or less when much happens. Kept encoded, so that a thousand idle
 * processes take next to nothing.
 */
export class Epoch {
  /** Number of the first tick; ticks are numbered through over the life of the store. */
  readonly firstTick: number;
  /** Time of each tick, and what its subjects shared. */
  readonly timesMs: number[] = [];
  readonly sharedValues: number[] = [];
  readonly slots: Map<string, Slot> = new Map();
  minMs: number = Number.POSITIVE_INFINITY;
  maxMs: number = Number.NEGATIVE_INFINITY;
  readonly #arena: PageArena;
  readonly #scratch = new ByteWriter();
  #previous = new Float64Array(0);
  #slotCount = 0;
  /** Rows in the current tick. */
  rowCount = 0;
  /** Memory that the encoded rows take. */
  logBytes = 0;

  constructor(firstTick: number, arena: PageArena) {
    this.firstTick = firstTick;
    this.#arena = arena;
  }

  get slotCount(): number {
    return this.#slotCount;
  }

  beginTick(timeMs: number): void {
    this.rowCount = 0;
    this.timesMs.push(timeMs);
    this.sharedValues.push(Number.NaN);
    this.minMs = Math.min(this.minMs, timeMs);
    this.maxMs = Math.max(this.maxMs, timeMs);
  }

  /** Sets what the subjects of the current tick share. */
  share(value: number): void {
    this.sharedValues[this.sharedValues.length - 1] = value;
  }

  /** The subject is not what the journal says it is. */
  redefine(subjectId: string): void {
    const slot = this.slots.get(subjectId);
    if (slot !== undefined) slot.isDefined = false;
  }

  /** Slots that were in the tick before and are not in this one. */
  gone(): number[] {
    const before = this.timesMs.length - 2;
    const gone: number[] = [];
    if (before < 0) return gone;
    for (const slot of this.slots.values()) if (slot.lastOffset === before) gone.push(slot.index);
    return gone;
  }

  addSlot(seen: SeenSubject): Slot {
    const index = this.#slotCount;
    this.#slotCount += 1;
    if ((index + 1) * columnCount > this.#previous.length) this.#growPrevious();
    this.#previous.fill(Number.NaN, index * columnCount, (index + 1) * columnCount);
    const slot: Slot = {
      index,
      seen,
      firstOffset: -1,
      lastOffset: -1,
      same: 0,
      log: emptyLog(),
      isDefined: false,
    };
    this.slots.set(seen.subject.id, slot);
    return slot;
  }

  /**
   * Adds the slot's row to the current tick. `encoded` is given the mask and the values, for the journal; a second row of
   * the same subject in one tick is ignored.
   */
  appendRow(slot: Slot, row: Float64Array, encoded: ByteWriter): RowOutcome {
    const offset = this.timesMs.length - 1;
    if (slot.lastOffset === offset) return 'ignored';
    const from = encoded.length;
    const isChanged = encodeRow(encoded, this.#previous, slot.index * columnCount, row);
    const isFollowing = slot.lastOffset === offset - 1 && slot.lastOffset >= 0;
    if (!isChanged && isFollowing) {
      slot.same += 1;
    } else {
      this.#appendEntry(slot, isFollowing || slot.lastOffset < 0 ? 0 : offset - slot.lastOffset - 1, encoded.view(from));
    }
    this.#touch(slot, offset);
    return isChanged || !isFollowing ? 'changed' : 'same';
  }

  /** The subject was there and nothing changed: how a journal says it. */
  repeatRow(slot: Slot): void {
    slot.same += 1;
    this.#touch(slot, this.timesMs.length - 1);
  }

  /** Copies the slot's previous row, to decode the next one of a journal on top of it. */
  previousRow(slot: Slot, row: Float64Array): void {
    row.set(this.#previous.subarray(slot.index * columnCount, (slot.index + 1) * columnCount));
  }

  runs(slot: Slot): RowRuns {
    return new RowRuns(new ByteReader(this.#arena.read(slot.log)), slot.firstOffset, slot.lastOffset);
  }

  columnRuns(slot: Slot, column: number): ColumnRuns {
    return new ColumnRuns(this.#arena.read(slot.log), slot.firstOffset, slot.lastOffset, column);
  }

  log(slot: Slot): Uint8Array {
    return this.#arena.read(slot.log);
  }

  /** Forgets a slot whose log is on disk. */
  release(slot: Slot): void {
    this.#arena.release(slot.log);
    this.slots.delete(slot.seen.subject.id);
  }

  /** No row follows: the rows to compare with are of no more use. */
  freeze(): void {
    this.#previous = new Float64Array(0);
  }

  #appendEntry(slot: Slot, gap: number, row: Uint8Array): void {
    const scratch = this.#scratch;
    scratch.reset();
    scratch.varint(slot.same * 2 + (gap > 0 ? 1 : 0));
    if (gap > 0) scratch.varint(gap);
    scratch.append(row);
    this.#arena.append(slot.log, scratch.view());
    this.logBytes += scratch.length;
    slot.same = 0;
  }

  #touch(slot: Slot, offset: number): void {
    this.rowCount += 1;
    if (slot.firstOffset < 0) slot.firstOffset = offset;
    slot.lastOffset = offset;
    const { seen } = slot;
    seen.lastSeenMs = this.timesMs[offset] ?? seen.lastSeenMs;
    if (Number.isNaN(seen.firstSeenMs)) seen.firstSeenMs = seen.lastSeenMs;
  }

  #growPrevious(): void {
    const grown = new Float64Array(Math.max(64 * columnCount, this.#previous.length * 2));
    grown.set(this.#previous);
    this.#previous = grown;
  }
}
