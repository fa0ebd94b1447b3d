import { performance } from 'node:perf_hooks';
import { type Bucket, encodeBuckets } from './bucketCodec.ts';
import { BucketStats } from './bucketStats.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
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
  buckets: Readonly<Record<CoarseTier, Bucket[]>>;
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
    if (rolled.length === 0) return this.#finish() ? 'done' : 'failed';
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
      rolled.push({ subject, buckets: isWorthKeeping(subject, 'mid') ? this.#bucketsOf(subject, epochs) : { mid: [], coarse: [] } });
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

  /** Waits for the disk: from here on the fine segment may go. */
  #finish(): boolean {
    return [this.#targets.mid, this.#targets.coarse, this.source].every((segment) =>
      this.#attempt(segment, () => checkpointed(segment), false),
    );
  }

  #readEpochs(): SourceEpoch[] {
    const epochs = this.source.epochs(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).map((row) => {
      const ticks = parseTicks(this.source.payload(row.ordinal));
      return { row, ticks, buckets: new TickBuckets(ticks.timesMs, bucketMsOf.mid) };
    });
    const stats = new BucketStats();
    for (const { ticks, buckets } of epochs) stats.addShared(ticks.sharedValues, buckets);
    this.#sharedLogs = { mid: this.#sharedLog(stats.finish()), coarse: this.#sharedLog(stats.widen(midPerCoarse).finish()) };
    this.#epochs = epochs;
    return epochs;
  }

  #bucketsOf(seen: SeenSubject & { no: number }, epochs: readonly SourceEpoch[]): RolledSubject['buckets'] {
    const stats = new BucketStats();
    for (const { row, buckets } of epochs) {
      const chunk = this.source.chunk(row.ordinal, seen.no, seen.subject.id);
      if (chunk !== null) stats.addRuns(new RowRuns(new ByteReader(chunk.bytes), chunk.first, chunk.last), buckets);
    }
    return { mid: stats.finish(), coarse: isWorthKeeping(seen, 'coarse') ? stats.widen(midPerCoarse).finish() : [] };
  }

  #write(tier: CoarseTier, rolled: readonly RolledSubject[]): true {
    const { firstTick, minMs, maxMs } = this.source;
    const target = this.#targets[tier];
    target.transaction(() => {
      const ordinal = target.putEpoch({ firstTick, tickCount: 0, minMs, maxMs, payload: this.#sharedLogs[tier] });
      for (const { subject, buckets } of rolled) {
        const first = buckets[tier][0]?.index;
        const last = buckets[tier].at(-1)?.index;
        if (first === undefined || last === undefined) continue;
        target.putChunk(ordinal, subject, { first, last, bytes: this.#encode(first, buckets[tier]) });
      }
    });
    return true;
  }

  /** What all subjects shared, bucket by bucket, headed by the number of the first bucket. */
  #sharedLog(buckets: readonly Bucket[]): Uint8Array<ArrayBuffer> {
    const first = buckets[0]?.index ?? 0;
    const head = new ByteWriter();
    head.float64(first);
    head.append(this.#encode(first, buckets));
    return head.view().slice();
  }

  #encode(first: number, buckets: readonly Bucket[]): Uint8Array {
    this.#writer.reset();
    encodeBuckets(this.#writer, first, buckets);
    return this.#writer.view().slice();
  }
}

function isWorthKeeping({ subject, firstSeenMs, lastSeenMs }: SeenSubject, tier: CoarseTier): boolean {
  return subject.kind !== 'process' || subject.workloadId === undefined || lastSeenMs - firstSeenMs >= minLifeMsOf[tier];
}

function checkpointed(segment: Segment): true {
  segment.checkpoint();
  return true;
}
