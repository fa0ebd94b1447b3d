import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Label } from './case.ts';
import { classAccuracy, coverage, falseAlarmList, familyScores, reliability, score, timeToDetect, urgency, wilson } from './metrics.ts';
import type { Outcome } from './runner.ts';

const hour = 3_600_000;

interface Said {
  label: Label;
  hitH?: number;
  firstH?: number;
  final?: 'leak' | 'no-leak';
  onsetH?: number;
  probability?: number;
}

/** A series of 100 hours that leaks (or not) from its start towards a wall at 200 hours. */
function outcome({ label, hitH, firstH, final = 'no-leak', onsetH = 0, probability = 0 }: Said): Outcome {
  const first = firstH ?? hitH;
  return {
    truth: {
      id: `${label}#1`,
      family: label,
      group: 'test',
      seed: 1,
      label,
      resource: 'memory',
      alsoLeaks: [],
      expectedClasses: label === 'leak' ? ['leak'] : ['flat'],
      onsetMs: label === 'leak' ? onsetH * hour : null,
      exhaustionMs: label === 'leak' ? 200 * hour : null,
      wallVisible: true,
      trueSlopePerHour: label === 'leak' ? 1000 : null,
    },
    detector: 'd',
    startMs: 0,
    endMs: 100 * hour,
    firstLeakMs: first === undefined ? null : first * hour,
    firstHitMs: hitH === undefined ? null : hitH * hour,
    firstSuspectMs: null,
    firstUrgentMs: null,
    leakSpells: 1,
    sideAlarms: [],
    final: { verdict: final, class: final === 'leak' ? 'leak' : 'flat', probability, onsetMs: null },
    checkpoints: [],
  };
}

test('Wilson interval of 8 in 10', () => {
  const share = wilson(8, 10);
  assert.equal(share.value, 0.8);
  assert.ok(Math.abs(share.low - 0.4902) < 1e-3 && Math.abs(share.high - 0.9433) < 1e-3);
  assert.ok(Number.isNaN(wilson(0, 0).value));
});

test('an alarm that is taken back is false by the one protocol and forgiven by the other', () => {
  const outcomes = [
    outcome({ label: 'leak', hitH: 20, final: 'leak' }),
    outcome({ label: 'healthy', firstH: 5 }),
    outcome({ label: 'healthy' }),
  ];
  const ever = score(outcomes, 'ever');
  assert.equal(ever.precision.value, 0.5);
  assert.equal(ever.recall.value, 1);
  assert.equal(ever.falseAlarmRate.value, 0.5);
  assert.equal(score(outcomes, 'final').precision.value, 1);
});

test('an alarm before the onset is false, and does not find the leak', () => {
  const early = outcome({ label: 'leak', firstH: 10, onsetH: 50 });
  const result = score([early], 'ever');
  assert.deepEqual([result.precision.hits, result.precision.of, result.recall.hits], [0, 1, 0]);
});

test('an alarm on what does not leak is false even on a series that was found', () => {
  const both = { ...outcome({ label: 'leak', hitH: 20 }), sideAlarms: [{ resource: 'fds' as const, timeMs: hour }] };
  const result = score([both], 'ever');
  assert.deepEqual([result.recall.value, result.precision.value], [1, 0.5]);
});

test('who is woken is told apart from what is accused', () => {
  const outcomes = [
    { ...outcome({ label: 'leak', hitH: 20 }), firstUrgentMs: 30 * hour },
    { ...outcome({ label: 'healthy', firstH: 5 }), firstUrgentMs: 5 * hour },
    outcome({ label: 'healthy', firstH: 5 }),
  ];
  const { found, accused } = urgency(outcomes);
  assert.deepEqual([found.hits, found.of, accused.hits, accused.of], [1, 1, 1, 2]);
});

test('ambiguous series are never scored', () => {
  const outcomes = [outcome({ label: 'ambiguous', firstH: 1, final: 'leak', probability: 1 })];
  assert.equal(score(outcomes, 'ever').precision.of, 0);
  assert.deepEqual(familyScores(outcomes), []);
  assert.equal(reliability(outcomes).error, 0);
  assert.deepEqual(falseAlarmList(outcomes).series, []);
});

test('families name the series that went wrong', () => {
  const [leak] = familyScores([outcome({ label: 'leak' }), outcome({ label: 'leak', hitH: 5, final: 'leak' })]);
  assert.deepEqual([leak?.ever.hits, leak?.ever.of, leak?.wrongEver], [1, 2, ['leak#1']]);
});

test('time to detect is a share of the way from onset to exhaustion', () => {
  const result = timeToDetect([
    outcome({ label: 'leak', hitH: 60, onsetH: 50 }),
    outcome({ label: 'leak', hitH: 20 }),
    outcome({ label: 'leak' }),
  ]);
  assert.equal(result.count, 2);
  assert.ok(Math.abs(result.median - (10 / 150 + 0.1) / 2) < 1e-9);
});

test('coverage counts intervals of leak verdicts that hold the truth', () => {
  const point = {
    share: 0.5,
    timeMs: 50 * hour,
    verdict: 'leak' as const,
    probability: 1,
    slope: { perHour: 1100, low: 1050, high: 1150 },
    exhaustion: { atMs: 215 * hour, lowMs: 190 * hour, highMs: 230 * hour },
  };
  const covered = coverage([{ ...outcome({ label: 'leak', hitH: 1 }), checkpoints: [point] }]);
  assert.deepEqual([covered.slope.hits, covered.slope.of], [0, 1]);
  assert.deepEqual([covered.exhaustion.hits, covered.exhaustion.of], [1, 1]);
  assert.ok(Math.abs(covered.exhaustionError - 0.1) < 1e-9);
});

test('reliability: what was said against what was true', () => {
  const outcomes = [
    outcome({ label: 'leak', probability: 0.95 }),
    outcome({ label: 'healthy', probability: 0.95 }),
    outcome({ label: 'healthy', probability: 0 }),
  ];
  const { bins, error } = reliability(outcomes);
  assert.deepEqual([bins[9]?.count, bins[9]?.leakShare, bins[0]?.count], [2, 0.5, 1]);
  assert.ok(Math.abs(error - (0.45 * 2) / 3) < 1e-9);
});

test('classes count for healthy series, and for leaks that were found', () => {
  const right = classAccuracy([outcome({ label: 'leak', final: 'leak' }), outcome({ label: 'leak' }), outcome({ label: 'healthy' })]);
  assert.deepEqual([right.hits, right.of], [2, 2]);
});

test('false alarms are listed with the time, over the weeks of healthy watching', () => {
  const list = falseAlarmList([outcome({ label: 'healthy', firstH: 7 }), outcome({ label: 'healthy' })]);
  assert.deepEqual(list.series, [{ id: 'healthy#1', atH: 7, of: 'memory' }]);
  assert.ok(Math.abs(list.weeks - 200 / 168) < 1e-9);
});
