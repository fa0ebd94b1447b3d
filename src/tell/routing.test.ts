import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { untold } from '../model/settings.ts';
import { type Delivery, failed } from './delivery.ts';
import { channelOf, hourMs, incidentOf, messageForTests, startMs } from './incidentsForTests.ts';
import { isOnCall } from './onCall.ts';
import { nextMessage, type Told } from './routing.ts';

const settings = untold.notify;
const incident = incidentOf();
const told = (changes: Partial<Told> = {}): Told => ({
  kind: 'opened',
  severity: 'warning',
  subjectName: incident.subjectName,
  atMs: startMs,
  ...changes,
});
const next = (changes: Partial<typeof incident>, before: Told | null, atMs = startMs, channel = channelOf()) =>
  nextMessage({ ...incident, ...changes }, channel, before, settings, atMs);

describe('who is told what', () => {
  test('once when it opens, again when it gets worse, now and then while nobody answers, and when it is over', () => {
    assert.equal(next({}, null), 'opened');
    assert.equal(next({}, told()), null);
    assert.equal(next({ severity: 'critical' }, told()), 'worse');
    assert.equal(next({ severity: 'warning' }, told({ severity: 'critical' })), null);
    assert.equal(next({ subjectName: 'shop' }, told({ subjectName: 'the server' })), 'culprit');
    assert.equal(next({}, told(), startMs + settings.remindMs), 'reminder');
    assert.equal(next({ state: 'acknowledged' }, told(), startMs + settings.remindMs), null);
    assert.equal(next({ state: 'resolved' }, told()), 'resolved');
    assert.equal(next({ state: 'resolved' }, told({ kind: 'resolved' })), null);
    assert.equal(next({ state: 'resolved' }, null), null, 'who never heard of it need not hear of its end');
    assert.equal(next({ state: 'recurred' }, told({ kind: 'resolved' })), 'recurred');
  });
  test('nobody while it is silenced, nobody below the severity they asked for', () => {
    assert.equal(next({ state: 'silenced' }, null), null);
    assert.equal(next({}, null, startMs, channelOf({ leastSeverity: 'critical' })), null);
  });
  test('the next one when nobody acknowledged in time', () => {
    const second = channelOf({ step: 1 });
    assert.equal(next({}, null, startMs + settings.escalateAfterMs - 1, second), null);
    assert.equal(next({}, null, startMs + settings.escalateAfterMs, second), 'escalated');
    assert.equal(next({ state: 'acknowledged' }, null, startMs + hourMs, second), null);
    assert.equal(next({}, null, startMs + settings.escalateAfterMs, channelOf({ step: 2 })), null);
  });
  test('after a silence the first ones at once, and the next when nobody acknowledged since', () => {
    const heard = { state: 'open', stateSinceMs: startMs + hourMs } as const;
    const second = channelOf({ step: 1 });
    assert.equal(next(heard, told(), startMs + hourMs), 'reminder');
    assert.equal(next(heard, told({ kind: 'reminder', atMs: startMs + hourMs }), startMs + hourMs + 1000), null);
    assert.equal(next(heard, told({ kind: 'worse', atMs: startMs }), startMs + 1000), null, 'the clock was set back');
    assert.equal(next(heard, null, startMs + hourMs + settings.escalateAfterMs - 1, second), null);
    assert.equal(next(heard, null, startMs + hourMs + settings.escalateAfterMs, second), 'escalated');
  });
  test('nobody outside their hours, of the end neither; where an alert stands it is ended', () => {
    const hours = { days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 600, toMinute: 660 };
    const at = (hour: number) => new Date(startMs).setHours(hour, 30, 0, 0);
    const channel = channelOf({ hours });
    const pagerduty = { ...channel, kind: 'pagerduty', url: { value: 'http://x' }, key: { value: 'k' } } as const;
    assert.equal(next({}, null, at(11), channel), null);
    assert.equal(next({}, null, at(10), channel), 'opened');
    assert.equal(next({ state: 'resolved' }, told(), at(11), channel), null);
    assert.equal(next({ state: 'resolved' }, told(), at(10), channel), 'resolved');
    assert.equal(next({ state: 'resolved' }, told(), at(11), pagerduty), 'resolved');
  });
  test('Alertmanager each minute, also while it is acknowledged here: it takes silence for the end', () => {
    const alertmanager = { ...channelOf(), kind: 'alertmanager' as const, url: { value: 'http://x' } };
    assert.equal(next({ state: 'acknowledged' }, told(), startMs + 60_000, alertmanager), 'reminder');
    assert.equal(next({}, told(), startMs + 59_000, alertmanager), null);
  });
});

test('on call: days, hours, and a night over midnight that belongs to the day it begins', () => {
  const at = (text: string) => new Date(`${text}`).getTime();
  const office = { days: [1, 2, 3, 4, 5], fromMinute: 480, toMinute: 1080 };
  assert.equal(isOnCall(null, startMs), true);
  assert.equal(isOnCall(office, at('2026-01-02T08:00:00')), true);
  assert.equal(isOnCall(office, at('2026-01-02T18:00:00')), false);
  assert.equal(isOnCall(office, at('2026-01-03T09:00:00')), false);
  const fridayNight = { days: [5], fromMinute: 1320, toMinute: 360 };
  assert.equal(isOnCall(fridayNight, at('2026-01-03T05:59:00')), true);
  assert.equal(isOnCall(fridayNight, at('2026-01-02T05:59:00')), false);
});

test('tried again after ever longer times, and given up in the end', () => {
  const message = messageForTests();
  let delivery: Delivery = {
    key: 'k',
    channel: 'ops',
    incidentId: 'i',
    message,
    state: 'pending',
    attempts: 0,
    nextMs: 0,
    batch: null,
    error: null,
  };
  const waits: number[] = [];
  for (delivery = failed(delivery, 'refused', 0, 0.5); delivery.state === 'pending'; delivery = failed(delivery, 'refused', 0, 0.5)) {
    waits.push(delivery.nextMs);
  }
  assert.deepEqual(waits.slice(0, 3), [15_000, 30_000, 60_000]);
  assert.equal(Math.max(...waits), 1_800_000);
  assert.ok(waits.length >= 90);
});
