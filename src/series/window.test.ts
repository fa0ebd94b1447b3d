import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { bucketsPerLevel, levelCount, SubjectWindow, type WindowState, type WindowView } from './window.ts';

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;
const startMs = Date.parse('2026-03-02T13:17:41Z');

interface Arrival {
  timeMs: number;
  values: number[];
  cpuSeconds: number;
}

interface Bucket {
  timeMs: number;
  floor: number;
  load: number;
}

function roomForView(): WindowView {
  const column = () => new Float64Array(bucketsPerLevel);
  return { widthMs: 0, length: 0, timeMs: column(), floor: column(), load: column() };
}

function bucketsOf(window: SubjectWindow, level: number, channel: number, count = bucketsPerLevel): Bucket[] {
  const view = window.view(level, channel, count, roomForView());
  return Array.from({ length: view.length }, (_, i) => ({
    timeMs: view.timeMs[i] ?? 0,
    floor: view.floor[i] ?? 0,
    load: view.load[i] ?? 0,
  }));
}

function everything(window: SubjectWindow): Bucket[][][] {
  return Array.from({ length: window.levelsInUse }, (_, level) =>
    Array.from({ length: window.channelCount }, (_, channel) => bucketsOf(window, level, channel)),
  );
}

function windowOf(arrivals: readonly Arrival[], channelCount: number): SubjectWindow {
  const window = new SubjectWindow(channelCount);
  for (const { timeMs, values, cpuSeconds } of arrivals) window.push(timeMs, values, cpuSeconds);
  return window;
}

/** Seconds to days apart, in any order, with absent values, one channel that hardly ever moves, and a CPU clock that may start anew. */
const arrivals: fc.Arbitrary<Arrival[]> = fc
  .array(
    fc.record({
      gapMs: fc.oneof(
        { weight: 8, arbitrary: fc.nat(3 * second) },
        { weight: 4, arbitrary: fc.nat(100 * second) },
        { weight: 1, arbitrary: fc.nat(3 * day) },
      ),
      lively: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: -1000, max: 1e9 }) }, { weight: 1, arbitrary: fc.constant(Number.NaN) }),
      quiet: fc.constantFrom(...new Array<number>(30).fill(7), 6, Number.NaN),
      cpu: fc.oneof({ weight: 5, arbitrary: fc.nat(1000) }, { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -500) }),
    }),
    { minLength: 10, maxLength: 400 },
  )
  .map((steps) => {
    let timeMs = startMs;
    let cpuSeconds = 1000;
    return steps.map(({ gapMs, lively, quiet, cpu }) => {
      timeMs += gapMs;
      if (!Number.isNaN(cpu)) cpuSeconds = Math.max(0, cpuSeconds + cpu);
      return { timeMs, values: [lively, quiet, Number.NaN], cpuSeconds: Number.isNaN(cpu) ? Number.NaN : cpuSeconds };
    });
  });

/** Samples of each bucket of a width, oldest first. */
function grouped(samples: readonly Arrival[], widthMs: number): Arrival[][] {
  return [...Map.groupBy(samples, ({ timeMs }) => Math.floor(timeMs / widthMs)).values()];
}

/** What a level should hold, straight from the samples. `closed` are those samples that lie in closed buckets of the level. */
function expectedBuckets(closed: readonly Arrival[], widthMs: number, channel: number): Bucket[] {
  let previous: Arrival | undefined;
  const buckets = grouped(closed, widthMs).map((samples) => {
    const read = samples.map(({ values }) => values[channel] ?? Number.NaN).filter((value) => !Number.isNaN(value));
    const last = samples.findLast(({ cpuSeconds }) => !Number.isNaN(cpuSeconds));
    const used = last && previous ? last.cpuSeconds - previous.cpuSeconds : Number.NaN;
    const load = last && previous && used >= 0 ? used / ((last.timeMs - previous.timeMs) / second) : Number.NaN;
    previous = last ?? previous;
    const index = Math.floor((samples[0]?.timeMs ?? 0) / widthMs);
    return { timeMs: (index + 0.5) * widthMs, floor: read.length === 0 ? Number.NaN : Math.min(...read), load };
  });
  return buckets.slice(-bucketsPerLevel).filter(({ floor }) => !Number.isNaN(floor));
}

