import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearOfLoadAndSeason } from './clear.ts';
import { hour, mib, normalNoise, viewOf } from './samplesForTests.ts';

const page = 4096;

function cleared(view: ReturnType<typeof viewOf>) {
  const fromMs = view.timeMs[0] ?? 0;
  const spanMs = (view.timeMs[view.length - 1] ?? 0) - fromMs;
  return clearOfLoadAndSeason(view, view.length, fromMs, spanMs, page, 0);
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

/** Work of a week that begins on a Monday, `everyMs` a bucket: half of it at the weekend. */
const workOf = (everyMs: number) => (i: number) => (Math.floor(((i + 0.5) * everyMs) / (24 * hour)) % 7 >= 5 ? 0.5 : 1);

test('a weekend between days of work is taken out, and the growth stays', () => {
  const work = workOf(3 * hour);
  const { floor, slopePerMs } = cleared(viewOf(3 * hour, (i) => (1000 + 2 * i + 300 * work(i)) * mib));
  assert.ok(scatter(floor, 2 * mib) < 30 * mib, `${scatter(floor, 2 * mib) / mib} MiB of the weekend are left`);
  assert.ok(Math.abs((slopePerMs * 3 * hour) / (2 * mib) - 1) < 0.1);
});

test('what falls on a Saturday has fallen, until the work is seen to bring it back', () => {
  const work = workOf(2 * hour);
  const { floor } = cleared(viewOf(2 * hour, (i) => (1000 + 2 * i + 300 * work(i)) * mib));
  assert.ok((floor[59] ?? 0) - (floor[60] ?? 0) > 100 * mib, `${((floor[59] ?? 0) - (floor[60] ?? 0)) / mib} MiB of the fall`);
});

/** Eight days of work that doubles, with a day in it which memory does not follow. */
const growingWork = (i: number) => (1 + i / 64) * (1 + 0.5 * Math.sin((i * Math.PI) / 4));

test('what grows in proportion to the work of like days is no leak, although it does not follow the day', () => {
  const { floor, loadShare } = cleared(viewOf(3 * hour, (i) => (1000 + (800 * i) / 64) * mib, growingWork));
  assert.ok((loadShare ?? 0) > 0.95, `share ${loadShare}`);
  assert.ok(scatter(floor) < 100 * mib, `${scatter(floor) / mib} MiB of the growth are left`);
});

test('a day or two are judged by the trend of the load that longer windows show', () => {
  const view = viewOf(0.5 * hour, (i) => (1000 + i) * mib, growingWork);
  const spanMs = 31.5 * hour;
  const growth = (knownRisePerMs: number) => {
    const { floor } = clearOfLoadAndSeason(view, 64, view.timeMs[0] ?? 0, spanMs, page, knownRisePerMs);
    return (floor[63] ?? 0) - (floor[0] ?? 0);
  };
  assert.ok(growth(0) > 40 * mib, `${growth(0) / mib} MiB`);
  assert.ok(growth(0.07 / spanMs) < 10 * mib, `${growth(0.07 / spanMs) / mib} MiB`);
});

test('what grows by more than the work does is left', () => {
  const { floor } = cleared(viewOf(3 * hour, (i) => (1000 + (4000 * i) / 64) * mib, growingWork));
  assert.ok((floor[63] ?? 0) - (floor[0] ?? 0) > 2000 * mib, `${((floor[63] ?? 0) - (floor[0] ?? 0)) / mib} MiB of 4000`);
});

test('what is lost with each piece of growing work is none of it', () => {
  let done = 0;
  const lost = Array.from({ length: 64 }, (_, i) => {
    done += 10 * growingWork(i);
    return done;
  });
  const { loadShare } = cleared(viewOf(3 * hour, (i) => (1000 + (lost[i] ?? 0)) * mib, growingWork));
  assert.ok((loadShare ?? 1) < 0.1, `share ${loadShare}`);
});

test('a load that is not known explains nothing', () => {
  assert.equal(cleared(viewOf(60_000, (i) => i * mib)).loadShare, null);
});
