import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnGarbage } from './ownGarbage.ts';

const mebi = 1 << 20;
const minuteMs = 60_000;

function meter(steps: { rssMiB: number; afterMiB?: number; atMs: number }[]): number[] {
  const collectedMs: number[] = [];
  let rssBytes = 0;
  let step = { rssMiB: 0, atMs: 0 } as (typeof steps)[number];
  const garbage = new OwnGarbage(
    () => {
      collectedMs.push(step.atMs);
      rssBytes = (step.afterMiB ?? step.rssMiB) * mebi;
    },
    () => rssBytes,
  );
  for (step of steps) {
    rssBytes = step.rssMiB * mebi;
    garbage.giveBack(rssBytes, step.atMs);
  }
  return collectedMs;
}

test('garbage is collected when it has become worth it, and at most once a minute', () => {
  const collectedMs = meter([
    { rssMiB: 70, atMs: 0 },
    { rssMiB: 71.9, atMs: 10_000 },
    { rssMiB: 72, afterMiB: 70, atMs: 20_000 },
    { rssMiB: 75, atMs: 30_000 },
    { rssMiB: 75, afterMiB: 70, atMs: 20_000 + minuteMs },
  ]);
  assert.deepEqual(collectedMs, [20_000, 20_000 + minuteMs]);
});

test('what is needed is not collected again and again', () => {
  const collectedMs = meter([
    { rssMiB: 70, atMs: 0 },
    { rssMiB: 80, afterMiB: 80, atMs: minuteMs },
    { rssMiB: 81, atMs: 3 * minuteMs },
    { rssMiB: 81.9, atMs: 4 * minuteMs },
    { rssMiB: 82, atMs: 5 * minuteMs },
  ]);
  assert.deepEqual(collectedMs, [minuteMs, 5 * minuteMs]);
});
