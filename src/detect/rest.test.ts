import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restOf } from './rest.ts';

const floorOf = (valueAt: (i: number) => number): Float64Array => Float64Array.from({ length: 64 }, (_, i) => valueAt(i));

test('an even line takes a tenth of the time for a tenth of the way, to its end', () => {
  const { longest, last } = restOf(
    floorOf((i) => i),
    64,
    1,
  );
  assert.ok(Math.abs(longest - 0.1) < 0.03, `longest ${longest}`);
  assert.ok(Math.abs(last - 0.1) < 0.05, `last ${last}`);
});

test('what is full rests longer than it ever did', () => {
  const { longest, last } = restOf(
    floorOf((i) => Math.min(i, 20)),
    64,
    1,
  );
  assert.ok(last > 0.6, `last ${last}`);
  assert.ok(longest < 0.1, `longest ${longest}`);
});

test('a leak that pauses as long as before has not ended', () => {
  const { longest, last } = restOf(
    floorOf((i) => 10 * Math.floor(i / 16)),
    64,
    1,
  );
  assert.ok(last <= longest + 0.02, `last ${last}, longest ${longest}`);
});

test('what a collector gives back later was no growth', () => {
  const teeth = restOf(
    floorOf((i) => ((i + 4) % 16) * 10),
    64,
    1,
  );
  assert.deepEqual(teeth, { longest: 1, last: 1 });
});
