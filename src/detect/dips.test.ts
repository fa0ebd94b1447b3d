import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillDips } from './dips.ts';
import { evidenceOf, hour, mib, normalNoise, viewOf } from './samplesForTests.ts';
import { mayRise } from './screen.ts';

/** Hours at which the memory is away for one or two hours. */
const away = new Set([9, 10, 31, 54, 55, 60]);

function growth(noiseMib: number): Float64Array {
  const noise = normalNoise(11);
  return Float64Array.from({ length: 64 }, (_, i) => (1000 + 4 * i - (away.has(i) ? 400 : 0) + noiseMib * noise()) * mib);
}

test('dips that are over at once hide no growth', () => {
  const floors = growth(2);
  assert.ok(mayRise(Float64Array.from(floors), 0, 64, 4096));
  const e = evidenceOf(viewOf(hour, (i) => floors[i] ?? 0));
  assert.ok(e.giveBack < 0.1 && e.tau > 0.9, `${e.giveBack} ${e.tau}`);
});

test('what stays away, and what is collected again and again, is no dip', () => {
  const noise = normalNoise(12);
  const fallen = Float64Array.from({ length: 64 }, (_, i) => (1000 + 4 * (i % 40) + noise()) * mib);
  const collected = Float64Array.from({ length: 64 }, (_, i) => (1000 + 50 * (i % 6) + noise()) * mib);
  for (const floors of [fallen, collected]) {
    const before = Float64Array.from(floors);
    assert.equal(fillDips(floors, 0, 64), 0);
    assert.deepEqual(floors, before);
  }
});

test('the newest floor may yet come back, and is left as it is', () => {
  const floors = growth(2);
  floors[63] = 500 * mib;
  fillDips(floors, 0, 64);
  assert.equal(floors[63], 500 * mib);
});
