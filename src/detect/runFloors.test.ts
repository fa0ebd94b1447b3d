import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SubjectWindow } from '../series/window.ts';
import { lifeOf, lifeOfRun } from './lives.ts';
import { RunFloors } from './runFloors.ts';

const second = 1000;
const day = 86_400 * second;

test('a run shows the life that a window of it would show, whatever the intervals and gaps', () => {
  const gapMs = fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 0, max: 20 * second }) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 3600 * second }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 * day }) },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(gapMs, fc.nat()), { minLength: 1, maxLength: 400 }), fc.constantFrom(1, 20, 600), (steps, slower) => {
      const window = new SubjectWindow(1);
      const run = new RunFloors();
      let timeMs = day;
      for (const [gap, value] of steps) {
        timeMs += gap * slower;
        window.push(timeMs, [value], Number.NaN);
        run.push(timeMs, value);
        assert.deepEqual(lifeOfRun(run), lifeOf(window, 0));
      }
    }),
    { numRuns: 60 },
  );
});
