import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { StanchError } from '../../../model/errors.ts';
import { readRows, stopsWith } from '../logRowsForTests.ts';

/** Printed by sysstat 12.5.2, 12.6.1 and 12.7.5: of Debian 11, 12 and 13. */
function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

const recorded = gunzipSync(fixture('sadf-12.6.1.json.gz'));

function interval(time: string, memory: object, more: object = {}): object {
  return { timestamp: { date: '2026-05-28', time, utc: 1, interval: 600 }, memory, ...more };
}

function printed(statistics: readonly object[], restarts: readonly object[] = []): Buffer {
  return Buffer.from(JSON.stringify({ sysstat: { hosts: [{ nodename: 'web7', statistics, restarts }] } }, null, 1));
}

test('what Debian 12’s sadf printed: the memory of the host in each interval', () => {
  const { rows, bad, source } = readRows(recorded);
  assert.deepEqual(bad, []);
  assert.deepEqual([source?.format, source?.host, source?.records], ['sysstat', 'db1', rows.length]);
  assert.ok(rows.length >= 48);
  const first: unknown = JSON.parse(recorded.toString()).sysstat.hosts[0].statistics[0].memory;
  assert.ok(typeof first === 'object' && first !== null && 'anonpg' in first && 'avail' in first);
  assert.equal(rows[0]?.anonBytes, Number(first.anonpg) * 1024);
  assert.equal(rows[0]?.headroomBytes, Number(first.avail) * 1024);
  assert.ok((rows[0]?.fds ?? 0) > 0);
  assert.match(source?.notes[0] ?? '', /host as a whole/);
});

test('what the sadf of Debian 11 and 13 printed is read, too', () => {
  for (const version of ['12.5.2', '12.7.5']) {
    const { rows, bad } = readRows(fixture(`sadf-${version}.json`));
    assert.deepEqual([rows.length, bad.length, rows[0]?.subject], [1, 0, 'host']);
  }
});

test('pieces of any size give the same rows', () => {
  const whole = readRows(recorded);
  for (const pieceBytes of [1, 13, 1000]) assert.deepEqual(readRows(recorded, pieceBytes), whole);
});

test('several documents in a row are one history; restarts and what else was printed do no harm', () => {
  const odd = { comment: 'a } and a ] and a \\" in a name' };
  const days = Buffer.concat([
    printed(
      [interval('00:10:00', { anonpg: 100, swpused: 1 }), interval('00:20:00', { anonpg: 110 }, { network: [odd] })],
      [{ boot: { date: '2026-05-28', time: '00:15:00', utc: 1 } }],
    ),
    Buffer.from('\n'),
    printed([interval('00:30:00', { anonpg: 120 })]),
  ]);
  const { rows, bad } = readRows(days);
  assert.deepEqual(bad, []);
  assert.deepEqual(
    rows.map(({ anonBytes, swapBytes }) => [anonBytes, swapBytes]),
    [
      [102_400, 1024],
      [112_640, undefined],
      [122_880, undefined],
    ],
  );
});

test('an end in the middle is told, and what came before it is read', () => {
  const { rows, source } = readRows(recorded.subarray(0, recorded.length / 2));
  assert.ok(rows.length > 10);
  assert.match(source?.notes.at(-1) ?? '', /ends too early, in line \d+/);
});

test('a time that is not in UTC is a bad row with its line, and so is one that goes back', () => {
  const local = { timestamp: { date: '2026-05-28', time: '00:10:00', utc: 0 }, memory: { anonpg: 1 } };
  const log = printed([interval('00:20:00', { anonpg: 1 }), local, interval('00:10:00', { anonpg: 1 })]);
  const { rows, bad } = readRows(log);
  assert.equal(rows.length, 1);
  assert.deepEqual(
    bad.map(({ column, expected }) => [column, expected.slice(0, 22)]),
    [
      ['timestamp', 'a date and a time in U'],
      ['timestamp', 'a time not before the '],
    ],
  );
  const lineOf = (text: string) => log.toString().slice(0, log.toString().indexOf(text)).split('\n').length;
  assert.equal(bad[0]?.line, lineOf('"utc": 0') - 4);
});

test('an interval longer than any machine’s is left out, not collected', () => {
  const log = printed([interval('00:10:00', { anonpg: 1, filler: 'x'.repeat(17 * 1024 * 1024) }), interval('00:20:00', { anonpg: 1 })]);
  const { rows, bad } = readRows(log);
  assert.equal(rows.length, 1);
  assert.match(bad[0]?.expected ?? '', /at most 16777216 bytes/);
});

test('without the figures of -r ALL it says how to print them', () => {
  const error = stopsWith(printed([interval('00:10:00', { memfree: 1, memused: 2 })]));
  assert.equal(error.code, 'STANCH_E_BAD_LOG');
  assert.match(error.next, /sadf -j FILE -- -r ALL -S -v/);
});

test('whatever the bytes, the parser ends and throws nothing but a StanchError', () => {
  const endsWell = (bytes: Uint8Array) => {
    try {
      readRows(bytes);
    } catch (error) {
      assert.ok(error instanceof StanchError, String(error));
    }
  };
  const small = recorded.subarray(0, 4000);
  const change = fc.record({ at: fc.nat(small.length - 1), byte: fc.constantFrom(...Buffer.from('{}[]",:\\x0 \n'), 0xff) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
      const bytes = Buffer.from(small);
      for (const { at, byte } of changes) bytes[at] = byte;
      endsWell(bytes);
    }),
  );
  fc.assert(fc.property(fc.json(), (json) => endsWell(Buffer.from(`{"sysstat":${json}}`))));
});
