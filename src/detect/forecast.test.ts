import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WindowEvidence } from './evidence.ts';
import { forecastExhaustion } from './forecast.ts';
import { day, evidenceOf, hour, mib, minute, normalNoise, viewOf } from './samplesForTests.ts';

const limit = (level: number) => ({ name: 'limit_bytes', level, held: Number.NaN });

/** Hours from `nowMs` to a moment in RFC 3339. */
const hoursTo = (moment: string, nowMs: number) => (Date.parse(moment) - nowMs) / hour;

/** 60 MiB an hour from 100 MiB, for 64 minutes. */
const straight = evidenceOf(viewOf(minute, (i) => (100 + i) * mib));

test('a straight leak reaches its wall when its line does, and the interval holds that moment', () => {
  // The line is at 163 MiB at the end of the window; 600 MiB more take ten hours.
  const exhaustion = forecastExhaustion(straight, limit(763 * mib), 0, straight.toMs);
  assert.ok(exhaustion !== null && exhaustion.high !== null);
  assert.equal(exhaustion.wall, 'limit_bytes');
  const [low, at, high] = [exhaustion.low, exhaustion.at, exhaustion.high].map((moment) => hoursTo(moment, straight.toMs));
  assert.ok(Math.abs((at ?? 0) - 10) < 0.1, `${at}`);
  assert.ok((low ?? 0) > 8 && (low ?? 0) < (at ?? 0), `${low}`);
  assert.ok((high ?? 0) < 12 && (high ?? 0) > (at ?? 0), `${high}`);
});

test('samples after the window move the line on, not the moment', () => {
  const early = forecastExhaustion(straight, limit(763 * mib), 0, straight.toMs);
  const later = forecastExhaustion(straight, limit(763 * mib), 0, straight.toMs + 2 * hour);
  assert.ok(early !== null && later !== null);
  assert.ok(Math.abs(hoursTo(early.at, Date.parse(later.at))) < 0.05);
});

test('peaks meet the wall before the floor does', () => {
  const floor = forecastExhaustion(straight, limit(763 * mib), 0, straight.toMs);
  const peaks = forecastExhaustion(straight, limit(763 * mib), 120 * mib, straight.toMs);
  assert.ok(floor !== null && peaks !== null);
  assert.ok(Math.abs(hoursTo(floor.at, Date.parse(peaks.at)) - 2) < 0.1, 'two hours earlier for 120 MiB');
});

test('a wall that is behind is met now', () => {
  const exhaustion = forecastExhaustion(straight, limit(50 * mib), 0, straight.toMs);
  assert.equal(exhaustion && hoursTo(exhaustion.at, straight.toMs), 0);
  assert.equal(exhaustion && hoursTo(exhaustion.low, straight.toMs), 0);
});

test('growth that accelerates gets there before its average rate would', () => {
  const accelerating = evidenceOf(viewOf(minute, (i) => (100 + (i * i) / 40) * mib));
  const left = 500 * mib;
  const exhaustion = forecastExhaustion(accelerating, limit(accelerating.endFloor + left), 0, accelerating.toMs);
  assert.ok(exhaustion !== null && exhaustion.high !== null);
  const averageHours = left / accelerating.slopePerMs / hour;
  const at = hoursTo(exhaustion.at, accelerating.toMs);
  // i² / 40 grows by 500 MiB from the 63rd minute to the 155th.
  assert.ok(at < 0.6 * averageHours, `${at} of ${averageHours}`);
  assert.ok(Math.abs(at - 1.5) < 0.3, `${at}`);
  assert.ok(Date.parse(exhaustion.low) <= Date.parse(exhaustion.at) && Date.parse(exhaustion.at) <= Date.parse(exhaustion.high));
});

test('noise widens the interval', () => {
  const noise = normalNoise(2);
  const noisy = evidenceOf(viewOf(minute, (i) => (100 + i + 8 * noise()) * mib));
  const width = (e: WindowEvidence) => {
    const exhaustion = forecastExhaustion(e, limit(763 * mib), 0, e.toMs);
    return exhaustion?.high == null ? Number.POSITIVE_INFINITY : Date.parse(exhaustion.high) - Date.parse(exhaustion.low);
  };
  assert.ok(width(noisy) > 1.5 * width(straight));
});

test('what does not grow, or not within ten years, is not forecast', () => {
  const flat = evidenceOf(viewOf(minute, () => 100 * mib));
  const falling = evidenceOf(viewOf(minute, (i) => (200 - i) * mib));
  assert.equal(forecastExhaustion(flat, limit(200 * mib), 0, flat.toMs), null);
  assert.equal(forecastExhaustion(falling, limit(300 * mib), 0, falling.toMs), null);
  assert.equal(forecastExhaustion(straight, limit(60 * mib * 24 * 3660), 0, straight.toMs), null);
  assert.equal(forecastExhaustion(straight, limit(Number.POSITIVE_INFINITY), 0, straight.toMs), null);
});

test('growth that may as well be none may never get there', () => {
  const doubtful: WindowEvidence = { ...straight, slopeErrorPerMs: straight.slopePerMs };
  const exhaustion = forecastExhaustion(doubtful, limit(763 * mib), 0, straight.toMs);
  assert.ok(exhaustion !== null);
  assert.equal(exhaustion.high, null);
});

/** Growth with so slight a bend that a careless root is all rounding. */
const hardlyBent = {
  growth: 811581761.0169656,
  spanMs: 26_640,
  error: 0,
  noise: 0,
  unevenStep: 0,
  curvatureT: 4.000000000000001,
  bend: 0.000001,
  bendError: 0,
  level: 1146588427.7122846,
  excursion: 0,
  ageMs: 15,
};

test('whatever the numbers, the interval is in order and no earlier than now', () => {
  const bytes = fc.double({ min: 0, max: 1e15, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({
        growth: fc.double({ min: 1e-6, max: 1e14, noNaN: true }),
        spanMs: fc.integer({ min: 1000, max: 90 * day }),
        error: fc.double({ min: 0, max: 3, noNaN: true }),
        noise: bytes,
        unevenStep: bytes,
        curvatureT: fc.double({ min: -50, max: 50, noNaN: true }),
        bend: fc.double({ min: 1e-6, max: 1e14, noNaN: true }),
        bendError: fc.double({ min: 0, max: 1e14, noNaN: true }),
        level: bytes,
        excursion: bytes,
        ageMs: fc.integer({ min: 0, max: 10 * day }),
      }),
      ({ growth, spanMs, error, level, excursion, ageMs, bend, ...rest }) => {
        const slopePerMs = growth / spanMs;
        const e: WindowEvidence = {
          ...straight,
          ...rest,
          // A parabola that bends down is never forecast as one.
          bend: rest.curvatureT > 0 ? bend : -bend,
          growth,
          slopePerMs,
          slopeErrorPerMs: error * slopePerMs,
          toMs: straight.fromMs + spanMs,
        };
        const nowMs = e.toMs + ageMs;
        const exhaustion = forecastExhaustion(e, limit(level), excursion, nowMs);
        if (exhaustion === null) return;
        const at = Date.parse(exhaustion.at);
        assert.ok(Date.parse(exhaustion.low) >= nowMs - 1000, 'printed by the second');
        assert.ok(Date.parse(exhaustion.low) <= at, `${JSON.stringify(exhaustion)}`);
        assert.ok(exhaustion.high === null || at <= Date.parse(exhaustion.high), `${JSON.stringify(exhaustion)}`);
      },
    ),
    { numRuns: 1000, examples: [[hardlyBent]] },
  );
});
