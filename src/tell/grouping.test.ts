import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ServerEvent } from '../model/event.ts';
import type { Incident } from '../model/incident.ts';
import { maxEvents, type News, stepIncidents } from './grouping.ts';
import { handle } from './handling.ts';
import { concernOf, findingOf, hourMs, newsOf, startMs } from './incidentsForTests.ts';
import { incidentTitle } from './title.ts';

function step(incidents: readonly Incident[], news: Partial<News>): Incident[] {
  return stepIncidents(incidents, newsOf(news));
}

function only(incidents: readonly Incident[]): Incident {
  assert.equal(incidents.length, 1, JSON.stringify(incidents.map(({ id, subjectName }) => [id, subjectName])));
  const [incident] = incidents;
  if (incident === undefined) throw new Error('none');
  return incident;
}

const kill = (subjectId: string | null, atMs = startMs): ServerEvent => ({
  atMs,
  kind: 'kill',
  subjectId,
  severity: 'critical',
  text: 'The kernel killed mariadbd because web.service used the memory up.',
});
const stalling: ServerEvent = {
  atMs: startMs,
  kind: 'stage',
  subjectId: null,
  severity: 'critical',
  text: 'The server is stalling, it was swapping.',
};
const slowSsh: ServerEvent = {
  atMs: startMs,
  kind: 'probe',
  subjectId: null,
  severity: 'warning',
  text: 'ssh takes 4 s: it is memory, not the network.',
};

describe('one cause is one incident', () => {
  test('two resources of one workload, the stage, the probes and the kill that come of it, and the growth of the host', () => {
    const findings = [findingOf(), findingOf({ resource: 'sockets' }), findingOf({ subjectId: 'host', subjectName: 'host' })];
    const incident = only(step([], { findings, concerns: [concernOf()], events: [stalling, slowSsh, kill('w-web')] }));
    assert.deepEqual([incident.subjectId, incident.severity, incident.state], ['w-web', 'critical', 'open']);
    assert.deepEqual(new Set(incident.timeline.map(({ kind }) => kind)), new Set(['finding', 'stage', 'probe', 'kill']));
    assert.equal(
      incidentTitle(incident, startMs),
      'web.service leaks memory, 100 MiB an hour: 4 d 4 h until it has used up memory and swap of this host',
    );
  });
  test('two workloads that leak are two; the trouble of the host belongs to the one that ends it first', () => {
    const findings = [findingOf(), findingOf({ subjectId: 'w-shop', subjectName: 'shop', endsInMs: hourMs })];
    const first = step([], { findings });
    const after = step(first, { findings, concerns: [concernOf()], events: [stalling], nowMs: startMs + 1000 });
    assert.equal(after.length, 2);
    assert.ok(after.find(({ subjectId }) => subjectId === 'w-shop')?.timeline.some(({ kind }) => kind === 'stage'));
    assert.ok(!after.find(({ subjectId }) => subjectId === 'w-web')?.timeline.some(({ kind }) => kind === 'stage'));
  });
  test('trouble without a known cause is the server’s, and becomes that of the leak that is found later', () => {
    const first = only(step([], { concerns: [concernOf()], events: [stalling] }));
    assert.equal(first.subjectId, null);
    assert.equal(incidentTitle(first, startMs), 'the server: it is stalling');
    const later = only(
      step([first], { findings: [findingOf({ stateSinceMs: startMs + 5000 })], concerns: [concernOf()], nowMs: startMs + 5000 }),
    );
    assert.deepEqual([later.id, later.subjectId], [first.id, 'w-web']);
  });
  test('a kill at the limit of somebody else is not laid at the door of the next leak', () => {
    const first = step([], { events: [kill(null)] });
    const news = { findings: [findingOf({ stateSinceMs: startMs + 5000 })], nowMs: startMs + 5000 };
    const found = step(first, { ...news, before: [kill(null)] }).filter(({ subjectId }) => subjectId === 'w-web');
    assert.ok(!only(found).timeline.some((event) => event.kind === 'kill'));
    assert.equal(only(found).severity, only(step([], news)).severity);
  });
  test('what is no longer found is not in the title of what goes on for another reason', () => {
    const threshold = concernOf({
      key: 'size w-web',
      subjectId: 'w-web',
      subjectName: 'web.service',
      text: 'it holds 3 GiB, more than 2 GiB',
    });
    const first = step([], { findings: [findingOf()], concerns: [threshold] });
    assert.match(incidentTitle(only(first), startMs), /^web\.service leaks memory/);
    const later = only(step(first, { concerns: [threshold], nowMs: startMs + 5000 }));
    assert.equal(incidentTitle(later, startMs), 'web.service: it holds 3 GiB, more than 2 GiB');
    const over = only(step([later], { nowMs: startMs + 10_000 }));
    assert.deepEqual([over.state, incidentTitle(over, startMs)], ['resolved', 'Over: web.service: it holds 3 GiB, more than 2 GiB']);
  });
  test('the trouble of the server stays with the leak that made it, after that has ended', () => {
    const first = step([], { findings: [findingOf()], concerns: [concernOf()] });
    const later = only(step(first, { concerns: [concernOf()], nowMs: startMs + 5000 }));
    assert.equal(later.subjectId, 'w-web');
    assert.match(incidentTitle(later, startMs), /^web\.service leaks memory/);
  });
  test('a suspicion is told only when waiting would be too late', () => {
    const suspect = findingOf({ state: 'suspect' });
    assert.deepEqual(step([], { findings: [suspect] }), []);
    const urgent = {
      ...suspect,
      verdict: { ...suspect.verdict, verdict: 'suspect' as const, urgency: { level: 'now' as const, text: '' } },
    };
    assert.match(incidentTitle(only(step([], { findings: [urgent] })), startMs), /^web\.service may leak memory/);
  });
  test('what happened in the hour before begins the timeline', () => {
    const incident = only(step([], { findings: [findingOf()], before: [{ ...slowSsh, atMs: startMs - 1000 }] }));
    assert.deepEqual(
      incident.timeline.map(({ kind }) => kind),
      ['probe', 'finding'],
    );
  });
});

