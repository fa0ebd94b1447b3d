import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DailyRestarts } from './dailyRestarts.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Hours of the restarts found in a series read every five minutes. */
function restartsOf(days: number, bytesAt: (hours: number) => number): number[] {
  const restarts = new DailyRestarts();
  const found: number[] = [];
  for (let timeMs = 0; timeMs < days * day; timeMs += 5 * minute) {
    if (restarts.push(timeMs, bytesAt(timeMs / hour)) !== null) found.push(Math.round(timeMs / hour));
  }
  return found;
}

const MiB = 1_048_576;

test('growth given back at the same hour each night is a restart, from the first full day on', () => {
  assert.deepEqual(
    restartsOf(5, (hours) => 100 * MiB + ((hours + 20) % 24) * 2 * MiB),
    [28, 52, 76, 100],
  );
});

test('a night without one, or a reading that is missing, changes nothing', () => {
  const missing = (hours: number) => (hours > 75 && hours < 77 ? Number.NaN : 100 * MiB + ((hours + 20) % 24) * 2 * MiB);
  assert.deepEqual(restartsOf(5, missing), [28, 52, 77, 100]);
  // Not restarted in the night at hour 52.
  const skipped = (hours: number) => 100 * MiB + (hours >= 52 && hours < 76 ? hours - 28 : (hours + 20) % 24) * 2 * MiB;
  assert.deepEqual(restartsOf(5, skipped), [28, 76, 100]);
});

test('what follows its work and not the clock is no restart: a collector, a batch, a start-up, the ebb of a night', () => {
  assert.deepEqual(
    restartsOf(8, (hours) => 100 * MiB + (hours % 17) * 2 * MiB),
    [],
  );
  assert.deepEqual(
    restartsOf(5, (hours) => (hours % 24 < 3 ? 300 : 100) * MiB),
    [],
  );
  assert.deepEqual(
    restartsOf(5, (hours) => 100 * MiB * (2 - Math.exp(-(hours % 24)))),
    [],
  );
  assert.deepEqual(
    restartsOf(5, (hours) => 100 * MiB * (2 + Math.sin((hours / 12) * Math.PI))),
    [],
  );
});
