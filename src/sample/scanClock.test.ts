import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextTick, ScanClock } from './scanClock.ts';

const day = Date.parse('2026-01-02T00:00:00Z');

function clockAt(notBeforeMs = 0) {
  const now = { wallMs: day, monotonicMs: 5000 };
  const clock = new ScanClock(() => ({ ...now }), notBeforeMs);
  const pass = (ms: number, jumpMs = 0) => {
    now.monotonicMs += ms;
    now.wallMs += ms + jumpMs;
    return clock.nowMs();
  };
  return { clock, pass };
}

test('follows the system clock while it behaves', () => {
  const { clock, pass } = clockAt();
  assert.equal(pass(10_000), day + 10_000);
  // A busy machine between two reads, or the slewing of NTP, is no jump.
  assert.equal(pass(10_000, 300), day + 20_300);
  assert.equal(clock.lastJump, null);
});

test('a jump forward is followed, as a gap', () => {
  const { clock, pass } = clockAt();
  assert.equal(pass(10_000, 3_600_000), day + 3_610_000);
  assert.equal(clock.lastJump?.byMs, 3_600_000);
  assert.equal(clock.aheadMs, 0);
});

test('a jump back keeps the order of samples and is given back slowly', () => {
  const { clock, pass } = clockAt();
  pass(10_000);
  const after = pass(10_000, -3_600_000);
  assert.ok(after > day + 19_000 && after <= day + 20_000);
  assert.equal(clock.lastJump?.byMs, -3_600_000);
  let last = after;
  for (let minute = 0; minute < 20 * 60 + 30; minute += 1) {
    const now = pass(60_000);
    assert.ok(now - last >= 57_000 && now - last <= 60_000, 'time passes at nearly its own pace');
    last = now;
  }
  assert.equal(clock.aheadMs, 0);
});

test('forth and back again ends where it began', () => {
  const { clock, pass } = clockAt();
  pass(10_000, 86_400_000);
  pass(10_000, -86_400_000);
  const lead = clock.aheadMs;
  assert.ok(lead > 86_300_000);
  pass(10_000, 86_400_000);
  assert.equal(clock.aheadMs, 0);
});

test('starts after what the store already holds when the clock went back between two runs', () => {
  const { clock, pass } = clockAt(day + 60_000);
  assert.ok(clock.nowMs() > day + 60_000);
  assert.ok(clock.lastJump !== null);
  assert.ok(pass(1000) > day + 60_000);
});

test('never goes back, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: -1e10, max: 1e10 })), { maxLength: 50 }), (steps) => {
      const { clock, pass } = clockAt();
      let last = clock.nowMs();
      for (const [ms, jumpMs] of steps) {
        const now = pass(ms, jumpMs);
        assert.ok(now >= last);
        last = now;
      }
    }),
  );
});

test('ticks do not drift, and those that a slow scan ran over are skipped', () => {
  assert.deepEqual(nextTick(0, 1000, 0), { tick: 1, waitMs: 1000 });
  assert.deepEqual(nextTick(0, 1000, 1003), { tick: 2, waitMs: 997 });
  assert.deepEqual(nextTick(0, 1000, 7400), { tick: 8, waitMs: 600 });
  assert.deepEqual(nextTick(500, 1000, 500.4), { tick: 1, waitMs: 999.6 });
});