describe('severity', () => {
  const severityOf = (finding: Parameters<typeof findingOf>[0]) => only(step([], { findings: [findingOf(finding)] })).severity;
  test('comes from the time left, and what takes the host down weighs more than what ends at its own limit', () => {
    assert.equal(severityOf({ endsInMs: 12 * hourMs }), 'critical');
    assert.equal(severityOf({ endsInMs: 12 * hourMs, wall: 'limit_bytes' }), 'warning');
    assert.equal(severityOf({ endsInMs: hourMs, wall: 'limit_bytes' }), 'critical');
    assert.equal(severityOf({ endsInMs: 1000 * hourMs }), 'warning');
  });
});

describe('its life', () => {
  const open = only(step([], { findings: [findingOf()] }));
  const resolvedFinding = findingOf({ state: 'resolved', stateSinceMs: startMs + hourMs });
  const over = only(step([open], { findings: [resolvedFinding], nowMs: startMs + hourMs }));
  test('over when nothing of it stands; the same one again when it comes back', () => {
    assert.equal(over.state, 'resolved');
    assert.equal(incidentTitle(over, startMs), 'web.service no longer leaks memory');
    const again = findingOf({ state: 'recurred', stateSinceMs: startMs + 2 * hourMs });
    const recurred = only(step([over], { findings: [again], nowMs: startMs + 2 * hourMs }));
    assert.deepEqual([recurred.id, recurred.state, recurred.recurrences], [open.id, 'recurred', 1]);
  });
  test('after a month it is a new one', () => {
    const late = startMs + 40 * 24 * hourMs;
    assert.equal(step([over], { findings: [findingOf({ stateSinceMs: late })], nowMs: late }).length, 2);
  });
  test('a leak that goes on does not undo what somebody said: resolved stays resolved until it begins anew', () => {
    const closed = handle(open, { action: 'resolve' }, 'ann', startMs + 1000);
    assert.equal(only(step(closed === null ? [] : [closed], { findings: [findingOf()], nowMs: startMs + 2000 })).state, 'resolved');
  });
  test('acknowledged stays so; silenced until its time', () => {
    const seen = handle(open, { action: 'ack' }, 'ann', startMs);
    assert.deepEqual([seen?.state, seen?.owner], ['acknowledged', 'ann']);
    const silenced = handle(open, { action: 'silence', untilMs: startMs + hourMs }, 'ann', startMs);
    if (seen === null || silenced === null) throw new Error('it is open');
    assert.equal(only(step([seen], { findings: [findingOf()], nowMs: startMs + 9 * hourMs })).state, 'acknowledged');
    assert.equal(only(step([silenced], { findings: [findingOf()], nowMs: startMs + 1000 })).state, 'silenced');
    assert.equal(only(step([silenced], { findings: [findingOf()], nowMs: startMs + hourMs })).state, 'open');
    assert.equal(handle(over, { action: 'ack' }, 'ann', startMs), null);
  });
  test('a kill alone is over when it stays calm', () => {
    const killed = only(step([], { events: [kill('w-web')] }));
    assert.equal(killed.severity, 'critical');
    assert.equal(only(step([killed], { nowMs: startMs + 60_000 })).state, 'open');
    assert.equal(only(step([killed], { nowMs: startMs + hourMs })).state, 'resolved');
  });
});

