import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../../../model/errors.ts';
import { readRows } from '../logRowsForTests.ts';

const printed = readFileSync(new URL('../fixtures/atop-2.6.0.txt', import.meta.url));

function start(label: string, seconds: number): string {
  return `${label} web7 ${seconds} 2026/05/28 04:10:00 600`;
}

function record(seconds: number, name = 'node', commandLine = 'node /srv/app.js', isProcess = 'y'): string {
  return [
    `${start('MEM', seconds)} 4096 1000 400 100 50 20 0 10 0 5`,
    `${start('SWP', seconds)} 4096 200 150`,
    `${start('PRG', seconds)} 10 (${name}) S 33 33 10 7 0 500 (${commandLine}) 1 0 7 0 33 33 33 33 33 33 0 ${isProcess} 0 0 - N (/system.slice/a b.service)`,
    `${start('PRC', seconds)} 10 (${name}) S 100 20 10 0 120 0 0 1 0 10 ${isProcess}`,
    `${start('PRM', seconds)} 10 (${name}) S 4096 5000 300 10 0 0 0 0 0 900 10 7 10 ${isProcess} 0 0 -1 4096 -1 -1`,
    'SEP\n',
  ].join('\n');
}

test('each figure is read from its place', () => {
  const { rows, bad } = readRows(Buffer.from(record(1_779_941_400)));
  assert.deepEqual(bad, []);
  const [host, service] = rows;
  assert.deepEqual(host, {
    subject: 'host',
    timeMs: 1_779_941_400_000,
    anonBytes: 430 * 4096,
    swapBytes: 50 * 4096,
    shmemBytes: 5 * 4096,
    fileBytes: 145 * 4096,
    processes: 1,
    limitBytes: 1200 * 4096,
    kernelBytes: 10 * 4096,
    headroomBytes: (400 + 50 + 95 + 10 + 150) * 4096,
  });
  assert.deepEqual(service, {
    subject: 'a b.service',
    timeMs: 1_779_941_400_000,
    anonBytes: 300 * 1024,
    swapBytes: 7 * 1024,
    threads: 7,
    processes: 1,
    cpuSeconds: 0.3,
    startTimeMs: 500_000,
    limitBytes: 4096 * 1024,
    headroomBytes: (400 + 50 + 95 + 10 + 150) * 4096,
  });
});

test('names and command lines with blanks and parentheses keep to their places', () => {
  const { rows, bad } = readRows(Buffer.from(record(1000, 'a) S 1 (b', 'x (y) 1 2 3) 4')));
  assert.deepEqual([bad.length, rows.length, rows[1]?.threads, rows[1]?.anonBytes], [0, 2, 7, 300 * 1024]);
});

test('threads that have lines of their own are not counted again', () => {
  const { rows } = readRows(Buffer.from(record(1000, 'node', 'node', 'n')));
  assert.deepEqual(
    rows.map(({ subject, processes }) => [subject, processes]),
    [['host', 0]],
  );
});

test('pieces of any size give the same rows', () => {
  const whole = readRows(printed);
  assert.ok(whole.rows.length > 10);
  for (const pieceBytes of [1, 17, 1000]) assert.deepEqual(readRows(printed, pieceBytes), whole);
});

test('a record without its SEP is left out and told; a bad line is one with its number', () => {
  const cut = record(1010).replace('SEP\n', '');
  const { rows, source } = readRows(Buffer.from(record(1000) + cut));
  assert.equal(rows.length, 2);
  assert.match(source?.notes.at(-1) ?? '', /left out/);
  const { bad } = readRows(Buffer.from(`${record(1000)}${'x'.repeat(20_000)}\nPRM web7 1010 nonsense\n${record(1010)}`));
  assert.deepEqual(
    bad.map(({ line }) => line),
    [7, 8],
  );
});

test('labels that are missing are named with the command that prints them', () => {
  const lines = record(1000).split('\n');
  const withoutProcesses = lines.filter((line) => !line.startsWith('PRM')).join('\n');
  assert.throws(
    () => readRows(Buffer.from(withoutProcesses)),
    (error) =>
      error instanceof StanchError && error.code === 'STANCH_E_BAD_LOG' && /no PRM/.test(error.found) && /-P PRG,PRM/.test(error.next),
  );
});

test('whatever the bytes, the parser ends and throws nothing but a StanchError', () => {
  const change = fc.record({ at: fc.nat(printed.length - 1), byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('() \n-9SEyn'))) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (changes) => {
      const bytes = Buffer.from(printed);
      for (const { at, byte } of changes) bytes[at] = byte;
      try {
        readRows(bytes, 1000);
      } catch (error) {
        assert.ok(error instanceof StanchError, String(error));
      }
    }),
  );
});
