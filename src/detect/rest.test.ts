import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveStepsOf, lastingFloorOf, restOf } from './rest.ts';

const lastingFloor = (valueAt: (i: number) => number): Float64Array =>
  lastingFloorOf(
    Float64Array.from({ length: 64 }, (_, i) => valueAt(i)),
    64,
  );

test('an even line takes a tenth of the time for a tenth of the way, to its end', () => {
  const { longest, last } = restOf(
    lastingFloor((i) => i),
    1,
  );
  assert.ok(Math.abs(longest - 0.1) < 0.03, `longest ${longest}`);
  assert.ok(Math.abs(last - 0.1) < 0.05, `last ${last}`);
});

test('what is full rests longer than it ever did', () => {
  const { longest, last } = restOf(
    lastingFloor((i) => Math.min(i, 20)),
    1,
  );
  assert.ok(last > 0.6, `last ${last}`);
  assert.ok(longest < 0.1, `longest ${longest}`);
});

test('a leak that pauses as long as before has not ended', () => {
  const { longest, last } = restOf(
    lastingFloor((i) => 10 * Math.floor(i / 16)),
    1,
  );
  assert.ok(last <= longest + 0.02, `last ${last}, longest ${longest}`);
});

test('what a collector gives back later was no growth', () => {
  const teeth = restOf(
    lastingFloor((i) => ((i + 4) % 16) * 10),
    1,
  );
  assert.deepEqual(teeth, { longest: 1, last: 1 });
});

test('a step is one step wherever it falls, and two are two', () => {
  for (let at = 8; at < 48; at += 1) {
    const one = effectiveStepsOf(
      lastingFloor((i) => (i < at ? 0 : 100)),
      4,
      0,
    );
    assert.ok(Math.abs(one - 1) < 1e-9, `${one} for a step at ${at}`);
  }
  const two = effectiveStepsOf(
    lastingFloor((i) => (i < 17 ? 0 : 100) + (i < 39 ? 0 : 100)),
    4,
    0,
  );
  assert.ok(Math.abs(two - 2) < 1e-9, `${two} for two`);
});

test('an even line has as many steps as there are places for one', () => {
  assert.ok(
    Math.abs(
      effectiveStepsOf(
        lastingFloor((i) => i),
        4,
        0,
      ) - 14,
    ) < 1e-9,
  );
});

test('what never rises has no step', () => {
  assert.equal(
    effectiveStepsOf(
      lastingFloor(() => 7),
      4,
      0,
    ),
    0,
  );
});

test('a start-up is no step of what grows after it', () => {
  const steps = effectiveStepsOf(
    lastingFloor((i) => (i === 0 ? 0 : 1000 + i)),
    4,
    1000,
  );
  assert.ok(steps > 13, `${steps}`);
});
