import { performance } from 'node:perf_hooks';
import { encodeBuckets } from './bucketCodec.ts';
import { BucketStats } from './bucketStats.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { Chunk } from './chunk.ts';
import { RowRuns } from './rowCodec.ts';
import type { EpochRow, SeenSubject, Segment, Tier } from './segment.ts';
import { parseTicks, TickBuckets, type Ticks } from './ticks.ts';

export type CoarseTier = Exclude<Tier, 'fine'>;

export const bucketMsOf: Readonly<Record<CoarseTier, number>> = { mid: 5 * 60_000, coarse: 60 * 60_000 };

/** A process that has not lived that long is kept in the tier only as part of its workload. */
export const minLifeMsOf: Readonly<Record<CoarseTier, number>> = { mid: 60 * 60_000, coarse: 24 * 60 * 60_000 };
const subjectsPerSlice = 64;
const coarseTiers = ['mid', 'coarse'] as const;
const midPerCoarse = 12;

interface SourceEpoch {
  row: EpochRow;
  ticks: Ticks;
  buckets: TickBuckets;
}

interface RolledSubject {
  subject: SeenSubject & { no: number };
  /** Encoded; null where the tier doesn't keep it. */
  chunks: Readonly<Record<CoarseTier, Chunk | null>>;
}

/** Does something with a segment, and gives the last argument when it turns out to be damaged. */
type Attempt = <T>(segment: Segment, work: () => T, otherwise: T) => T;

/** Makes the coarse points of one fine segment that gets no more samples, in slices. */
export class RollUp {
  readonly source: Segment;
  readonly #targets: Readonly<Record<CoarseTier, Segment>>;
  readonly #attempt: Attempt;
  #epochs: SourceEpoch[] | null = null;
  #sharedLogs = { mid: new Uint8Array(0), coarse: new Uint8Array(0) };
  readonly #writer = new ByteWriter();
  readonly #stats = new BucketStats();
  readonly #wideStats = new BucketStats();

  constructor(source: Segment, targets: Readonly<Record<CoarseTier, Segment>>, attempt: Attempt) {
    this.source = source;
    this.#targets = targets;
    this.#attempt = attempt;
  }

  writesTo(segment: Segment): boolean {
    return Object.values(this.#targets).includes(segment);
  }

  /** Does subjects until `deadlineMs` of the monotonic clock. An interrupted or failed slice is simply done again. */
  slice(deadlineMs: number): 'more' | 'done' | 'failed' {
    const rolled = this.#attempt(this.source, () => this.#roll(deadlineMs), null);
    if (rolled === null) return 'failed';
    if (rolled.length === 0) return 'done';
    for (const tier of coarseTiers) {
      const kept = rolled.filter(({ subject }) => isWorthKeeping(subject, tier));
      if (kept.length > 0 && !this.#attempt(this.#targets[tier], () => this.#write(tier, kept), false)) return 'failed';
    }
    return this.#attempt(this.source, () => this.#mark(rolled), false) ? 'more' : 'failed';
  }

  #roll(deadlineMs: number): RolledSubject[] {
    const seen = this.source.unrolled(subjectsPerSlice);
    const epochs = this.#epochs ?? (seen.length === 0 ? [] : this.#readEpochs());
    const rolled: RolledSubject[] = [];
    for (const subject of seen) {
      rolled.push({ subject, chunks: isWorthKeeping(subject, 'mid') ? this.#chunksOf(subject, epochs) : { mid: null, coarse: null } });
      if (performance.now() > deadlineMs) break;
    }
    return rolled;
  }

  #mark(rolled: readonly RolledSubject[]): true {
    this.source.transaction(() => {
      for (const { subject } of rolled) this.source.markRolled(subject.no, isWorthKeeping(subject, 'mid') ? 'rolled' : 'skipped');
    });
    return true;
  }

  #readEpochs(): SourceEpoch[] {
    const epochs = this.source.epochs(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).map((row) => {
      const ticks = parseTicks(this.source.payload(row.ordinal));
      return { row, ticks, buckets: new TickBuckets(ticks.timesMs, bucketMsOf.mid) };
    });
    this.#stats.clear();
    for (const { ticks, buckets } of epochs) this.#stats.addShared(ticks.sharedValues, buckets);
    this.#stats.widenInto(this.#wideStats, midPerCoarse);
    this.#sharedLogs = { mid: this.#sharedLog(this.#stats), coarse: this.#sharedLog(this.#wideStats) };
    this.#epochs = epochs;
    return epochs;
  }

  #chunksOf(seen: SeenSubject & { no: number }, epochs: readonly SourceEpoch[]): RolledSubject['chunks'] {
    this.#stats.clear();
    for (const { row, buckets } of epochs) {
      const chunk = this.source.chunk(row.ordinal, seen.no, seen.subject.id);
      if (chunk !== null) this.#stats.addRuns(new RowRuns(new ByteReader(chunk.bytes), chunk.first, chunk.last), buckets);
    }
    if (!isWorthKeeping(seen, 'coarse')) return { mid: this.#encode(this.#stats), coarse: null };
    this.#stats.widenInto(this.#wideStats, midPerCoarse);
    return { mid: this.#encode(this.#stats), coarse: this.#encode(this.#wideStats) };
  }

  #write(tier: CoarseTier, rolled: readonly RolledSubject[]): true {
    const { firstTick, minMs, maxMs } = this.source;
    const target = this.#targets[tier];
    target.transaction(() => {
      const ordinal = target.putEpoch({ firstTick, tickCount: 0, minMs, maxMs, payload: this.#sharedLogs[tier] });
      for (const { subject, chunks } of rolled) {
        if (chunks[tier] !== null) target.putChunk(ordinal, subject, chunks[tier]);
      }
    });
    return true;
  }

  /** What all subjects shared, bucket by bucket, headed by the number of the first bucket. */
  #sharedLog(stats: BucketStats): Uint8Array<ArrayBuffer> {
    const head = new ByteWriter();
    const encoded = this.#encode(stats);
    head.float64(encoded?.first ?? 0);
    if (encoded !== null) head.append(encoded.bytes);
    return head.view().slice();
  }

  #encode(stats: BucketStats): Chunk | null {
    const { range } = stats;
    if (range === null) return null;
    this.#writer.reset();
    encodeBuckets(this.#writer, range.first, stats.buckets());
    return { ...range, bytes: this.#writer.view().slice() };
  }
}

function isWorthKeeping({ subject, firstSeenMs, lastSeenMs }: SeenSubject, tier: CoarseTier): boolean {
  return subject.kind !== 'process' || subject.workloadId === undefined || lastSeenMs - firstSeenMs >= minLifeMsOf[tier];
}
