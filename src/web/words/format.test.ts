import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatRate,
  formatRateInterval,
  formatTickAmount,
  localMoments,
} from './format.ts';

test('sizes carry their unit and no more digits than they are worth', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(0.4), '0 B');
  assert.equal(formatBytes(1536), '1.5 KiB');
  assert.equal(formatBytes(61.24 * 1024 ** 2), '61.2 MiB');
  assert.equal(formatBytes(-2 * 1024 ** 3), '-2 GiB');
  assert.equal(formatBytes(5000 * 1024 ** 4), '5000 TiB');
});

test('a moment in a sentence is told in the zone of the reader, and what only looks like one stays', () => {
  const nowMs = new Date(2026, 4, 28, 5).getTime();
  const at = new Date(2026, 4, 28, 4, 10, 9);
  assert.equal(localMoments(`leaks, since ${at.toISOString()}.`, nowMs), 'leaks, since 04:10.');
  assert.equal(localMoments('2026-99-28T04:10:09Z', nowMs), '2026-99-28T04:10:09Z');
});

test('both ends of an interval are in one unit', () => {
  assert.equal(formatRateInterval(900 * 1024, 1.5 * 1024 ** 2, 'bytes'), '0.88 to 1.5 MiB/h');
  assert.equal(formatRateInterval(6, 22.25, 'count'), '6 to 22.3/h');
  assert.equal(formatRate(12, 'count'), '12/h');
});

test('counts are grouped by thousands', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567, 12_345.67, 999.96, -1234, -0.01].map(formatCount), [
    '0',
    '999',
    '1,000',
    '1,234,567',
    '12,345.7',
    '1,000',
    '-1,234',
    '0',
  ]);
});

test('CPU time is told as a part of a core, or as cores', () => {
  assert.equal(formatAmount(0.042, 'cores'), '4.2 % of a core');
  assert.equal(formatAmount(0.999, 'cores'), '1 core');
  assert.equal(formatAmount(1.5, 'cores'), '1.5 cores');
  assert.equal(formatTickAmount(2, 'cores'), '200 %');
  assert.equal(formatTickAmount(0, 'bytes'), '0');
});

test('durations name their two largest units and are never negative', () => {
  assert.equal(formatDuration(93_600_000), '1 d 2 h');
  assert.equal(formatDuration(59_600), '1 min');
  assert.equal(formatDuration(-5), '0 s');
  assert.equal(formatDuration(86_400_000 + 1000), '1 d');
});

test('a moment says the day only when it is not today', () => {
  const now = new Date(2026, 4, 28, 23, 30).getTime();
  assert.equal(formatMoment(new Date(2026, 4, 28, 4, 10).getTime(), now), '04:10');
  assert.equal(formatMoment(new Date(2026, 4, 29, 0, 5).getTime(), now), 'tomorrow 00:05');
  assert.equal(formatMoment(new Date(2026, 4, 27, 23, 59).getTime(), now), 'yesterday 23:59');
  assert.match(formatMoment(new Date(2026, 5, 3, 4, 10).getTime(), now), /^Wed.* 3 Jun.* 04:10$/);
  assert.match(formatMoment(new Date(2028, 5, 3, 4, 10).getTime(), now), /^3 Jun 2028$/);
});
