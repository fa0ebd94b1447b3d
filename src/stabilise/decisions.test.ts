/** Policy, breaker and proof: what may be done, what is not done again, and whether it helped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action, ActionPlan } from '../model/action.ts';
import { observeOnly } from '../model/settings.ts';
import { whyNotAgain } from './breaker.ts';
import { matches, policyFor } from './policy.ts';
import { proofOf } from './proof.ts';

const MiB = 1_048_576;
const minute = 60_000;
const nowMs = Date.parse('2026-03-01T12:00:00Z');
const plan: ActionPlan = {
  kind: 'restart',
  subjectId: 'w-1',
  subjectName: 'shop.service',
  reason: '',
  steps: [],
  risk: null,
  undoable: false,
  expectedBytes: 400 * MiB,
};

function action(agoMs: number, change: Partial<Action> = {}): Action {
  return {
    id: `a-${agoMs}`,
    atMs: nowMs - agoMs,
    by: 'policy',
    plan,
    state: 'done',
    stepsDone: 1,
    error: null,
    endedMs: nowMs,
    proof: null,
    ...change,
  };
}

const measured = (privateMiB: number, headroomMiB: number, runs = true) => ({
  runs,
  privateBytes: privateMiB * MiB,
  headroomBytes: headroomMiB * MiB,
  sharedBytes: 20 * MiB,
  memTotalBytes: 1024 * MiB,
});

test('nothing is done unless the owner says so, and the first pattern that fits counts', () => {
  assert.equal(policyFor(observeOnly, 'shop.service', [], nowMs).mode, 'observe');
  const workloads = [
    { pattern: 'php-fpm: pool *', mode: 'automatic' as const, actions: ['recycle' as const] },
    { pattern: '*', mode: 'suggest' as const, actions: ['restart' as const] },
  ];
  const policy = { ...observeOnly, workloads, neverTouch: ['mariadb*'] };
  assert.deepEqual(policyFor(policy, 'php-fpm: pool shop, PHP 8.2', [], nowMs), {
    mode: 'automatic',
    actions: ['recycle'],
    holdsBack: null,
    recycles: false,
  });
  assert.equal(policyFor(policy, 'nginx.service', [], nowMs).mode, 'suggest');
  assert.equal(policyFor({ ...policy, mode: 'automatic' }, 'mariadb.service', [], nowMs).mode, 'observe');
});

test('a star stands for anything, and nothing else is special', () => {
  for (const [pattern, name] of [
    ['*', ''],
    ['a*c', 'abc'],
    ['a*c', 'ac'],
    ['*.service', 'x.service'],
    ['a*b*c', 'a-b-c'],
  ] as const)
    assert.ok(matches(pattern, name), `${pattern} ${name}`);
  for (const [pattern, name] of [
    ['a*c', 'abd'],
    ['ab*ba', 'aba'],
    ['a.c', 'abc'],
    ['', 'a'],
    ['a*b*c', 'a-c-b'],
  ] as const)
    assert.ok(!matches(pattern, name), `${pattern} ${name}`);
});

test('hours, cool-down and the most an hour hold back what would be done by itself', () => {
  const policy = { ...observeOnly, mode: 'automatic' as const, mostAnHour: 2 };
  const other = { ...plan, subjectName: 'other' };
  const why = (actions: Action[], change = {}) => policyFor({ ...policy, ...change }, 'shop.service', actions, nowMs).holdsBack;
  assert.equal(why([]), null);
  assert.match(why([action(10 * minute)]) ?? '', /acted on 10 min ago; it is let alone for 30 min/);
  assert.equal(why([action(40 * minute)]), null);
  assert.match(why([action(40 * minute), action(50 * minute, { plan: other })]) ?? '', /2 actions .* the most/);
  const now = new Date(nowMs).getHours() * 60;
  assert.equal(why([], { window: { fromMinute: now, toMinute: now + 60 } }), null);
  assert.match(why([], { window: { fromMinute: now + 60, toMinute: now } }) ?? '', /outside of the hours/);
  assert.equal(why([], { window: { fromMinute: now - 60, toMinute: now - 120 } }), null, 'over midnight');
});

test('what did not help is not done again; what is needed again and again is no cure', () => {
  const unhelpful = {
    helped: false,
    sentence: 'nothing came back',
    beforeBytes: 0,
    afterBytes: 0,
    availableBeforeBytes: null,
    availableAfterBytes: null,
    afterMs: 0,
    boughtMs: null,
    probes: [],
  };
  const why = (...actions: Action[]) => whyNotAgain(actions, 'restart', 'w-1', nowMs);
  assert.equal(why(), null);
  assert.match(why(action(30 * minute, { proof: unhelpful })) ?? '', /did not help 30 min ago: nothing came back/);
  assert.equal(why(action(7 * 60 * minute, { proof: unhelpful })), null);
  assert.equal(why(action(30 * minute, { proof: { ...unhelpful, helped: true } })), null);
  assert.match(why(action(minute, { state: 'failed', error: 'no' })) ?? '', /failed 1 min ago: no/);
  assert.match(why(action(50 * minute), action(30 * minute), action(10 * minute)) ?? '', /3 times within the last hour/);
  assert.equal(whyNotAgain([action(minute, { proof: unhelpful })], 'recycle', 'w-1', nowMs), null);
});

test('a restart that gives the memory back has helped, and says for how long', () => {
  const proof = proofOf(plan, measured(400, 20), measured(30, 380), 8000, 100 * MiB, [{ name: 'ssh', recovered: true }]);
  assert.ok(proof.helped);
  assert.equal(proof.boughtMs, 3.7 * 3_600_000);
  assert.match(
    proof.sentence,
    /400 MiB before, 30 MiB after\. The server has 360 MiB more to spare\. At its rate that lasts 3 h 42 min\. ssh answer as usual again\./,
  );
});

test('one that does not is seen: the leak is in tmpfs, or the memory is taken again at once', () => {
  const tmpfs = proofOf({ ...plan, expectedBytes: 8 * MiB }, measured(8, 20), measured(1, 27), 8000, null, []);
  assert.equal(tmpfs.helped, false);
  assert.match(tmpfs.sentence, /elsewhere: stanch where/);
  const again = proofOf(plan, measured(400, 20), measured(380, 40), 8000, null, []);
  assert.equal(again.helped, false);
  assert.match(again.sentence, /holds as much again already/);
  assert.doesNotMatch(`${tmpfs.sentence} ${again.sentence}`, /tmpfs/, 'the server has hardly any');
  const spool = { sharedBytes: 300 * MiB };
  const written = proofOf(plan, { ...measured(52, 100), sharedBytes: 180 * MiB }, { ...measured(52, 20), ...spool }, 8000, null, []);
  assert.match(written.sentence, /And 300 MiB are shared memory and files in tmpfs, which no restart gives back: stanch where\.$/);
  const gaveBack = proofOf(plan, { ...measured(8, 100), ...spool }, { ...measured(1, 400), sharedBytes: 150 * MiB }, 8000, null, []);
  assert.doesNotMatch(gaveBack.sentence, /no restart gives back/, 'this one did');
  const large = { memTotalBytes: 256 * 1024 * MiB };
  const own = { ...plan, expectedBytes: 103 * MiB };
  assert.ok(
    proofOf(own, { ...measured(103, 9000), ...large }, { ...measured(15, 9088), ...large }, 8000, null, []).helped,
    'on a large server',
  );
  const taken = proofOf(plan, measured(400, 20), measured(10, 25), 8000, null, []);
  assert.ok(taken.helped);
  assert.match(taken.sentence, /Others took memory/);
});

test('a service that stays away after its restart is no success, whatever it gave back', () => {
  const away = proofOf(plan, measured(400, 20), measured(0, 410, false), 60_000, null, []);
  assert.equal(away.helped, false);
  assert.match(away.sentence, /^shop\.service was not seen running again: look whether it starts\. 400 MiB before, 0 B after\./);
  assert.ok(proofOf({ ...plan, kind: 'kill' }, measured(400, 20), measured(0, 410, false), 60_000, null, []).helped);
});
