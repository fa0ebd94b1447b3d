import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsPerLevel } from '../series/window.ts';
import { weighWindow } from './evidence.ts';
import { evidenceOf, hour, mib, minute, normalNoise, startMs, viewOf } from './samplesForTests.ts';

test('steps that come by chance do not prove a bend as noise around a curve does', () => {
  const noise = normalNoise(5);
  const steps = [3, 9, 11, 27, 40];
  const inSteps = evidenceOf(viewOf(minute, (i) => (100 + 50 * steps.filter((step) => i >= step).length + 0.2 * noise()) * mib));
  const flattens = evidenceOf(viewOf(minute, (i) => (100 + 250 * Math.sqrt(i / 64) + 0.2 * noise()) * mib));
  const againstScatter = inSteps.bend / inSteps.bendError;
  assert.ok(againstScatter < -3.5 && inSteps.curvatureT > -3, `in steps ${inSteps.curvatureT}, against scatter ${againstScatter}`);
  assert.ok(flattens.curvatureT < -3, `flattens ${flattens.curvatureT}`);
});

test('noise around a straight line is no bend', () => {
  const noise = normalNoise(6);
  const straight = evidenceOf(viewOf(minute, (i) => (100 + 2 * i + 3 * noise()) * mib));
  assert.ok(Math.abs(straight.curvatureT) < 2, `${straight.curvatureT}`);
});

test('a warm-up that is over soon leaves a straight line, one that lasts does not', () => {
  const afterWarmUp = (buckets: number) => {
    const noise = normalNoise(8);
    return evidenceOf(viewOf(hour, (i) => (100 + 4 * i - 80 * Math.exp(-i / buckets) + 0.5 * noise()) * mib)).lineOdds;
  };
  assert.ok(afterWarmUp(4) > 3, `${afterWarmUp(4)}`);
  assert.ok(afterWarmUp(16) < 2, `${afterWarmUp(16)}`);
});

test('what was weighed before leaves no trace: the same window says the same after others of its length and of any other', () => {
  const noise = normalNoise(9);
  const levels = Float64Array.from({ length: bucketsPerLevel }, () => noise());
  const windows = Array.from({ length: 70 }, (_, k) => {
    const view = viewOf(k % 3 === 0 ? hour : minute, (i) => (500 + (k % 5) * i + 20 * (levels[(7 * i + k) % bucketsPerLevel] ?? 0)) * mib);
    view.length -= k % 40;
    // A bucket is missing: the blocks do not lie evenly.
    if (k % 4 === 0) view.timeMs = view.timeMs.map((timeMs, i) => (i < 20 ? timeMs : timeMs + view.widthMs));
    return { view, bornMs: startMs - k * hour };
  });
  const weigh = ({ view, bornMs }: (typeof windows)[number]) => weighWindow(view, null, null, bornMs, 4096);
  const first = windows.map(weigh);
  assert.ok(first.every((evidence) => evidence !== null));
  assert.deepEqual(windows.toReversed().map(weigh).toReversed(), first);
});