test('each bucket of each level has the lowest of its samples and the CPU rate over it, however they arrive', () => {
  fc.assert(
    fc.property(arrivals, (samples) => {
      const window = windowOf(samples, 3);
      let closed: readonly Arrival[] = samples;
      for (let level = 0; level < window.levelsInUse; level += 1) {
        const { widthMs } = window.view(level, 0, bucketsPerLevel, roomForView());
        // The last bucket is open still; a coarser level knows only what closed in the finer one.
        const buckets = grouped(closed, widthMs).slice(0, -1);
        closed = buckets.flat();
        assert.equal(window.closedCount(level), buckets.length);
        assert.equal(window.holdsWholeLife(level), buckets.length <= bucketsPerLevel);
        for (const channel of [0, 1, 2]) {
          assert.deepEqual(bucketsOf(window, level, channel), expectedBuckets(closed, widthMs, channel));
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('a shorter look back sees the newest buckets, with and without times', () => {
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: bucketsPerLevel }), (samples, count) => {
      const window = windowOf(samples, 3);
      const room = new Float64Array(bucketsPerLevel);
      for (let level = 0; level < window.levelsInUse; level += 1) {
        for (const channel of [0, 1, 2]) {
          const seen = bucketsOf(window, level, channel, count);
          const all = bucketsOf(window, level, channel);
          assert.deepEqual(seen, seen.length === 0 ? [] : all.slice(-seen.length));
          assert.deepEqual(
            [...room.subarray(0, window.floors(level, channel, count, room))],
            seen.map(({ floor }) => floor),
          );
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('put away and given back, it goes on as if it had never been away', () => {
  fc.assert(
    fc.property(arrivals, fc.double({ min: 0, max: 1, noNaN: true }), (samples, share) => {
      const cut = Math.floor(samples.length * share);
      const before = windowOf(samples.slice(0, cut), 3);
      const state: WindowState = deserialize(serialize(before.state));
      const back = new SubjectWindow(3);
      back.state = state;
      const closings = samples.slice(cut).map(({ timeMs, values, cpuSeconds }) => back.push(timeMs, values, cpuSeconds));
      const never = windowOf(samples.slice(0, cut), 3);
      const closingsThere = samples.slice(cut).map(({ timeMs, values, cpuSeconds }) => never.push(timeMs, values, cpuSeconds));
      assert.deepEqual(closings, closingsThere);
      assert.deepEqual(everything(back), everything(never));
      assert.deepEqual(back.state, never.state);
    }),
    { numRuns: 100 },
  );
});

test('bucket edges do not depend on when the watching began', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 59_999 }), (late, offsetMs) => {
      const samples = Array.from({ length: 2000 }, (_, i) => ({
        timeMs: startMs + offsetMs + i * second,
        values: [(i * 7919) % 1009],
        cpuSeconds: i / 10,
      }));
      const early = windowOf(samples, 1);
      const later = windowOf(samples.slice(late), 1);
      for (let level = 0; level < later.levelsInUse; level += 1) {
        // The bucket in which the later one began has fewer samples.
        const buckets = bucketsOf(later, level, 0).slice(later.holdsWholeLife(level) ? 1 : 0);
        const same = new Map(bucketsOf(early, level, 0).map((bucket) => [bucket.timeMs, bucket]));
        for (const bucket of buckets) {
          const other = same.get(bucket.timeMs);
          assert.equal(bucket.floor, other?.floor);
          assert.ok(Math.abs(bucket.load - (other?.load ?? Number.NaN)) < 1e-9);
        }
      }
    }),
    { numRuns: 10 },
  );
});

test('a year of minutes takes no more room than half a year, and keeps the floors of its last 96 days', () => {
  const window = new SubjectWindow(1);
  const sizes: number[] = [];
  const minutes = 365 * 1440;
  for (let i = 0; i < minutes; i += 1) {
    window.push(startMs + i * 60 * second, [i % 1000 === 0 ? i : 1e9 + i], i);
    if (i === minutes >> 1) sizes.push(serialize(window.state).length);
  }
  sizes.push(serialize(window.state).length);
  assert.ok(window.levelsInUse <= levelCount);
  for (let level = 0; level < window.levelsInUse; level += 1) assert.ok(bucketsOf(window, level, 0).length <= bucketsPerLevel);
  assert.ok((sizes[1] ?? 0) <= (sizes[0] ?? 0) * 1.05, `${sizes}`);
  assert.ok((sizes[1] ?? 0) < 20_000, `${sizes}`);
  const days = bucketsOf(window, window.levelsInUse - 1, 0);
  assert.equal(days.length, bucketsPerLevel);
  assert.ok((days[0]?.timeMs ?? 0) <= startMs + (365 - 94) * day);
  for (const { floor } of days) assert.equal(floor % 1000, 0, 'the floor of a day is the lowest minute in it');
});

test('a gap leaves no buckets behind, and what was absent is no zero', () => {
  const samples: Arrival[] = [];
  for (let i = 0; i < 300; i += 1) {
    if (i >= 100 && i < 200) continue;
    samples.push({ timeMs: startMs + i * second, values: [i % 5 === 0 ? 50 : Number.NaN, 3], cpuSeconds: i });
  }
  const window = windowOf(samples, 2);
  const buckets = bucketsOf(window, 0, 0);
  assert.ok(buckets.every(({ floor }) => floor === 50));
  assert.ok(buckets.length > 10 && buckets.length < 30, 'one of five buckets has a value');
  const inGap = bucketsOf(window, 1, 1).filter(({ timeMs }) => timeMs > startMs + 105 * second && timeMs < startMs + 195 * second);
  assert.deepEqual(inGap, []);
  for (const { load } of bucketsOf(window, 1, 1).slice(1))
    assert.ok(Math.abs(load - 1) < 1e-9, 'one CPU second a second, across the gap too');
});

test('a CPU clock that starts anew gives no rate for that bucket and the right one after it', () => {
  const samples = Array.from({ length: 60 }, (_, i) => ({
    timeMs: startMs + i * second,
    values: [1],
    cpuSeconds: i < 40 ? 1000 + i / 2 : (i - 40) / 4,
  }));
  const loads = bucketsOf(windowOf(samples, 1), 0, 0).map(({ load }) => load);
  assert.ok(loads.slice(1, 40).every((load) => Math.abs(load - 0.5) < 1e-9));
  assert.ok(Number.isNaN(loads[40]));
  assert.ok(loads.slice(41).every((load) => Math.abs(load - 0.25) < 1e-9));
});

test('the finest level follows the interval of the samples', () => {
  for (const [everyMs, widthMs] of [
    [250, second],
    [second, second],
    [60 * second, 60 * second],
    [hour, hour],
    [7 * day, day],
  ] as const) {
    const window = windowOf(
      Array.from({ length: 30 }, (_, i) => ({ timeMs: startMs + i * everyMs, values: [1], cpuSeconds: 0 })),
      1,
    );
    assert.equal(window.view(0, 0, bucketsPerLevel, roomForView()).widthMs, widthMs);
  }
});
