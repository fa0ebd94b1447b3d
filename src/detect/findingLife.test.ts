import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subject } from '../model/subject.ts';
import type { ResourceVerdict, VerdictWord } from '../model/verdict.ts';
import { type FindingTrack, findingPace, stepFinding } from './findingLife.ts';

const subject: Subject = { id: 'w-1', kind: 'workload', name: 'web' };
const pace = findingPace(10_000);
const none: FindingTrack = { finding: null, pullingSinceMs: null };

function verdict(word: VerdictWord): ResourceVerdict {
  return {
    resource: 'memory',
    verdict: word,
    class: 'unknown',
    probability: 0.5,
    onset: null,
    detectedAt: null,
    slope: null,
    exhaustion: null,
    urgency: { level: 'none', text: '' },
    reasons: [],
  };
}

/** A step every 10 s with the words in turn; `gone` is a subject that is not there. */
function live(words: (VerdictWord | 'gone')[], track = none, fromMs = 1_000_000): { states: (string | undefined)[]; track: FindingTrack } {
  let at = fromMs;
  const states = words.map((word) => {
    track = stepFinding(track, subject, word === 'gone' ? null : verdict(word), at, pace);
    at += 10_000;
    return track.finding?.state;
  });
  return { states, track };
}

const times = <T>(count: number, word: T): T[] => Array.from({ length: count }, () => word);

test('a leak is told at once, and only once', () => {
  const { states, track } = live(['undecided', 'leak', 'leak']);
  assert.deepEqual(states, [undefined, 'confirmed', 'confirmed']);
  assert.equal(track.finding?.stateSinceMs, 1_010_000);
  assert.equal(track.finding?.lastSeenMs, 1_020_000);
});

test('a suspicion must last before it is told', () => {
  assert.deepEqual(live(['suspect', 'suspect', 'no-leak', ...times(6, 'suspect' as const)]).states.at(-1), undefined);
  assert.equal(live(times(7, 'suspect')).states.at(-1), 'suspect');
});

test('a leak that wavers stays one finding', () => {
  const { states } = live(['leak', 'suspect', 'no-leak', 'leak', 'undecided', ...times(50, 'no-leak' as const), 'leak']);
  assert.deepEqual(new Set(states), new Set(['confirmed']));
});

test('it is resolved when no leak lasts, and when its subject stays away', () => {
  assert.equal(live(['leak', ...times(61, 'no-leak' as const)]).states.at(-1), 'resolved');
  assert.equal(live(['leak', ...times(61, 'gone' as const)]).states.at(-1), 'resolved');
  assert.equal(live(['leak', ...times(200, 'undecided' as const)]).states.at(-1), 'confirmed');
});

test('what comes back is the same finding again; after a month it is a new one', () => {
  const { track } = live(['leak', ...times(61, 'no-leak' as const)]);
  const again = live([...times(20, 'suspect' as const), 'leak'], track, 5_000_000);
  assert.equal(again.states.at(-1), 'recurred');
  assert.equal(again.track.finding?.id, track.finding?.id);
  const later = live(['leak'], track, 40 * 86_400_000);
  assert.equal(later.states.at(-1), 'confirmed');
  assert.notEqual(later.track.finding?.id, track.finding?.id);
});

test('nothing to say is no new state', () => {
  assert.equal(stepFinding(none, subject, verdict('no-leak'), 5, pace), none);
});
