import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAgain, missingProof, type Suspicion, unsuspected } from './proof.ts';
import { evidenceOf, mib, minute, viewOf } from './samplesForTests.ts';

const hour = 3_600_000;
const startMs = Date.UTC(2026, 0, 1);
const begun: Suspicion = { ...unsuspected, spanMs: 40 * hour, seenMs: startMs };

/** One look an hour: `+` a likely leak, `?` suspected only, `.` neither. */
function after(looks: string, longestMs = 100 * hour): Suspicion {
  return [...looks].reduce<Suspicion>(
    (suspicion, look, i) => lookAgain(suspicion, { suspected: look !== '.', likely: look === '+', longestMs }, startMs + (i + 1) * hour),
    begun,
  );
}

test('a dip costs its own length, not all that was seen before it', () => {
  const { shownMs, likelyMs } = after('+++++.+');
  assert.deepEqual([shownMs, likelyMs], [5 * hour, 5 * hour]);
});

test('what is likely as often as not never becomes proof', () => {
  assert.ok(after('+?'.repeat(50)).likelyMs <= hour);
});

test('a suspicion ends when it has been gone for as long as it was there', () => {
  assert.ok(after('+++..').spanMs > 0);
  assert.deepEqual(after('+++....'), unsuspected);
});

test('what ends after weeks is forgotten as soon as what ends after a day', () => {
  assert.deepEqual(after(`${'+'.repeat(500)}${'.'.repeat(9)}`), unsuspected);
});

test('what is surely a leak need not have grown as much as what may be the work of the day', () => {
  const shown: Suspicion = { spanMs: hour, shownMs: 4 * hour, likelyMs: 4 * hour, seenMs: startMs };
  const straight = { ...evidenceOf(viewOf(minute, (i) => (1000 + 3 * i) * mib)), steadiness: 5 };
  const lackedAt = (probability: number) => missingProof(straight, hour, 'bytes', shown, false, probability)?.rule;
  assert.equal(lackedAt(0.55), 'more-than-usual');
  assert.equal(lackedAt(0.98), undefined);
});

test('work comes and goes: of what grows evenly less is asked for', () => {
  const shown: Suspicion = { spanMs: hour, shownMs: 4 * hour, likelyMs: 4 * hour, seenMs: startMs };
  const line = evidenceOf(viewOf(minute, (i) => (1000 + i) * mib));
  const lackedAt = (steadiness: number) => missingProof({ ...line, steadiness }, hour, 'bytes', shown, false, 0.98)?.rule;
  assert.equal(lackedAt(15), undefined);
  assert.equal(lackedAt(5), 'more-than-usual');
});

test('what stands above all of the days before is hardly the work of a day', () => {
  const shown: Suspicion = { spanMs: hour, shownMs: 4 * hour, likelyMs: 4 * hour, seenMs: startMs };
  const line = { ...evidenceOf(viewOf(10 * minute, (i) => (1000 + i) * mib)), steadiness: 5 };
  const days = { pastSpans: 5, newHigh: 0.9 };
  const lacked = (past: Partial<typeof line>, growth = 1) =>
    missingProof({ ...line, ...past, relativeGrowth: growth * line.relativeGrowth }, 11 * hour, 'bytes', shown, false, 0.6)?.rule;
  assert.equal(lacked(days), undefined);
  assert.equal(lacked({ ...days, newHigh: 0.5 }), 'more-than-usual');
  assert.equal(lacked({ ...days, pastSpans: 3 }), 'more-than-usual');
  assert.equal(lacked(days, 0.1), 'more-than-usual');
});

test('until two days are known, growth may be the cycle of a day: the less is asked for, the nearer they are', () => {
  const shown: Suspicion = { spanMs: hour, shownMs: 4 * hour, likelyMs: 4 * hour, seenMs: startMs };
  const little = evidenceOf(viewOf(10 * minute, (i) => (1000 + i) * mib));
  const lackedAfter = (hours: number) => missingProof(little, hours * hour, 'bytes', shown, false, 0.5)?.rule;
  assert.equal(lackedAfter(25), 'more-than-usual');
  assert.equal(lackedAfter(48), undefined);
  const more = evidenceOf(viewOf(10 * minute, (i) => (1000 + 3 * i) * mib));
  assert.equal(missingProof(more, 25 * hour, 'bytes', shown, false, 0.5)?.rule, 'more-than-usual');
  assert.equal(missingProof(more, 44 * hour, 'bytes', shown, false, 0.5), null);
});

test('what gives back over days must stay likely for longer; within hours that may be a collector', () => {
  const shown = (likelyMs: number): Suspicion => ({ spanMs: hour, shownMs: 4 * hour, likelyMs, seenMs: startMs });
  const line = evidenceOf(viewOf(10 * minute, (i) => (1000 + 3 * i) * mib));
  const lacked = (spanMs: number, giveBack: number, likelyMs: number) =>
    missingProof({ ...line, toMs: line.fromMs + spanMs, giveBack }, 100 * hour, 'bytes', shown(likelyMs), false, 0.6)?.rule;
  assert.equal(lacked(100 * hour, 0, 4 * hour), undefined);
  assert.equal(lacked(100 * hour, 0.3, 4 * hour), 'stays-likely');
  assert.equal(lacked(100 * hour, 0.3, 22 * hour), undefined);
  assert.equal(lacked(40 * hour, 0.3, 4 * hour), undefined);
});
