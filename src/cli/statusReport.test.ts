import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostileName, sourceForTests } from '../serve/sourceForTests.ts';
import { statusDocument } from '../serve/status.ts';
import { subjectsDocument } from '../serve/subjects.ts';
import { statusReport } from './statusReport.ts';

const look = { paint: (_colour: string, text: string) => text, width: 100 };
const source = sourceForTests();
const status = statusDocument(source, 100);
const largest = subjectsDocument(source, {
  kind: 'workload',
  sort: 'private',
  direction: undefined,
  filter: '',
  offset: 0,
  limit: 5,
}).subjects;

test('says what leaks, how fast, since when, how long it lasts, why, and what to do next', () => {
  const text = statusReport(status, largest, look);
  assert.match(text, /^LEAK {2}web/);
  assert.match(text, /grows +\+100 MiB\/h \(90 MiB to 110 MiB\)/);
  assert.match(text, /since +1 h ago, 2026-01-02T02:04:05Z/);
  assert.match(text, /ends +in 2 h \(1 h 56 min to 2 h 3 min\), at memory and swap of this host/);
  assert.match(text, /because +the floor rises/);
  assert.match(text, /memory and swap end in 2 h/);
  assert.match(text, /notice +3 processes of other users \(STANCH_E_NOT_PERMITTED/);
  assert.match(text, /next +watch it live: stanch top\n$/);
  assert.match(text, /held by +500 MiB {2}quiet\.service/);
});

test('says that incidents are open, and of which nothing else is told', () => {
  const row = {
    id: 'i-1',
    title: 'memory: 96 % of RAM is in use \u001b[31m',
    subjectId: null,
    subjectName: 'the server',
    state: 'open',
    stateSince: status.time,
    severity: 'critical',
    opened: status.time,
    lastSeen: status.time,
    silencedUntil: null,
    owner: null,
    recurrences: 0,
    resource: null,
    exhaustion: null,
    concerns: [],
  } as const;
  const leak = { ...row, title: 'web leaks memory', severity: 'warning', resource: 'memory' } as const;
  const told = (...open: (typeof row | typeof leak)[]) =>
    statusReport(
      status,
      largest,
      look,
      null,
      open.map((each) => ({ ...each, concerns: [] })),
    );
  assert.match(told(row, leak), /^incidents {2}2 open, 1 critical: stanch incidents list\n {11}critical {2}memory: 96 % .*\\x1b\[31m$/m);
  assert.match(told(leak), /^incidents {2}1 open: stanch incidents list\n\n/m);
  assert.doesNotMatch(told(), /^incidents/m);
});

test('says by what processes are read, and why by that', () => {
  assert.match(statusReport(status, largest, look), /^Processes are read from \/proc: BPF is off in the configuration$/m);
  const byBpf = structuredClone(status);
  byBpf.self.processSource = { by: 'bpf', reason: 'as configured' };
  assert.match(statusReport(byBpf, largest, look), /^Processes are read by BPF: as configured$/m);
});

test('names of processes cannot act on the terminal', () => {
  const text = statusReport(status, largest, look);
  assert.ok(!text.includes(hostileName));
  assert.ok(!/[\p{Cf}]|[^\P{Cc}\n]/u.test(text));
});

test('on shared hosting it says whose it is', () => {
  const hosted = structuredClone(status);
  for (const subject of hosted.subjects) Object.assign(subject, { account: 'alice', domain: 'example.com' });
  const text = statusReport(
    hosted,
    largest.map((row) => ({ ...row, account: 'bob', domain: null })),
    look,
  );
  assert.match(text, /whose +account alice, example\.com\n/);
  assert.match(text, /500 MiB {2}quiet\.service · account bob\n/);
  assert.doesNotMatch(statusReport(status, largest, look), /whose|account/);
});

test('a calm host is said to be calm, and what is not known is not made up', () => {
  const quiet = structuredClone(status);
  quiet.subjects = quiet.subjects.filter(({ verdict }) => verdict !== 'leak');
  quiet.host.exhaustion = null;
  quiet.host.memAvailableBytes = null;
  quiet.notices = [];
  quiet.summary = 'Nothing leaks as far as stanch has seen.';
  const text = statusReport(quiet, [], look);
  assert.match(text, /^OK {2}Nothing leaks/);
  assert.match(text, /memory +unknown/);
  assert.match(text, /lasts +no end in sight/);
});

test('what the server goes through is told when there is something to tell, and only then', () => {
  const well = structuredClone(status);
  well.kills = [];
  assert.doesNotMatch(statusReport(well, largest, look), /^(?:stage|why slow|probes|killed) /m);
  const ill = structuredClone(status);
  ill.condition = {
    ...ill.condition,
    stage: 'starving',
    because: [{ name: 'memory-full', text: 'PSI memory full 31 %' }],
    sentence: 'ssh answers in 4 s because memory is short.',
    probes: ill.condition.probes.map((probe) => ({ ...probe, state: 'slow', latencyMs: 4000 })),
  };
  const nothingLeaks = { ...ill, subjects: [] };
  assert.match(statusReport(nothingLeaks, largest, look), /^STARVING {2}/, 'and not OK');
  const text = statusReport(ill, largest, look);
  assert.match(text, /^stage +starving for 0 s: PSI memory full 31 %$/m);
  assert.match(text, /^why slow +ssh answers in 4 s because memory is short\.$/m);
  assert.match(text, /^probes +ssh answers in 4 s, usually 9 ms to 20 ms \(ssh:\/\/127\.0\.0\.1:22\)$/m);
  assert.match(text, /^killed +1 min ago: The kernel killed mariadb\.service .* the culprit is php-fpm: pool www/m);
});
