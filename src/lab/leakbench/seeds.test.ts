import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedsOf } from './seeds.ts';

test('tuning and test seeds share the range between them, about half each', () => {
  const tune = seedsOf('P01-linear', 0, 999, 'tune');
  const held = seedsOf('P01-linear', 0, 999, 'test');
  assert.deepEqual(
    [...tune, ...held].toSorted((a, b) => a - b),
    seedsOf('P01-linear', 0, 999, 'all'),
  );
  assert.ok(tune.length > 400 && tune.length < 600, `${tune.length}`);
});

test('another family tunes on other seeds', () => {
  assert.notDeepEqual(seedsOf('P01-linear', 0, 99, 'tune'), seedsOf('N01-flat', 0, 99, 'tune'));
});
