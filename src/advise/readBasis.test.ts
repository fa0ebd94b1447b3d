/** What a limit may stand on, from a store with a history as servers have it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { emptySample } from '../model/gauge.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import { openStore } from '../series/embeddedStore.ts';
import { folderFor, hour, keepAll, minute, sampleAt, startMs, workload } from '../series/storeForTests.ts';
import { readBasis } from './readBasis.ts';

const MiB = 1024 ** 2;
const subject = workload('shop');

function leakSince(onsetMs: number): SubjectVerdict {
  const slope = { perHour: 100 * MiB, low: 90 * MiB, high: 110 * MiB, unit: 'bytes' as const };
  const memory = {
    resource: 'memory' as const,
    verdict: 'leak' as const,
    class: 'leak' as const,
    probability: 0.99,
    onset: new Date(onsetMs).toISOString(),
    detectedAt: null,
    slope,
    exhaustion: null,
    reasons: [],
    urgency: { level: 'soon' as const, text: '' },
  };
  return { ...memory, subject: subject.name, resources: [memory] };
}

/** Three lives of six hours: each needs 100 MiB for an hour, and then leaks until it holds 600. The last is the one that runs. */
function healthyBytes(t: TestContext, onsetMs: number): number | null {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  store.putSubject(subject, startMs);
  const endMs = startMs + 18 * hour;
  const lifeOf = (timeMs: number) => startMs + Math.floor((timeMs - startMs) / (6 * hour)) * 6 * hour;
  for (let timeMs = startMs; timeMs < endMs; timeMs += minute) {
    const ageMs = timeMs - lifeOf(timeMs);
    const anonBytes = (100 + Math.max(0, (ageMs / hour - 1) * 100)) * MiB;
    store.append(timeMs, [{ subjectId: subject.id, sample: sampleAt(timeMs, { anonBytes, startTimeMs: lifeOf(timeMs) }) }]);
  }
  const sample = { ...emptySample(endMs), startTimeMs: startMs + 12 * hour };
  const scan = { processes: [], workloads: [{ subject, sample, memberIds: [], zombies: 0 }] };
  return readBasis(subject.id, { scan, verdict: leakSince(onsetMs), store, nowMs: endMs, requestsPerHour: null }).healthyBytes;
}

test('what a leaking service held at the end of its earlier lives is not what it needs', (t) => {
  assert.equal(healthyBytes(t, startMs + 12 * hour + 50 * minute), 100 * MiB);
});

test('a leak that is older than the life that runs: what it held before that began', (t) => {
  assert.equal(healthyBytes(t, startMs + 50 * minute), 100 * MiB);
});
