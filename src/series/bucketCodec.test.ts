import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../model/errors.ts';
import { decodeBuckets, encodeBuckets, lastAt, maxAt, meanAt, minAt, statCount } from './bucketCodec.ts';
import { BucketStats } from './bucketStats.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { Epoch } from './epoch.ts';
import { PageArena } from './pageArena.ts';
import { columnCount, columnOf } from './rowCodec.ts';
import { processOf } from './storeForTests.ts';
import { TickBuckets } from './ticks.ts';

const anon = columnOf('anonBytes');
const ticksPerBucket = 5;

/** What the coarse tiers keep of one gauge, by number of the bucket. */
function downSample(values: readonly (number | null)[], factor: number) {
  const epoch = new Epoch(0, new PageArena());
  const slot = epoch.addSlot({ subject: processOf('p-1'), firstSeenMs: 0, lastSeenMs: 0 });
  for (const [tick, value] of values.entries()) {
    epoch.beginTick(tick);
    const row = new Float64Array(columnCount).fill(Number.NaN);
    row[anon] = value ?? Number.NaN;
    epoch.appendRow(slot, row, new ByteWriter());
  }
  const stats = new BucketStats();
  stats.addRuns(epoch.runs(slot), new TickBuckets(Float64Array.from(epoch.timesMs), ticksPerBucket));
  const writer = new ByteWriter();
  const wide = new BucketStats();
  stats.widenInto(wide, factor);
  encodeBuckets(writer, 0, (factor === 1 ? stats : wide).buckets());
  const kept = new Map<number, number[]>();
  for (const { index, values: all } of decodeBuckets(new ByteReader(writer.view()), 0)) {
    kept.set(index, [...all.subarray(anon * statCount, (anon + 1) * statCount)]);
  }
  return kept;
}

test('floor, ceiling and last value survive down-sampling exactly, and the mean to a byte', () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.maxSafeNat().map((bytes) => Math.floor(bytes / 1024)),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 100 }), fc.constantFrom(1, 3), (values, factor) => {
      const kept = downSample(values, factor);
      const width = ticksPerBucket * factor;
      for (let index = 0; index * width < values.length; index += 1) {
        const read = values.slice(index * width, (index + 1) * width).filter((one) => one !== null);
        const stats = kept.get(index) ?? [];
        if (read.length === 0) {
          assert.ok(Number.isNaN(stats[minAt]), 'absent stays absent');
          continue;
        }
        const mean = read.reduce((sum, one) => sum + one, 0) / read.length;
        assert.equal(stats[minAt], Math.min(...read));
        assert.equal(stats[maxAt], Math.max(...read));
        assert.equal(stats[lastAt], read.at(-1));
        assert.ok(Math.abs((stats[meanAt] ?? 0) - mean) <= Math.max(1, mean * 1e-12));
      }
    }),
  );
});

test('any bytes end in buckets or in a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        assert.ok([...decodeBuckets(new ByteReader(bytes), 0)].length <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof StanchError && error.code === 'STANCH_E_STORE_CORRUPT', String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
