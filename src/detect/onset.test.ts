import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsPerLevel, SubjectWindow } from '../series/window.ts';
import { emptyView, type WindowEvidence } from './evidence.ts';
import { onsetOf } from './onset.ts';
import { evidenceOf, mib, minute, normalNoise, startMs } from './samplesForTests.ts';

/** One value a minute. */
function windowOf(minutes: number, valueAt: (index: number) => number): SubjectWindow {
  const window = new SubjectWindow(1);
  for (let i = 0; i < minutes; i += 1) window.push(startMs + i * minute, [valueAt(i)], Number.NaN);
  return window;
}

/** Evidence of the newest `count` buckets of a level. */
function newest(window: SubjectWindow, level: number, count: number): WindowEvidence {
  return evidenceOf(window.view(level, 0, count, emptyView()));
}

const minutesFromStart = (momentMs: number) => (momentMs - startMs) / minute;

test('a window that begins flat has its onset at the bend', () => {
  const noise = normalNoise(1);
  const window = windowOf(90, (i) => (100 + 2 * Math.max(0, i - 40)) * mib + noise() * mib);
  const onset = minutesFromStart(onsetOf(window, 0, newest(window, 0, bucketsPerLevel)));
  assert.ok(Math.abs(onset - 40) <= 5, `${onset}`);
});

test('a line that began before the window is followed back over coarser levels', () => {
  const noise = normalNoise(2);
  const window = windowOf(20 * 60, (i) => (100 + i) * mib + noise() * mib);
  const e = newest(window, 0, 48);
  assert.ok(minutesFromStart(e.fromMs) > 19 * 60);
  const onset = minutesFromStart(onsetOf(window, 0, e));
  assert.ok(onset >= 0 && onset < 60, `${onset}`);
});

test('it is followed back to where the older floor lies off the line, and no further', () => {
  const noise = normalNoise(3);
  const window = windowOf(20 * 60, (i) => (100 + Math.max(0, i - 600)) * mib + noise() * mib);
  const onset = minutesFromStart(onsetOf(window, 0, newest(window, 0, 48)));
  assert.ok(Math.abs(onset - 600) < 120, `${onset}`);
});

test('an older level that the line happens to cross is not its beginning', () => {
  const noise = normalNoise(4);
  const window = windowOf(20 * 60, (i) => (i < 600 ? 400 : 100 + i) * mib + noise() * mib);
  const onset = minutesFromStart(onsetOf(window, 0, newest(window, 0, 48)));
  assert.ok(Math.abs(onset - 600) < 120, `${onset}`);
});

test('onset of straight growth over a whole window is its start', () => {
  const window = windowOf(80, (i) => (100 + i) * mib);
  const e = newest(window, 0, bucketsPerLevel);
  assert.ok(Math.abs(onsetOf(window, 0, e) - e.fromMs) <= minute);
});

test('absent readings before the growth do not move its onset', () => {
  const window = windowOf(600, (i) => (i < 300 ? Number.NaN : (100 + 2 * (i - 300)) * mib));
  const onset = minutesFromStart(onsetOf(window, 0, newest(window, 0, 48)));
  assert.ok(onset >= 295 && onset < 330, `${onset}`);
});
