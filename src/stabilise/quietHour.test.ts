import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietestHour } from './quietHour.ts';

const stepMs = 900_000;

/** Cumulative CPU seconds every 15 min; `rate`: seconds in each step. */
function history(days: number, rate: (hour: number, day: number) => number) {
  const startMs = new Date(2026, 1, 2).getTime();
  const timeMs = Float64Array.from({ length: days * 96 + 1 }, (_, index) => startMs + index * stepMs);
  let total = 0;
  const last = timeMs.map((ms) => {
    const before = total;
    total += rate(new Date(ms).getHours(), Math.floor((ms - startMs) / 86_400_000));
    return before;
  });
  return { timeMs, last };
}

test('the quietest hour is that of most days, not that of one odd night', () => {
  const busy = (hour: number, day: number) => (hour === 4 ? 1 : hour === 15 && day === 2 ? 0 : 10);
  assert.equal(quietestHour(history(7, busy)), 4);
});

test('a history that is too short, or has an hour that was never watched, names none', () => {
  assert.equal(quietestHour(history(2, () => 1)), null);
  assert.equal(quietestHour({ timeMs: new Float64Array(), last: new Float64Array() }), null);
  const { timeMs, last } = history(7, () => 1);
  const off = last.map((value, index) => (new Date(timeMs[index] ?? 0).getHours() === 3 ? Number.NaN : value));
  assert.equal(quietestHour({ timeMs, last: off }), null);
});

test('restarts, after which the count begins anew, are no quiet', () => {
  const { timeMs, last } = history(7, (hour) => (hour === 2 ? 1 : 10));
  const restarted = last.map((value, index) => value - (last[Math.floor(index / 50) * 50] ?? 0));
  assert.equal(quietestHour({ timeMs, last: restarted }), 2);
});
