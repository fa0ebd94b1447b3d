import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evidenceOf, hour, mib, minute, normalNoise, viewOf } from './samplesForTests.ts';

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
