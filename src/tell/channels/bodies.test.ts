/** What each channel sends, above all when a process gave itself a name that means something there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hostileName, messageForTests } from '../incidentsForTests.ts';
import { mailText } from './email.ts';
import { hookEnvironment } from './hook.ts';
import { journalEntry } from './journald.ts';
import { pagerdutyBody } from './pagerduty.ts';
import { slackBody } from './slack.ts';
import { syslogLine } from './syslog.ts';
import { teamsBody } from './teams.ts';
import { webhookBody } from './webhook.ts';

const message = messageForTests();
const mail = { from: 'stanch@web-1.example', to: ['ops@example.com'], batch: 'k-1' };
/** Names that processes could give themselves. */
const names = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...hostileName) }), fc.constant(hostileName));

describe('a name from a process does nothing', () => {
  test('mail: no header of its own, no line that ends the mail, the subject decodes to the headline', () => {
    fc.assert(
      fc.property(names, (name) => {
        const text = mailText([messageForTests({}, name)], mail);
        const [head = '', ...body] = text.split('\r\n\r\n');
        const headers = head
          .replace(/\r\n /g, '')
          .split('\r\n')
          .map((line) => line.split(':')[0]);
        assert.deepEqual(headers, [
          'Date',
          'From',
          'To',
          'Subject',
          'Message-ID',
          'References',
          'Auto-Submitted',
          'MIME-Version',
          'Content-Type',
          'Content-Transfer-Encoding',
        ]);
        for (const line of text.split('\r\n')) assert.ok(line.length <= 998 && /^[\x20-\x7e]*$/.test(line) && line !== '.');
        assert.match(body.join(''), /^[A-Za-z0-9+/=\r\n]*$/);
      }),
      { numRuns: 60 },
    );
  });
  test('syslog and journal: one line a message, one a field', () => {
    fc.assert(
      fc.property(names, (name) => {
        const told = messageForTests({}, name);
        assert.doesNotMatch(syslogLine(told), /[\p{Cc}]/u);
        assert.match(syslogLine(told), /^<28>1 \S+ web-1 stanch \d+ opened \[stanch@32473 (\w+="([^"\\\]]|\\["\\\]])*" ?)+\] /);
        const lines = journalEntry(told).trimEnd().split('\n');
        assert.equal(lines.length, 9);
        for (const line of lines) assert.match(line, /^[A-Z_]+=/);
      }),
      { numRuns: 60 },
    );
  });
  test('Slack and Teams: no link, no mention, no markup', () => {
    fc.assert(
      fc.property(names, (name) => {
        const told = messageForTests({ link: null }, name);
        const slack = slackBody([told]);
        assert.doesNotMatch(slack.text, /[<>]/);
        for (const { blocks } of slack.attachments) for (const block of blocks) assert.equal(block.text.type, 'plain_text');
        for (const { text } of teamsBody([told]).attachments[0]?.content.body ?? [])
          assert.doesNotMatch(text.replace(/\\[^\n]/g, ''), /[[\]()*_`<>{}#!|]/);
      }),
      { numRuns: 60 },
    );
  });
  test('hook: nothing but values of the environment, without what would end one', () => {
    fc.assert(
      fc.property(names, (name) => {
        for (const value of Object.values(hookEnvironment(messageForTests({}, name))))
          assert.ok(!value.includes('\0') && value.length <= 4000);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what receivers expect', () => {
  test('webhook: version 4 of Alertmanager', () => {
    const body = webhookBody([message, messageForTests({ kind: 'resolved', incidentId: 'i-2' })], 'ops');
    assert.deepEqual([body.version, body.receiver, body.status, body.truncatedAlerts], ['4', 'ops', 'firing', 0]);
    assert.deepEqual(
      body.alerts.map(({ status }) => status),
      ['firing', 'resolved'],
    );
    assert.equal(body.alerts[0]?.endsAt, '0001-01-01T00:00:00Z');
    assert.match(body.alerts[0]?.fingerprint ?? '', /^[0-9a-f]{16}$/);
    assert.equal(body.alerts[0]?.labels.workload, hostileName);
    assert.deepEqual(body.commonLabels, { alertname: 'StanchIncident', instance: 'web-1', workload: hostileName });
  });
  test('PagerDuty: the same key for all of an incident, and its end', () => {
    const first = pagerdutyBody(message, 'R');
    const last = pagerdutyBody(messageForTests({ kind: 'resolved', key: 'k-9' }), 'R');
    assert.equal(first.dedup_key, last.dedup_key);
    assert.deepEqual([first.event_action, last.event_action], ['trigger', 'resolve']);
    assert.ok(first.payload.summary.length <= 1024);
  });
  test('mail: sent again it is the same mail; the thread is that of the incident', () => {
    const id = (text: string) => /Message-ID: (\S+)/.exec(text)?.[1];
    assert.equal(id(mailText([message], mail)), id(mailText([message], mail)));
    assert.notEqual(id(mailText([message], mail)), id(mailText([message], { ...mail, batch: 'k-2' })));
  });
});
