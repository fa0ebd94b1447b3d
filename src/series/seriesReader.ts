import type { Gauge } from '../model/gauge.ts';
import { decodeBuckets, lastAt, maxAt, meanAt, minAt, statCount } from './bucketCodec.ts';
import { ByteReader } from './bytes.ts';
import type { Chunk } from './chunk.ts';
import type { Epoch } from './epoch.ts';
import { BucketCollector, type Collector, SampleCollector } from './pointCollectors.ts';
import { bucketMsOf, type CoarseTier } from './rollUp.ts';
import { ColumnRuns, columnOf, shared, sharedColumn } from './rowCodec.ts';
import type { Segment } from './segment.ts';
import type { SegmentShelf } from './segmentShelf.ts';
import type { Points } from './store.ts';
import { parseTicks, type Ticks } from './ticks.ts';

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

/** Ticks of one subject that lie together: an open epoch, or a chunk of the fine tier. */
interface FinePiece {
  ticks: Ticks;
  first: number;
  last: number;
  runs: (column: number) => ColumnRuns;
}

interface CoarsePiece {
  segment: Segment;
  ordinal: number;
  chunk: Chunk;
}

/** Reads one gauge of one subject over all tiers and the epochs still in memory. */
export class SeriesReader {
  readonly #shelf: SegmentShelf;
  readonly #epochs: () => readonly Epoch[];
  /** What was read last, until something is written: the gauges of a subject are asked for one after the other. */
  #lately: { subjectId: string; fromMs: number; toMs: number; pieces: FinePiece[] } | null = null;

  constructor(shelf: SegmentShelf, epochs: () => readonly Epoch[]) {
    this.#shelf = shelf;
    this.#epochs = epochs;
  }

  read(subjectId: string, gauge: Gauge, fromMs: number, toMs: number, maxPoints: number): Points {
    const column = columnOf(gauge);
    const fine = this.#allFine(subjectId, fromMs, toMs);
    const sampleCount = countSamples(fine, fromMs, toMs);
    const fineFrom = oldest(fine);
    const midFrom = this.#oldestBucketMs('mid', subjectId, fromMs, toMs);
    const coarseFrom = this.#oldestBucketMs('coarse', subjectId, fromMs, toMs);
    const startMs = Math.max(fromMs, Math.min(fineFrom, midFrom, coarseFrom));
    const endMs = Math.min(toMs, this.#newestMs());
    if (!(startMs <= endMs)) return new SampleCollector(0, 0, 0).points();
    const finestWidth =
      fineFrom <= startMs + bucketMsOf.mid ? 0 : midFrom <= startMs + bucketMsOf.coarse ? bucketMsOf.mid : bucketMsOf.coarse;
    if (finestWidth === 0 && sampleCount <= maxPoints) {
      const collector = new SampleCollector(fromMs, toMs, sampleCount);
      for (const piece of fine) collectFine(piece, column, collector);
      return collector.points();
    }
    const width = widthFor(startMs, endMs, maxPoints, finestWidth);
    const collector = new BucketCollector(startMs, endMs, width);
    const tier = width % bucketMsOf.coarse === 0 ? 'coarse' : width % bucketMsOf.mid === 0 ? 'mid' : null;
    if (tier !== null) {
      const seen = new Set<number>();
      // A process that has not lived a day yet is in the mid tier only.
      for (const from of tier === 'coarse' ? (['coarse', 'mid'] as const) : (['mid'] as const)) {
        for (const piece of this.#coarse(from, subjectId, startMs, endMs, seen)) this.#collectCoarse(piece, from, column, collector);
      }
    }
    for (const piece of tier === null ? fine : this.#fine(subjectId, startMs, endMs, true)) collectFine(piece, column, collector);
    return collector.points();
  }

  /** Something was written: what was read before is not all there is. */
  forget(): void {
    this.#lately = null;
  }

  #allFine(subjectId: string, fromMs: number, toMs: number): FinePiece[] {
    const lately = this.#lately;
    if (lately?.subjectId === subjectId && lately.fromMs === fromMs && lately.toMs === toMs) return lately.pieces;
    const pieces = this.#fine(subjectId, fromMs, toMs, false);
    this.#lately = { subjectId, fromMs, toMs, pieces };
    return pieces;
  }

  /** @param unrolledOnly leaves out what the coarse tiers have already. */
  #fine(subjectId: string, fromMs: number, toMs: number, unrolledOnly: boolean): FinePiece[] {
    const pieces: FinePiece[] = [];
    const seen = new Set<number>();
    for (const segment of this.#overlapping('fine', fromMs, toMs)) {
      const found = this.#shelf.tryRead(segment, () => readFinePieces(segment, subjectId, fromMs, toMs, unrolledOnly, seen), []);
      pieces.push(...found);
    }
    for (const epoch of this.#epochs()) {
      const slot = epoch.slots.get(subjectId);
      if (slot === undefined || slot.lastOffset < 0 || seen.has(epoch.firstTick) || epoch.maxMs < fromMs || epoch.minMs > toMs) continue;
      const ticks = { timesMs: Float64Array.from(epoch.timesMs), sharedValues: Float64Array.from(epoch.sharedValues) };
      pieces.push({ ticks, first: slot.firstOffset, last: slot.lastOffset, runs: (column) => epoch.columnRuns(slot, column) });
    }
    return pieces;
  }

  #coarse(tier: CoarseTier, subjectId: string, fromMs: number, toMs: number, seen: Set<number>): CoarsePiece[] {
    const pieces: CoarsePiece[] = [];
    for (const segment of this.#overlapping(tier, fromMs - bucketMsOf[tier], toMs)) {
      pieces.push(...this.#shelf.tryRead(segment, () => readCoarsePieces(segment, subjectId, fromMs - bucketMsOf[tier], toMs, seen), []));
    }
    return pieces;
  }

  #oldestBucketMs(tier: CoarseTier, subjectId: string, fromMs: number, toMs: number): number {
    for (const segment of this.#overlapping(tier, fromMs - bucketMsOf[tier], toMs)) {
      const found = this.#shelf.tryRead(segment, () => firstCoarseChunk(segment, subjectId, fromMs, toMs), null);
      if (found !== null) return found.first * bucketMsOf[tier];
    }
    return Number.POSITIVE_INFINITY;
  }

