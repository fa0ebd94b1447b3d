import type { Chunk } from './chunk.ts';
import type { Epoch } from './epoch.ts';
import { bucketMsOf, type CoarseTier } from './rollUp.ts';
import { ColumnRuns } from './rowCodec.ts';
import type { Segment } from './segment.ts';
import type { SegmentShelf } from './segmentShelf.ts';
import { parseTicks, type Ticks } from './ticks.ts';

/** Ticks of one subject that lie together: an open epoch, or a chunk of the fine tier. */
export interface FinePiece {
  ticks: Ticks;
  first: number;
  last: number;
  runs: (column: number) => ColumnRuns;
}

export interface CoarsePiece {
  tier: CoarseTier;
  segment: Segment;
  ordinal: number;
  chunk: Chunk;
}

/** One epoch, in a segment or still in memory. `isRolled`: the coarse tiers, with the epochs that were found there, have all of it. */
interface FineSource {
  firstTick: number;
  minMs: number;
  isRolled: (rolled: ReadonlySet<number>) => boolean;
  /** null: the subject was not there. */
  read: () => FinePiece | null;
}

/** What one subject has in a range of time, each part read when it is asked for and once: of a fortnight nobody wants every sample. */
export class SubjectRange {
  readonly #subjectId: string;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #shelf: SegmentShelf;
  readonly #sources: readonly FineSource[];
  readonly #counted = new Map<number, number | null>();
  readonly #coarseFromMs = new Map<CoarseTier, number>();
  readonly #rolled = new Map<CoarseTier, { coarse: CoarsePiece[]; fine: FinePiece[] }>();

  constructor(shelf: SegmentShelf, epochs: readonly Epoch[], subjectId: string, fromMs: number, toMs: number) {
    this.#subjectId = subjectId;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#shelf = shelf;
    const kept = this.#overlapping('fine', fromMs).flatMap((segment) => this.#sourcesIn(segment));
    const open = epochs.filter(({ minMs, maxMs }) => maxMs >= fromMs && minMs <= toMs).map((epoch) => openSource(epoch, subjectId));
    this.#sources = [...kept, ...open];
  }

  is(subjectId: string, fromMs: number, toMs: number): boolean {
    return this.#subjectId === subjectId && this.#fromMs === fromMs && this.#toMs === toMs;
  }

  /** How many samples there are, at most: ticks in which the subject was missing are counted too. null: more than `limit`. */
  sampleCount(limit: number): number | null {
    const known = this.#counted.get(limit);
    if (known !== undefined) return known;
    const count = this.#count(limit);
    this.#counted.set(limit, count);
    return count;
  }