describe('a new build', () => {
  const told = { restartMs: startMs, newBuild: 'its shop.js was written', text: 'the leak is gone, 97 % sure: 0 B/h after 20 MiB/h' };
  const fixNews = (word: 'gone' | 'same', newBuild: string | null = told.newBuild, restartMs = startMs) => [
    { subjectId: 'w-web', fix: { ...told, word, newBuild, restartMs } },
  ];
  const at = (hours: number) => startMs + hours * hourMs;
  const finding = findingOf();
  const open = step([], { findings: [finding] });
  test('that ends the leak closes the incident, says so in its timeline, and what was found before does not open it again', () => {
    const fixed = only(step(open, { findings: [finding], fixes: fixNews('gone'), nowMs: at(3) }));
    assert.equal(fixed.state, 'resolved');
    assert.ok(
      fixed.timeline.some(
        ({ text }) => text === 'Fixed by a new build (its shop.js was written): the leak is gone, 97 % sure: 0 B/h after 20 MiB/h.',
      ),
    );
    assert.equal(only(step([fixed], { findings: [finding], nowMs: at(4) })).state, 'resolved');
    const again = findingOf({ state: 'recurred', stateSinceMs: at(5) });
    assert.equal(only(step([fixed], { findings: [again], nowMs: at(5) })).state, 'recurred');
  });
  test('that leaks as well opens again what a person or the detector took for done, and keeps it open until the detector has seen it end', () => {
    const resolved = findingOf({ state: 'resolved', stateSinceMs: at(1) });
    const over = step(open, { findings: [resolved], nowMs: at(1) });
    const back = only(step(over, { findings: [resolved], fixes: fixNews('same'), nowMs: at(3) }));
    assert.deepEqual([back.state, back.recurrences, back.severity], ['recurred', 1, 'warning']);
    assert.ok(back.timeline.some(({ text }) => text.startsWith('Not fixed by a new build')));
    const later = only(step([back], { findings: [resolved], fixes: fixNews('same'), nowMs: at(4) }));
    assert.equal(later.state, 'recurred');
    assert.equal(later.timeline.filter(({ text }) => text.startsWith('Not fixed')).length, 1);
    const ended = findingOf({ state: 'resolved', stateSinceMs: at(5) });
    assert.equal(only(step([later], { findings: [ended], nowMs: at(5) })).state, 'resolved');
    const byHand = handle(only(open), { action: 'resolve' }, 'ann', at(1));
    assert.equal(
      only(step(byHand === null ? [] : [byHand], { findings: [finding], fixes: fixNews('same'), nowMs: at(3) })).state,
      'recurred',
    );
  });
  test('that is fixed after one that was not closes it; another restart without a word leaves it so', () => {
    const still = step(open, { findings: [finding], fixes: fixNews('same'), nowMs: at(3) });
    const fixed = step(still, { findings: [finding], fixes: fixNews('gone', 'its shop.js was written', at(4)), nowMs: at(8) });
    assert.equal(only(fixed).state, 'resolved');
    const restarted = step(fixed, { findings: [finding], fixes: [{ subjectId: 'w-web', fix: null }], nowMs: at(9) });
    assert.equal(only(restarted).state, 'resolved');
  });
  test('a restart of the same build closes nothing, nor does a new build what else is open', () => {
    const restarted = only(step(open, { findings: [finding], fixes: fixNews('gone', null), nowMs: at(3) }));
    assert.equal(restarted.state, 'open');
    assert.ok(restarted.timeline.some(({ text }) => text.includes('Nothing is known to have been changed')));
    const sockets = findingOf({ resource: 'sockets' });
    const two = step([], { findings: [finding, sockets] });
    assert.equal(only(step(two, { findings: [finding, sockets], fixes: fixNews('gone'), nowMs: at(3) })).state, 'open');
  });
});

