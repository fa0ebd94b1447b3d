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
const subjectsPerStep = 16;

interface SourceEpoch {
  row: EpochRow;
  ticks: Ticks;
  mid: TickBuckets;
  coarse: TickBuckets;
}

/** Makes the coarse points of one fine segment that gets no more samples: subject after subject, in steps. */
export class RollUp {
  readonly source: Segment;
  readonly #targets: Readonly<Record<CoarseTier, Segment>>;
  #epochs: SourceEpoch[] | null = null;
  #sharedLogs = { mid: new Uint8Array(0), coarse: new Uint8Array(0) };
  readonly #writer = new ByteWriter();

  constructor(source: Segment, targets: Readonly<Record<CoarseTier, Segment>>) {
    this.source = source;
    this.#targets = targets;
  }

  writesTo(segment: Segment): boolean {
    return Object.values(this.#targets).includes(segment);
  }

  /** Does a few subjects; false when all are done. An interrupted step is simply done again. */
  step(): boolean {
    const seen = this.source.unrolled(subjectsPerStep);
    if (seen.length === 0) return false;
    const epochs = this.#epochs ?? this.#readEpochs();
    for (const tier of ['mid', 'coarse'] as const) {
      const kept = seen.filter((subject) => isWorthKeeping(subject, tier));
      this.#write(
        tier,
        kept.map((subject) => ({ subject, buckets: this.#bucketsOf(subject, tier, epochs) })),
      );
    }
    this.source.transaction(() => {
      for (const subject of seen) this.source.markRolled(subject.no, isWorthKeeping(subject, 'mid') ? 'rolled' : 'skipped');
    });
    return true;
  }

  /** Waits for the disk: from here on the fine segment may go. */
  finish(): void {
    for (const segment of [this.#targets.mid, this.#targets.coarse, this.source]) segment.checkpoint();
  }

  #readEpochs(): SourceEpoch[] {
    const epochs = this.source.epochs(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).map((row) => {
      const ticks = parseTicks(this.source.payload(row.ordinal));
      return { row, ticks, mid: new TickBuckets(ticks.timesMs, bucketMsOf.mid), coarse: new TickBuckets(ticks.timesMs, bucketMsOf.coarse) };
    });
    this.#epochs = epochs;
    this.#sharedLogs = { mid: this.#sharedLog('mid', epochs), coarse: this.#sharedLog('coarse', epochs) };
    return epochs;
  }

  #bucketsOf(seen: SeenSubject & { no: number }, tier: CoarseTier, epochs: readonly SourceEpoch[]): Bucket[] {
    const stats = new BucketStats();
    for (const epoch of epochs) {
      const chunk = this.source.chunk(epoch.row.ordinal, seen.no, seen.subject.id);
      if (chunk !== null) stats.addRuns(new RowRuns(new ByteReader(chunk.bytes), chunk.first, chunk.last), epoch[tier]);
    }
    return stats.finish();
  }

  #write(tier: CoarseTier, subjects: { subject: SeenSubject; buckets: Bucket[] }[]): void {
    if (subjects.length === 0) return;
    const { firstTick, minMs, maxMs } = this.source;
    const target = this.#targets[tier];
    target.transaction(() => {
      const ordinal = target.putEpoch({ firstTick, tickCount: 0, minMs, maxMs, payload: this.#sharedLogs[tier] });
      for (const { subject, buckets } of subjects) {
        const first = buckets[0]?.index;
        const last = buckets.at(-1)?.index;
        if (first === undefined || last === undefined) continue;
        target.putChunk(ordinal, subject, { first, last, bytes: this.#encode(first, buckets) });
      }
    });
  }

  /** What all subjects shared, bucket by bucket, headed by the number of the first bucket. */
  #sharedLog(tier: CoarseTier, epochs: readonly SourceEpoch[]): Uint8Array<ArrayBuffer> {
    const stats = new BucketStats();
    for (const epoch of epochs) stats.addShared(epoch.ticks.sharedValues, epoch[tier]);
    const buckets = stats.finish();
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
