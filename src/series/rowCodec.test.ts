import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../model/errors.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { Epoch } from './epoch.ts';
import { PageArena } from './pageArena.ts';
import { columnCount, RowRuns, shared } from './rowCodec.ts';
import { processOf } from './storeForTests.ts';

const reading = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1 << 30 }).map((pages) => pages * 4096) },
  fc.maxSafeNat(),
  fc.maxSafeInteger(),
  fc.integer({ min: 0, max: 100_000 }).map((ticks) => ticks / 100),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.constant(Number.NaN),
  fc.constant(shared),
);
const row = fc.array(reading, { minLength: columnCount, maxLength: columnCount }).map((values) => Float64Array.from(values));
/** null: the subject is not in the tick; 'same': nothing changed. */
const ticks = fc.array(fc.oneof(row, fc.constant('same' as const), fc.constant(null)), { minLength: 1, maxLength: 40 });

/** Every row by the tick it was in. */
function decodeAll(runs: RowRuns): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  while (runs.next()) {
    for (let tick = runs.start; tick < runs.start + runs.count; tick += 1) rows.set(tick, [...runs.row]);
  }
  return rows;
}

test('any sequence of readings, gaps and repetitions comes back exactly', () => {
  fc.assert(
    fc.property(ticks, (sequence) => {
      const epoch = new Epoch(0, new PageArena());
      const slot = epoch.addSlot({ subject: processOf('p-1'), firstSeenMs: 0, lastSeenMs: 0 });
      const expected = new Map<number, number[]>();
      let last: Float64Array | null = null;
      for (const [tick, step] of sequence.entries()) {
        epoch.beginTick(tick);
        const next: Float64Array | null = step === 'same' ? last : step;
        if (next === null) continue;
        last = next;
        expected.set(tick, [...next]);
        epoch.appendRow(slot, next, new ByteWriter());
      }
      if (slot.firstOffset >= 0) assert.deepEqual(decodeAll(epoch.runs(slot)), expected);
    }),
  );
});

test('rows that do not change take no bytes', () => {
  const epoch = new Epoch(0, new PageArena());
  const slot = epoch.addSlot({ subject: processOf('p-1'), firstSeenMs: 0, lastSeenMs: 0 });
  const same = new Float64Array(columnCount).fill(4096);
  for (let tick = 0; tick < 1000; tick += 1) {
    epoch.beginTick(tick);
    epoch.appendRow(slot, same, new ByteWriter());
  }
  assert.ok(slot.log.length < 64, `${slot.log.length} bytes`);
  assert.equal(decodeAll(epoch.runs(slot)).size, 1000);
});

test('any bytes are decoded within their bounds, or refused with a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(50), fc.nat(500), (bytes, first, count) => {
      try {
        const runs = new RowRuns(new ByteReader(bytes), first, first + count);
        let previousEnd = first;
        while (runs.next()) {
          assert.ok(runs.start >= previousEnd && runs.count > 0);
          previousEnd = runs.start + runs.count;
        }
        assert.equal(previousEnd, first + count + 1);
      } catch (error) {
        assert.ok(error instanceof StanchError, String(error));
        assert.equal(error.code, 'STANCH_E_STORE_CORRUPT');
      }
    }),
    { numRuns: 2000 },
  );
});
