import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stage, Vitals } from '../model/cascade.ts';
import { absent } from '../model/reading.ts';
import { vitalsForTests } from './conditionForTests.ts';
import { newStageTrack, nextStage, type StageTrack, stageOf } from './stage.ts';
import { recordedVitals } from './tracesForTests.ts';

/** The stages gone through, each once for each time it was entered. */
function pathOf(all: readonly Vitals[]): { path: Stage[]; tracks: StageTrack[] } {
  const path: Stage[] = [];
  const tracks: StageTrack[] = [];
  let track = newStageTrack(all[0]?.timeMs ?? 0);
  for (const vitals of all) {
    track = nextStage(track, vitals);
    if (track.stage !== path.at(-1)) path.push(track.stage);
    tracks.push(track);
  }
  return { path, tracks };
}

test('recorded: swap fills, the server starves, php-fpm is restarted, the same again: told in that order', () => {
  const { path, tracks } = pathOf(recordedVitals('storm-then-restart.csv', 524_284));
  assert.deepEqual(path.slice(0, 5), ['healthy', 'filling', 'swapping', 'stalling', 'starving']);
  assert.equal(path.at(-1), 'killing');
  assert.ok(path.length <= 8, `no flapping: ${path.join(' ')}`);
  const starving = tracks.find(({ stage }) => stage === 'starving');
  assert.match(
    starving?.because.map(({ text }) => text).join(', ') ?? '',
    /PSI memory full \d+ %, [\d.]+ MiB of RAM available \([\d.]+ %\), swap [\d.]+ % free/,
  );
});

test('recorded: a cgroup at its own limit takes global pressure to 98 %, and the host is not short', () => {
  const { path } = pathOf(recordedVitals('throttled-cgroup.csv', 0));
  assert.ok(!path.includes('stalling') && !path.includes('starving'), path.join(' '));
});

test('recorded: no swap, stalls, the kernel kills', () => {
  const { path } = pathOf(recordedVitals('no-swap-kill.csv', 0));
  assert.ok(path.includes('killing'), path.join(' '));
  assert.ok(path.indexOf('stalling') < path.indexOf('killing') && path.includes('stalling'), path.join(' '));
});

const cases: [Stage, Partial<Vitals>][] = [
  ['healthy', {}],
  ['healthy', { memorySome: 0.97, memoryFull: 0.18 }],
  ['healthy', { headroomEndsMs: 600_000, memAvailableRatio: 0.8 }],
  ['filling', { memAvailableRatio: 0.08 }],
  ['healthy', { memAvailableRatio: 0.08, memAvailableBytes: 20 * 1024 ** 3 }],
  ['filling', { memAvailableRatio: 0.3, headroomEndsMs: 1_200_000 }],
  ['swapping', { swapOutBytes: 2e6 }],
  ['swapping', { swapInBytes: 2e6, memoryFull: 0.01 }],
  ['stalling', { memoryFull: 0.15, memAvailableRatio: 0.05 }],
  ['stalling', { memoryFull: 0.15, directReclaims: 40 }],
  ['stalling', { memoryFull: 0.5, memAvailableRatio: 0.05, swapFreeRatio: 0.5 }],
  ['starving', { memoryFull: 0.5, memAvailableRatio: 0.02, swapFreeRatio: 0.01 }],
  ['starving', { memoryFull: 0.3, memAvailableRatio: 0.02, swapTotalBytes: 0, swapFreeRatio: absent }],
  ['stalling', { memoryFull: absent, memAvailableRatio: 0.05, directReclaims: 80 }],
  ['starving', { memoryFull: absent, memAvailableRatio: 0.02, directReclaims: 400, swapTotalBytes: 0, swapFreeRatio: absent }],
  ['filling', { memoryFull: absent, memAvailableRatio: 0.05, directReclaims: 3 }],
  ['killing', { oomKills: 1 }],
];
for (const [stage, change] of cases) {
  test(`${stage}: ${
    Object.entries(change)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ') || 'a calm server'
  }`, () => {
    const { stage: found, because } = stageOf(vitalsForTests(change), 'healthy');
    assert.equal(found, stage);
    assert.equal(because.length > 0, stage !== 'healthy', 'a stage is told with its numbers');
  });
}

test('what a kernel does not tell is no reason for a stage', () => {
  const unknown = vitalsForTests({
    memAvailableRatio: absent,
    memAvailableBytes: absent,
    swapFreeRatio: absent,
    swapTotalBytes: absent,
    memoryFull: absent,
    memorySome: absent,
    swapInBytes: absent,
    swapOutBytes: absent,
    directReclaims: absent,
    oomKills: absent,
  });
  assert.deepEqual(stageOf(unknown, 'healthy'), { stage: 'healthy', because: [] });
});

test('worse is believed at the second look, better after a minute, and halfway marks do not flap', () => {
  const at = (seconds: number, change: Partial<Vitals>) => vitalsForTests({ timeMs: seconds * 1000, ...change });
  const stalled = { memoryFull: 0.12, memAvailableRatio: 0.05 };
  let track = nextStage(newStageTrack(0), at(0, stalled));
  assert.equal(track.stage, 'healthy', 'one look may be chance');
  track = nextStage(track, at(10, stalled));
  assert.deepEqual([track.stage, track.sinceMs], ['stalling', 10_000]);
  for (let seconds = 20; seconds < 120; seconds += 10) track = nextStage(track, at(seconds, { memoryFull: 0.07, memAvailableRatio: 0.09 }));
  assert.equal(track.stage, 'stalling', 'below what it takes to enter, above what it takes to leave');
  track = nextStage(track, at(120, {}));
  track = nextStage(track, at(130, {}));
  assert.equal(track.stage, 'stalling');
  assert.deepEqual(
    track.because.map(({ text }) => text),
    ['easing for 10 s'],
    'what was true is not told as if it were',
  );
  track = nextStage(track, at(180, {}));
  assert.equal(track.stage, 'healthy');
  assert.equal(nextStage(track, at(181, { oomKills: 2 })).stage, 'killing', 'a kill is no chance');
});
