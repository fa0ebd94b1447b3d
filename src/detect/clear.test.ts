import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearOfLoadAndSeason } from './clear.ts';
import { hour, mib, normalNoise, viewOf } from './samplesForTests.ts';

const page = 4096;

function cleared(view: ReturnType<typeof viewOf>) {
  const fromMs = view.timeMs[0] ?? 0;
  const spanMs = (view.timeMs[view.length - 1] ?? 0) - fromMs;
  return clearOfLoadAndSeason(view, view.length, fromMs, spanMs, page);
}

/** Largest distance between two floors, once the line of `perBucket` is taken out. */
function scatter(floor: Float64Array, perBucket = 0): number {
  const rest = Array.from(floor, (value, i) => value - perBucket * i);
  return Math.max(...rest) - Math.min(...rest);
}

test('a day that comes back is taken out, whatever its shape, and the growth stays', () => {
  // Three hours a bucket, eight days: busy from nine to five, four times as much in the morning.
  const hoursOfDay = (i: number) => (3 * (i + 0.5)) % 24;
  const day = (i: number) => (hoursOfDay(i) > 9 && hoursOfDay(i) < 17 ? 100 : 0) + (hoursOfDay(i) > 9 && hoursOfDay(i) < 12 ? 300 : 0);
  const view = viewOf(3 * hour, (i) => (1000 + 2 * i + day(i)) * mib);
  const { floor, slopePerMs } = cleared(view);
  assert.ok(scatter(floor, 2 * mib) < 20 * mib, `${scatter(floor, 2 * mib) / mib} MiB of the day are left`);
  assert.ok(Math.abs((slopePerMs * 3 * hour) / (2 * mib) - 1) < 0.1);
});

test('two weeks are no season: two steps in them stay two steps', () => {
  // Five and a half hours a bucket, two weeks.
  const steps = (i: number) => (1000 + (i < 30 ? 0 : 600) + (i < 47 ? 0 : 200)) * mib;
  const { floor } = cleared(viewOf(5.5 * hour, steps));
  assert.ok((floor[30] ?? 0) - (floor[29] ?? 0) > 500 * mib, `${((floor[30] ?? 0) - (floor[29] ?? 0)) / mib} MiB of the first`);
  assert.ok((floor[47] ?? 0) - (floor[46] ?? 0) > 100 * mib, `${((floor[47] ?? 0) - (floor[46] ?? 0)) / mib} MiB of the second`);
});

test('two days are no season: a step in them stays a step', () => {
  const { floor } = cleared(viewOf(0.75 * hour, (i) => (1000 + (i < 32 ? 0 : 600)) * mib));
  assert.ok((floor[32] ?? 0) - (floor[31] ?? 0) > 500 * mib, `${((floor[32] ?? 0) - (floor[31] ?? 0)) / mib} MiB of the step`);
});

test('noise is no season: it is left as it is', () => {
  const noise = normalNoise(3);
  const view = viewOf(3 * hour, () => (1000 + 10 * noise()) * mib);
  assert.deepEqual(cleared(view).floor, view.floor.subarray(0, view.length));
});

test('what follows the load is taken out, and its share of the growth is known', () => {
  const load = (i: number) => 0.2 + i / 64 + 0.3 * ((i * 7) % 5);
  const { floor, loadShare } = cleared(
    viewOf(
      60_000,
      (i) => (100 + 200 * load(i)) * mib,
      (i) => load(i),
    ),
  );
  assert.ok((loadShare ?? 0) > 0.95, `share ${loadShare}`);
  assert.ok(scatter(floor) < 10 * mib, `${scatter(floor) / mib} MiB of the load are left`);
});

test('a leak beside a load of its own is not taken for it', () => {
  const load = (i: number) => 0.5 + 0.4 * Math.sin(i);
  const { loadShare, slopePerMs } = cleared(
    viewOf(
      60_000,
      (i) => (100 + 5 * i + 50 * load(i)) * mib,
      (i) => load(i),
    ),
  );
  assert.ok((loadShare ?? 1) < 0.1, `share ${loadShare}`);
  assert.ok(Math.abs((slopePerMs * 60_000) / (5 * mib) - 1) < 0.02);
});

test('a load that is not known explains nothing', () => {
  assert.equal(cleared(viewOf(60_000, (i) => i * mib)).loadShare, null);
});
