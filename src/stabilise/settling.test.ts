import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settling } from './settling.ts';

const MiB = 1_048_576;

/** One look a second: private memory and headroom in MiB, and whether it runs. Which look was the last. */
function endsAt(looks: readonly (readonly [number, number, boolean])[], comesBack = true): number {
  const measured = looks.map(([privateMiB, headroomMiB, runs], second) => ({
    timeMs: second * 1000,
    privateBytes: privateMiB * MiB,
    headroomBytes: headroomMiB * MiB,
    runs,
    sharedBytes: null,
    memTotalBytes: 720 * MiB,
  }));
  const [first] = measured;
  assert.ok(first !== undefined);
  const settling = new Settling(first.privateBytes, comesBack, first);
  return measured.findIndex((look, index) => index > 0 && settling.look(look));
}

test('workers that are ending, and memory that is still coming back, are not the end of a restart', () => {
  const looks = [
    [904, 40, true],
    [0, 60, false],
    [0, 180, false],
    [20, 400, true],
    [54, 700, true],
    [55, 850, true],
    [56, 851, true],
  ] as const;
  assert.equal(endsAt(looks), 6);
});

test('what is ended for good needs nobody to run; what leaks fast is given ten seconds; what never came back has no end', () => {
  assert.equal(
    endsAt(
      [
        [400, 20, true],
        [0, 410, false],
        [0, 411, false],
      ],
      false,
    ),
    2,
  );
  const fast = Array.from({ length: 20 }, (_, second) => [second === 0 ? 900 : 20 * second, 100, true] as const);
  assert.equal(endsAt(fast), 11);
  assert.equal(endsAt(Array.from({ length: 20 }, () => [400, 20, true] as const)), -1);
});
