import type { Sample } from '../model/gauge.ts';
import { ByteReader } from './bytes.ts';
import type { Epoch } from './epoch.ts';
import { RowRuns, sampleOfRow } from './rowCodec.ts';
import type { EpochRow, Segment } from './segment.ts';
import type { SegmentShelf } from './segmentShelf.ts';
import { parseTicks, type Ticks } from './ticks.ts';

interface Walker {
  subjectId: string;
  runs: RowRuns;
  isOpen: boolean;
}

/** The fine tier tick by tick, as it was appended. Holds one epoch at a time, so memory is bounded however long it is. */
export function* replaySamples(
  shelf: SegmentShelf,
  epochs: () => readonly Epoch[],
  fromMs: number,
): Generator<{ subjectId: string; sample: Sample }> {
  let lastTick = -1;
  for (const segment of [...shelf.of('fine')]) {
    if (segment.maxMs <= fromMs) continue;
    for (const row of shelf.tryRead(segment, () => segment.epochs(fromMs, Number.POSITIVE_INFINITY), [])) {
      if (row.firstTick <= lastTick) continue;
      const loaded = shelf.tryRead(segment, () => loadEpoch(segment, row), null);
      if (loaded === null) continue;
      lastTick = row.firstTick;
      yield* play(loaded.ticks, mergeOpen(loaded.walkers, epochs(), row.firstTick), fromMs);
    }
  }
  for (const epoch of [...epochs()]) {
    if (epoch.firstTick <= lastTick || epoch.maxMs <= fromMs) continue;
    const ticks = { timesMs: Float64Array.from(epoch.timesMs), sharedValues: Float64Array.from(epoch.sharedValues) };
    yield* play(ticks, mergeOpen([], [epoch], epoch.firstTick), fromMs);
  }
}

function loadEpoch(segment: Segment, row: EpochRow): { ticks: Ticks; walkers: Walker[] } {
  const walkers: Walker[] = [];
  for (const { id, chunk } of segment.chunks(row.ordinal)) {
    walkers.push({ subjectId: id, runs: new RowRuns(new ByteReader(chunk.bytes), chunk.first, chunk.last), isOpen: true });
  }
  return { ticks: parseTicks(segment.payload(row.ordinal)), walkers };
}

/** An epoch that is being flushed is half on disk and half in memory. */
function mergeOpen(walkers: Walker[], epochs: readonly Epoch[], firstTick: number): Walker[] {
  const open = epochs.find((epoch) => epoch.firstTick === firstTick);
  if (open === undefined) return walkers;
  const known = new Set(walkers.map(({ subjectId }) => subjectId));
  for (const [subjectId, slot] of open.slots) {
    if (slot.lastOffset >= 0 && !known.has(subjectId)) walkers.push({ subjectId, runs: open.runs(slot), isOpen: true });
  }
  return walkers;
}

function* play(ticks: Ticks, walkers: Walker[], fromMs: number): Generator<{ subjectId: string; sample: Sample }> {
  for (const walker of walkers) walker.isOpen = walker.runs.next();
  for (let tick = 0; tick < ticks.timesMs.length; tick += 1) {
    const timeMs = ticks.timesMs[tick] ?? 0;
    for (const walker of walkers) {
      const { runs } = walker;
      while (walker.isOpen && runs.start + runs.count <= tick) walker.isOpen = runs.next();
      if (!walker.isOpen || runs.start > tick || timeMs <= fromMs) continue;
      yield { subjectId: walker.subjectId, sample: sampleOfRow(timeMs, runs.row, ticks.sharedValues[tick] ?? Number.NaN) };
    }
  }
}
