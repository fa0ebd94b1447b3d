import type { Sample } from '../model/gauge.ts';
import { isValue } from '../model/reading.ts';
import type { Epoch, Slot } from './epoch.ts';
import type { KnownSubjects } from './knownSubjects.ts';
import { columnCount, rowOfSample, shared, sharedColumn } from './rowCodec.ts';
import { TickRecord } from './tickJournal.ts';

/** Puts the rows of one tick into the epoch and, at the same time, into a journal record. */
export class TickWriter {
  readonly #known: KnownSubjects;
  readonly #record = new TickRecord();
  readonly #row = new Float64Array(columnCount);

  constructor(known: KnownSubjects) {
    this.#known = known;
  }

  /** Returns the journal record, valid until the next tick. */
  encode(epoch: Epoch, timeMs: number, rows: Iterable<{ subjectId: string; sample: Sample }>): Uint8Array {
    this.#record.shrink();
    this.#record.begin();
    epoch.beginTick(timeMs);
    let sharedValue = Number.NaN;
    for (const { subjectId, sample } of rows) {
      const { headroomBytes } = sample;
      if (Number.isNaN(sharedValue) && isValue(headroomBytes) && Number.isFinite(headroomBytes)) sharedValue = headroomBytes;
      rowOfSample(sample, this.#row);
      if (this.#row[sharedColumn] === sharedValue) this.#row[sharedColumn] = shared;
      this.#add(epoch, epoch.slots.get(subjectId) ?? epoch.addSlot(this.#known.get(subjectId)));
    }
    epoch.share(sharedValue);
    return this.#record.finish(timeMs, sharedValue, epoch.gone());
  }

  #add(epoch: Epoch, slot: Slot): void {
    const { entries } = this.#record;
    const from = entries.length;
    this.#record.beginEntry(slot);
    const outcome = epoch.appendRow(slot, this.#row, entries);
    if (outcome === 'ignored' || (outcome === 'same' && slot.isDefined)) entries.length = from;
    else slot.isDefined = true;
  }
}
