import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePressure } from '../kernel/pressure.ts';
import { absent } from '../model/reading.ts';
import { PressureMeter } from './pressureMeter.ts';

const at = (avg10: number, totalSeconds: number) =>
  parsePressure(`some avg10=${avg10.toFixed(2)} avg60=0.00 avg300=0.00 total=${totalSeconds * 1e6}\n`);

test('a server that waits all the time is seen to, though the average of the kernel comes late and tells of a quarter', () => {
  const meter = new PressureMeter();
  const seen = Array.from({ length: 30 }, (_, second) => meter.add(at(second < 5 ? 0 : 25, Math.max(0, second - 5)), second * 1000));
  assert.deepEqual(seen[4], { some10: 0, full10: absent });
  assert.deepEqual(seen[9], { some10: 0.25, full10: absent }, 'too short a time to know better');
  assert.deepEqual(seen[29], { some10: 1, full10: absent });
});

test('what the kernel says counts where it says more, and where the looks are far apart', () => {
  const meter = new PressureMeter();
  const often = Array.from({ length: 20 }, (_, second) => meter.add(at(90, second / 2), second * 1000));
  assert.deepEqual(often.at(-1), { some10: 0.9, full10: absent });
  const rarely = new PressureMeter();
  rarely.add(at(0, 0), 0);
  assert.deepEqual(rarely.add(at(3, 50), 60_000), { some10: 0.03, full10: absent });
  assert.equal(rarely.add(absent, 120_000), absent);
});

test('it is the same however often somebody looks, and a look that is late by a little reaches no further back', () => {
  for (const stepMs of [20, 50, 101, 1_000]) {
    const meter = new PressureMeter();
    let last: unknown;
    for (let atMs = 0; atMs <= 40_000; atMs += stepMs) last = meter.add(at(20, atMs / 1000), atMs);
    assert.deepEqual(last, { some10: 1, full10: absent }, `every ${stepMs} ms`);
  }
  const late = new PressureMeter();
  for (const [atMs, waitedSeconds] of [
    [0, 0],
    [10_000, 10],
    [19_990, 10],
  ] as const)
    late.add(at(0, waitedSeconds), atMs);
  assert.deepEqual(late.add(at(0, 10), 29_990), { some10: 0, full10: absent });
});