  /** All its samples, oldest first. */
  fine(): FinePiece[] {
    return piecesOf(this.#sources);
  }

  /** Time of its oldest sample; infinite when there is none. */
  fineFromMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { minMs, read } of this.#sources) {
      // Where the clock went backward, what was written later may be older.
      const piece = minMs < oldestMs ? read() : null;
      if (piece !== null) oldestMs = Math.min(oldestMs, piece.ticks.timesMs[piece.first] ?? oldestMs);
    }
    return oldestMs;
  }

  /** Time of its oldest bucket in a tier; infinite when there is none. */
  coarseFromMs(tier: CoarseTier): number {
    const fromMs = this.#coarseFromMs.get(tier) ?? this.#readCoarseFromMs(tier);
    this.#coarseFromMs.set(tier, fromMs);
    return fromMs;
  }

  /** In buckets of a tier, or of a finer one where it has none (a process that has not lived a day yet); in samples, what has no buckets yet. */
  rolled(tier: CoarseTier): { coarse: readonly CoarsePiece[]; fine: readonly FinePiece[] } {
    const rolled = this.#rolled.get(tier) ?? this.#readRolled(tier);
    this.#rolled.set(tier, rolled);
    return rolled;
  }

  /** From the newest on: what has too many samples has them lately, most of the time. */
  #count(limit: number): number | null {
    const seen = new Set<number>();
    let count = 0;
    for (const source of this.#sources.toReversed()) {
      const piece = seen.has(source.firstTick) ? null : source.read();
      if (piece === null) continue;
      seen.add(source.firstTick);
      count += samplesIn(piece, this.#fromMs, this.#toMs);
      if (count > limit) return null;
    }
    return count;
  }

  #readCoarseFromMs(tier: CoarseTier): number {
    for (const segment of this.#overlapping(tier, this.#fromMs - bucketMsOf[tier])) {
      const found = this.#shelf.tryRead(segment, () => firstCoarseChunk(segment, this.#subjectId, this.#fromMs, this.#toMs), null);
      if (found !== null) return found.first * bucketMsOf[tier];
    }
    return Number.POSITIVE_INFINITY;
  }

  #readRolled(tier: CoarseTier): { coarse: CoarsePiece[]; fine: FinePiece[] } {
    const rolled = new Set<number>();
    const tiers: readonly CoarseTier[] = tier === 'coarse' ? ['coarse', 'mid'] : ['mid'];
    const coarse = tiers.flatMap((from) => this.#coarsePieces(from, rolled));
    return { coarse, fine: piecesOf(this.#sources.filter((source) => !source.isRolled(rolled))) };
  }

  /** @param rolled first ticks of the epochs that were found, here and in the tiers before. */
  #coarsePieces(tier: CoarseTier, rolled: Set<number>): CoarsePiece[] {
    const fromMs = this.#fromMs - bucketMsOf[tier];
    return this.#overlapping(tier, fromMs).flatMap((segment) => {
      const epochs = segment.epochs(fromMs, this.#toMs).filter(({ firstTick }) => !rolled.has(firstTick));
      if (epochs.length === 0) return [];
      return this.#shelf.tryRead(segment, () => {
        const subject = segment.findSubject(this.#subjectId);
        if (subject === null) return [];
        return epochs.flatMap(({ ordinal, firstTick }): CoarsePiece[] => {
          const chunk = segment.chunk(ordinal, subject.no, this.#subjectId);
          if (chunk === null) return [];
          rolled.add(firstTick);
          return [{ tier, segment, ordinal, chunk }];
        });
      }, []);
    });
  }

  #sourcesIn(segment: Segment): FineSource[] {
    const subject = once(() => this.#shelf.tryRead(segment, () => segment.findSubject(this.#subjectId), null));
    return segment.epochs(this.#fromMs, this.#toMs).map(({ ordinal, firstTick, minMs }) => ({
      firstTick,
      minMs,
      // What came of a segment is kept under its first tick.
      isRolled: (rolled) => rolled.has(segment.firstTick) || subject()?.isRolled === true,
      read: once(() => {
        const no = subject()?.no;
        return no === undefined ? null : this.#shelf.tryRead(segment, () => readPiece(segment, ordinal, no, this.#subjectId), null);
      }),
    }));
  }

  #overlapping(tier: 'fine' | CoarseTier, fromMs: number): Segment[] {
    return this.#shelf.of(tier).filter((segment) => segment.maxMs >= fromMs && segment.minMs <= this.#toMs);
  }
}

function once<T>(read: () => T): () => T {
  let known: { value: T } | null = null;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
}

function openSource(epoch: Epoch, subjectId: string): FineSource {
  return {
    firstTick: epoch.firstTick,
    minMs: epoch.minMs,
    isRolled: () => false,
    read: once(() => {
      const slot = epoch.slots.get(subjectId);
      if (slot === undefined || slot.lastOffset < 0) return null;
      const ticks = { timesMs: Float64Array.from(epoch.timesMs), sharedValues: Float64Array.from(epoch.sharedValues) };
      return { ticks, first: slot.firstOffset, last: slot.lastOffset, runs: (column) => epoch.columnRuns(slot, column) };
    }),
  };
}

function readPiece(segment: Segment, ordinal: number, no: number, subjectId: string): FinePiece | null {
  const chunk = segment.chunk(ordinal, no, subjectId);
  if (chunk === null) return null;
  const { first, last, bytes } = chunk;
  return { ticks: parseTicks(segment.payload(ordinal)), first, last, runs: (column) => new ColumnRuns(bytes, first, last, column) };
}

/** An epoch that is being flushed is in two places. */
function piecesOf(sources: readonly FineSource[]): FinePiece[] {
  const seen = new Set<number>();
  return sources.flatMap((source) => {
    const piece = seen.has(source.firstTick) ? null : source.read();
    if (piece === null) return [];
    seen.add(source.firstTick);
    return [piece];
  });
}

function firstCoarseChunk(segment: Segment, subjectId: string, fromMs: number, toMs: number): Chunk | null {
  const epochs = segment.epochs(fromMs, toMs);
  const subject = epochs.length === 0 ? null : segment.findSubject(subjectId);
  if (subject === null) return null;
  for (const { ordinal } of epochs) {
    const chunk = segment.chunk(ordinal, subject.no, subjectId);
    if (chunk !== null) return chunk;
  }
  return null;
}

function samplesIn({ ticks, first, last }: FinePiece, fromMs: number, toMs: number): number {
  if ((ticks.timesMs[first] ?? 0) >= fromMs && (ticks.timesMs[last] ?? 0) <= toMs) return last - first + 1;
  let count = 0;
  for (const timeMs of ticks.timesMs.subarray(first, last + 1)) if (timeMs >= fromMs && timeMs <= toMs) count += 1;
  return count;
}
