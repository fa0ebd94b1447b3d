import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absent } from '../model/reading.ts';
import { conditionForTests, probeForTests, vitalsForTests } from './conditionForTests.ts';
import { hostGauges, probeSamples } from './conditionSamples.ts';

test('what is not known of the host is absent, not nothing', () => {
  assert.deepEqual(hostGauges({ ...conditionForTests(), stage: 'stalling', vitals: vitalsForTests({ memoryFull: 0.314 }) }), {
    latencyUs: 1000,
    stallPercent: 31,
    stageRank: 3,
  });
  assert.deepEqual(hostGauges({ ...conditionForTests(), stage: 'healthy', vitals: null }), {
    latencyUs: absent,
    stallPercent: absent,
    stageRank: 0,
  });
});

test('of a probe its last answer is kept, or how long the next has been waited for, and nothing where none came', () => {
  const latest = { atMs: 0, latencyMs: 12.5, failure: null };
  const refused = { atMs: 0, latencyMs: null, failure: 'refused' };
  const kept = (change: Parameters<typeof probeForTests>[0]) => {
    const [row] = probeSamples({ probes: [probeForTests(change)] }, 5);
    return [row?.subject.id, row?.sample.timeMs, row?.sample.latencyUs];
  };
  assert.deepEqual(kept({ latest, waitingMs: null }), ['probe:ssh://127.0.0.1:22', 5, 12_500]);
  assert.deepEqual(kept({ latest, waitingMs: 4 }), ['probe:ssh://127.0.0.1:22', 5, 12_500]);
  assert.deepEqual(kept({ latest, waitingMs: 8000 }), ['probe:ssh://127.0.0.1:22', 5, 8_000_000]);
  assert.deepEqual(kept({ latest: refused, waitingMs: null }), ['probe:ssh://127.0.0.1:22', 5, absent]);
});