test('whatever happens: one open incident a cause, timelines in order and bounded', () => {
  const subject = fc.constantFrom('w-a', 'w-b', 'host');
  const finding = fc.record({
    subjectId: subject,
    resource: fc.constantFrom('memory' as const, 'fds' as const),
    state: fc.constantFrom('suspect' as const, 'confirmed' as const, 'resolved' as const, 'recurred' as const),
  });
  const event = fc.record({
    subjectId: fc.option(subject),
    kind: fc.constantFrom('kill' as const, 'stage' as const, 'probe' as const, 'change' as const),
    agoMs: fc.nat(100_000),
  });
  const round = fc.record({
    findings: fc.array(finding, { maxLength: 3 }),
    events: fc.array(event, { maxLength: 40 }),
    stalls: fc.boolean(),
    fixes: fc.array(
      fc.record({
        subjectId: subject,
        fix: fc.option(
          fc.record({
            restartMs: fc.nat(3),
            word: fc.constantFrom('gone' as const, 'slower' as const, 'same' as const),
            newBuild: fc.option(fc.constant('x')),
            text: fc.constant('x'),
          }),
        ),
      }),
      { maxLength: 2 },
    ),
  });
  fc.assert(
    fc.property(fc.array(round, { maxLength: 12 }), (rounds) => {
      let incidents: Incident[] = [];
      let nowMs = startMs;
      for (const { findings, events, stalls, fixes } of rounds) {
        nowMs += 600_000;
        incidents = step(incidents, {
          nowMs,
          findings: findings.map((changes) => findingOf({ ...changes, stateSinceMs: nowMs })),
          fixes,
          concerns: stalls ? [concernOf({ sinceMs: nowMs })] : [],
          events: events.map(({ agoMs, ...rest }) => ({ ...rest, atMs: nowMs - agoMs, severity: 'info', text: 'x' })),
        });
        const open = incidents.filter(({ state }) => state !== 'resolved').map(({ subjectId }) => subjectId);
        assert.equal(new Set(open).size, open.length);
        assert.equal(new Set(incidents.map(({ id }) => id)).size, incidents.length);
        for (const { timeline } of incidents) {
          assert.ok(timeline.length <= maxEvents);
          assert.deepEqual(
            timeline.map(({ atMs }) => atMs),
            timeline.map(({ atMs }) => atMs).sort((a, b) => a - b),
          );
        }
      }
    }),
    { numRuns: 200 },
  );
});
