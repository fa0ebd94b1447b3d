import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridOf } from './blockGrid.ts';
import { saturations } from './saturations.ts';
import { centred } from './statistics.ts';

test('whatever windows were before, the shapes are those of the times at hand', () => {
  const count = 16;
  const floor = new Float64Array(count);
  // All begin and end alike; each has another block out of its place and another start of the process.
  for (const moved of [0, 5, 9, 5]) {
    const timeMs = Float64Array.from({ length: count }, (_, k) => (k === moved && k > 0 ? k + 0.75 : k + 0.5));
    for (const originMs of [0, -moved, -3]) {
      const frame = { fromMs: 0, spanMs: count, originMs };
      const shapes = gridOf({ count, timeMs, floor }, frame).shapesIn(timeMs, frame);
      const expected = saturations.map(({ since, at }) => {
        const column = timeMs.map((time) => at((since === 'window' ? time : time - originMs) / count));
        return centred(column, count);
      });
      assert.deepEqual(
        shapes.map(({ alone }) => alone),
        expected,
      );
    }
  }
});
