import type { Gauge } from '../model/gauge.ts';
import { decodeBuckets, lastAt, maxAt, meanAt, minAt, statCount } from './bucketCodec.ts';
import { ByteReader } from './bytes.ts';
import type { Epoch } from './epoch.ts';
import { BucketCollector, type Collector, SampleCollector } from './pointCollectors.ts';
import { bucketMsOf } from './rollUp.ts';
import { columnOf, shared, sharedColumn } from './rowCodec.ts';
import type { Segment } from './segment.ts';
import type { SegmentShelf } from './segmentShelf.ts';
import type { Points } from './store.ts';
import { type CoarsePiece, type FinePiece, SubjectRange } from './subjectRange.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** Widths a person reads easily; each of an hour and above is made of whole buckets of the coarse tiers. */
const widths = [1, 2, 5, 10, 15, 30]
  .flatMap((count) => [count * second])
  .concat(
    [1, 2, 5, 10, 15, 30].map((count) => count * minute),
    [1, 2, 3, 6, 12].map((count) => count * hour),
    [1, 2, 7, 14, 28].map((count) => count * day),
  );

/** Reads one gauge of one subject over all tiers and the epochs still in memory. */
export class SeriesReader {
  readonly #shelf: SegmentShelf;
  readonly #epochs: () => readonly Epoch[];
  /** What was read last, until something is written: the gauges of a subject are asked for one after the other. */
  #lately: SubjectRange | null = null;

  constructor(shelf: SegmentShelf, epochs: () => readonly Epoch[]) {
    this.#shelf = shelf;
    this.#epochs = epochs;
  }

  read(subjectId: string, gauge: Gauge, fromMs: number, toMs: number, maxPoints: number): Points {
    const column = columnOf(gauge);
    const range = this.#range(subjectId, fromMs, toMs);
    const [midFrom, coarseFrom] = [range.coarseFromMs('mid'), range.coarseFromMs('coarse')];
    const fineFrom = range.fineFromMs();
    const startMs = Math.max(fromMs, Math.min(fineFrom, midFrom, coarseFrom));
    const endMs = Math.min(toMs, this.#newestMs());
    if (!(startMs <= endMs)) return new SampleCollector(0, 0, 0).points();
    const finestWidth =
      fineFrom <= startMs + bucketMsOf.mid ? 0 : midFrom <= startMs + bucketMsOf.coarse ? bucketMsOf.mid : bucketMsOf.coarse;
    const sampleCount = finestWidth === 0 ? range.sampleCount(maxPoints) : null;
    if (sampleCount !== null) {
      const collector = new SampleCollector(fromMs, toMs, sampleCount);
      for (const piece of range.fine()) collectFine(piece, column, collector);
      return collector.points();
    }
    const width = widthFor(startMs, endMs, maxPoints, finestWidth);
    const collector = new BucketCollector(startMs, endMs, width);
    const tier = width % bucketMsOf.coarse === 0 ? 'coarse' : width % bucketMsOf.mid === 0 ? 'mid' : null;
    const { coarse, fine } = tier === null ? { coarse: [], fine: range.fine() } : range.rolled(tier);
    for (const piece of coarse) this.#collectCoarse(piece, column, collector);
    for (const piece of fine) collectFine(piece, column, collector);
    return collector.points();
  }

  /** Something was written: what was read before is not all there is. */
  forget(): void {
    this.#lately = null;
  }

  #range(subjectId: string, fromMs: number, toMs: number): SubjectRange {
    if (this.#lately?.is(subjectId, fromMs, toMs) !== true) {
      this.#lately = new SubjectRange(this.#shelf, this.#epochs(), subjectId, fromMs, toMs);
    }
    return this.#lately;
  }

  #collectCoarse({ tier, segment, ordinal, chunk }: CoarsePiece, column: number, collector: Collector): void {
    const bucketMs = bucketMsOf[tier];
    const sharedBuckets = column === sharedColumn ? this.#shelf.tryRead(segment, () => readSharedBuckets(segment, ordinal), null) : null;
    this.#shelf.tryRead(
      segment,
      () => {
        for (const { index, sampleCount, values } of decodeBuckets(new ByteReader(chunk.bytes), chunk.first)) {
          const isShared = values[column * statCount + minAt] === shared;
          const stats = isShared ? sharedBuckets?.get(index) : values.subarray(column * statCount, (column + 1) * statCount);
          if (stats === undefined) continue;
          const [min = Number.NaN, mean = min, max = min, last = min] = [stats[minAt], stats[meanAt], stats[maxAt], stats[lastAt]];
          collector.addBucket(index * bucketMs, sampleCount, min, mean, max, last);
        }
      },
      undefined,
    );
  }

  #newestMs(): number {
    const segments = [...this.#shelf.of('fine'), ...this.#shelf.of('mid'), ...this.#shelf.of('coarse')];
    return Math.max(...segments.map(({ maxMs }) => maxMs), ...this.#epochs().map(({ maxMs }) => maxMs));
  }
}

function readSharedBuckets(segment: Segment, ordinal: number): Map<number, Float64Array> {
  const reader = new ByteReader(segment.payload(ordinal));
  const buckets = new Map<number, Float64Array>();
  for (const { index, values } of decodeBuckets(reader, reader.float64())) {
    buckets.set(index, values.slice(sharedColumn * statCount, (sharedColumn + 1) * statCount));
  }
  return buckets;
}

function collectFine({ ticks, runs }: FinePiece, column: number, collector: Collector): void {
  const walk = runs(column);
  while (walk.next()) {
    const { value } = walk;
    if (value === shared) collector.addShared(ticks, walk.start, walk.start + walk.count);
    else collector.addRun(ticks, walk.start, walk.start + walk.count, value);
  }
}

/** The narrowest width with at most `maxPoints` buckets. */
function widthFor(fromMs: number, toMs: number, maxPoints: number, atLeast: number): number {
  const fits = (width: number) => Math.floor(toMs / width) - Math.floor(fromMs / width) < Math.max(1, maxPoints);
  const readable = widths.find((width) => width >= atLeast && fits(width));
  if (readable !== undefined) return readable;
  let width = 28 * day;
  while (!fits(width)) width *= 2;
  return width;
}
