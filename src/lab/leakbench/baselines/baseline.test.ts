import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySample } from '../../../model/gauge.ts';
import { leaderboard } from '../leaderboard.ts';

const hourMs = 3_600_000;
const MiB = 1048576;

/** Whether a published method raised its alarm at any time over `hours` hours of a series read every five minutes. */
function everAlarmed(name: string, hours: number, size: (hour: number) => number, limit: number): boolean {
  const entry = leaderboard.find((one) => one.name === name);
  assert.ok(entry);
  const detector = entry.create({ resource: 'memory', spanMs: hours * hourMs, intervalMs: hourMs / 12 });
  let alarmed = false;
  for (let hour = 0; hour <= hours; hour += 1 / 12) {
    detector.push({ ...emptySample(hour * hourMs), anonBytes: size(hour) * MiB, limitBytes: limit * MiB });
    alarmed ||= detector.verdict().verdict === 'leak';
  }
  return alarmed;
}

const slowMethods = ['mann-kendall-sen', 'predict-linear', 'lbr', 'precog', 'precog-mf'];

for (const name of slowMethods) {
  test(`${name} sees a line that reaches its limit soon, and lets a flat one pass`, () => {
    assert.ok(everAlarmed(name, 240, (hour) => 100 + hour, 400));
    assert.ok(!everAlarmed(name, 240, (hour) => 100 + Math.sin(hour * 7), 400));
  });
}

test('the linear rule wants three percent in six hours', () => {
  assert.ok(everAlarmed('linear-r2', 96, (hour) => 100 + hour, 1000));
  assert.ok(!everAlarmed('linear-r2', 96, (hour) => 100 + 0.2 * hour, 1000));
});

test("Coroot's rule sees ten percent an hour and nothing slower", () => {
  assert.ok(everAlarmed('coroot', 72, (hour) => 100 * 1.15 ** Math.min(hour, 40), 400));
  assert.ok(!everAlarmed('coroot', 72, (hour) => 100 + 5 * hour, 400));
});

test('the maximum filter keeps Precog silent below what was normal in training', () => {
  // High at first and falling in training; later a climb which stays below where it began.
  const wave = (hour: number) => (hour < 60 ? 390 - 3.5 * hour : 180 + 1.5 * Math.max(0, hour - 100));
  assert.ok(everAlarmed('precog', 180, wave, 420));
  assert.ok(!everAlarmed('precog-mf', 180, wave, 420));
});