  #collectCoarse({ segment, ordinal, chunk }: CoarsePiece, tier: CoarseTier, column: number, collector: Collector): void {
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

  #overlapping(tier: 'fine' | CoarseTier, fromMs: number, toMs: number): Segment[] {
    return this.#shelf.of(tier).filter((segment) => segment.maxMs >= fromMs && segment.minMs <= toMs);
  }

  #newestMs(): number {
    const segments = [...this.#shelf.of('fine'), ...this.#shelf.of('mid'), ...this.#shelf.of('coarse')];
    return Math.max(...segments.map(({ maxMs }) => maxMs), ...this.#epochs().map(({ maxMs }) => maxMs));
  }
}

function readFinePieces(
  segment: Segment,
  subjectId: string,
  fromMs: number,
  toMs: number,
  unrolledOnly: boolean,
  seen: Set<number>,
): FinePiece[] {
  const subject = segment.findSubject(subjectId);
  if (subject === null || (unrolledOnly && subject.isRolled)) return [];
  const pieces: FinePiece[] = [];
  for (const { ordinal, firstTick } of segment.epochs(fromMs, toMs)) {
    const chunk = seen.has(firstTick) ? null : segment.chunk(ordinal, subject.no, subjectId);
    if (chunk === null) continue;
    seen.add(firstTick);
    const ticks = parseTicks(segment.payload(ordinal));
    const { first, last, bytes } = chunk;
    pieces.push({ ticks, first, last, runs: (column) => new ColumnRuns(bytes, first, last, column) });
  }
  return pieces;
}

function readCoarsePieces(segment: Segment, subjectId: string, fromMs: number, toMs: number, seen: Set<number>): CoarsePiece[] {
  const subject = segment.findSubject(subjectId);
  if (subject === null) return [];
  const pieces: CoarsePiece[] = [];
  for (const { ordinal, firstTick } of segment.epochs(fromMs, toMs)) {
    const chunk = seen.has(firstTick) ? null : segment.chunk(ordinal, subject.no, subjectId);
    if (chunk === null) continue;
    seen.add(firstTick);
    pieces.push({ segment, ordinal, chunk });
  }
  return pieces;
}

function firstCoarseChunk(segment: Segment, subjectId: string, fromMs: number, toMs: number): Chunk | null {
  const subject = segment.findSubject(subjectId);
  if (subject === null) return null;
  for (const { ordinal } of segment.epochs(fromMs, toMs)) {
    const chunk = segment.chunk(ordinal, subject.no, subjectId);
    if (chunk !== null) return chunk;
  }
  return null;
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

function oldest(pieces: readonly FinePiece[]): number {
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const { ticks, first } of pieces) oldestMs = Math.min(oldestMs, ticks.timesMs[first] ?? oldestMs);
  return oldestMs;
}

/** At most; ticks in which the subject was missing are counted too. */
function countSamples(pieces: readonly FinePiece[], fromMs: number, toMs: number): number {
  let count = 0;
  for (const { ticks, first, last } of pieces) {
    const isInside = (ticks.timesMs[first] ?? 0) >= fromMs && (ticks.timesMs[last] ?? 0) <= toMs;
    if (isInside) count += last - first + 1;
    else for (const timeMs of ticks.timesMs.subarray(first, last + 1)) if (timeMs >= fromMs && timeMs <= toMs) count += 1;
  }
  return count;
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
