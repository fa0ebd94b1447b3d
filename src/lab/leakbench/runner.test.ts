import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySample } from '../../model/gauge.ts';
import type { Resource, ResourceVerdict, VerdictWord } from '../../model/verdict.ts';
import type { BenchCase } from './case.ts';
import type { DetectorEntry } from './detector.ts';
import { runCase } from './runner.ts';

function caseOf(label: BenchCase['label'], onsetMs: number | null): BenchCase {
  return {
    id: 'case#0',
    family: 'case',
    group: 'test',
    seed: 0,
    label,
    resource: 'memory',
    alsoLeaks: [],
    expectedClasses: [],
    onsetMs,
    exhaustionMs: null,
    wallVisible: false,
    trueSlopePerHour: null,
    samples: Array.from({ length: 101 }, (_, index) => emptySample(index * 1000)),
  };
}

function said(resource: Resource, verdict: VerdictWord): ResourceVerdict {
  return {
    resource,
    verdict,
    class: 'unknown',
    probability: verdict === 'leak' ? 0.9 : 0.1,
    onset: null,
    detectedAt: null,
    slope: { perHour: 5, low: 4, high: 6, unit: 'bytes' },
    exhaustion: null,
    urgency: { level: 'none', text: '' },
    reasons: [],
  };
}

/** Says what the script has for the number of the sample. */
function scripted(script: (index: number) => ResourceVerdict[]): DetectorEntry {
  return {
    name: 'scripted',
    create: () => {
      let index = -1;
      return {
        push() {
          index += 1;
        },
        verdict() {
          const resources = script(index);
          const worst = resources[0] ?? said('memory', 'undecided');
          return { ...worst, subject: 'case', resources };
        },
        get revision() {
          return index;
        },
      };
    },
  };
}

test('takes down the first alarm, the first one after the onset, and how often it came', () => {
  const inSpells = (index: number) => ((index >= 10 && index < 20) || index >= 60 ? 'leak' : 'no-leak');
  const outcome = runCase(
    caseOf('leak', 50_000),
    scripted((index) => [said('memory', inSpells(index))]),
  );
  assert.equal(outcome.firstLeakMs, 10_000);
  assert.equal(outcome.firstHitMs, 60_000);
  assert.equal(outcome.leakSpells, 2);
  assert.equal(outcome.final.verdict, 'leak');
});

test('an alarm on another resource is taken down as such, and does not find the leak', () => {
  const outcome = runCase(
    caseOf('leak', 0),
    scripted((index) => [said('fds', index >= 30 ? 'leak' : 'no-leak'), said('memory', 'no-leak')]),
  );
  assert.deepEqual(outcome.sideAlarms, [{ resource: 'fds', timeMs: 30_000 }]);
  assert.equal(outcome.firstHitMs, null);
});

test('forecasts are taken at shares of the way from the onset to the end', () => {
  const outcome = runCase(
    caseOf('leak', 20_000),
    scripted(() => [said('memory', 'leak')]),
  );
  assert.deepEqual(
    outcome.checkpoints.map(({ share, timeMs }) => [share, timeMs]),
    [
      [0.25, 40_000],
      [0.5, 60_000],
      [0.75, 80_000],
      [1, 100_000],
    ],
  );
  assert.deepEqual(outcome.checkpoints[0]?.slope, { perHour: 5, low: 4, high: 6 });
});
