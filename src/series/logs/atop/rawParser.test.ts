import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { StanchError } from '../../../model/errors.ts';
import { type Row, readRows, stopsWith } from '../logRowsForTests.ts';
import { headerBytes } from './rawLog.ts';
import { rawLog, rawLogHeader, rawLogRecord, type WrittenTask } from './rawLogWriter.ts';

/** atop 2.6.0, 2.8.1 and 2.11.1 are those of Debian 11, 12 and 13; the converted ones are from atopconvert, atop's own converter. */
function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

function processRows(rows: readonly Row[]): Row[] {
  // What the host has left is told in more detail in some versions and forms of the log than in others.
  return rows.filter(({ subject }) => subject !== 'host').map(({ headroomBytes: _, ...row }) => row);
}

const mib = 1_048_576;

test('the log of Debian 12’s atop: workloads with their processes, a leak of 1 MiB a second, and the host', () => {
  const { rows, bad, source } = readRows(fixture('atop-2.8.1.raw'));
  assert.deepEqual(bad, []);
  assert.deepEqual([source?.format, source?.version, source?.host, source?.records], ['atop', '2.8', 'db1', 50]);
  assert.equal((source?.toMs ?? 0) - (source?.fromMs ?? 0), 49_000);
  const leak = rows.filter(({ subject }) => subject === '/opt/shop/shop-api --listen N (uid 33)');
  assert.equal(leak.length, 50);
  assert.deepEqual([leak[0]?.processes, leak[0]?.threads, leak[0]?.swapBytes], [2, 2, 0]);
  const grown = (leak[49]?.anonBytes ?? 0) - (leak[0]?.anonBytes ?? 0);
  assert.ok(Math.abs(grown - 49 * mib) < 2 * mib, `${grown}`);
  const host = rows.find(({ subject }) => subject === 'host');
  assert.equal(host?.limitBytes, 6_171_024 * 4096);
  assert.equal(host?.processes, 5);
  assert.ok((host?.headroomBytes ?? 0) > 0 && (host?.headroomBytes ?? 0) < 6_171_024 * 4096);
});

for (const [version, text] of [
  ['2.6.0', fixture('atop-2.6.0.txt')],
  ['2.8.1', gunzipSync(fixture('atop-2.8.1.txt.gz'))],
  ['2.11.1', fixture('atop-2.11.1.txt')],
] as const) {
  test(`atop ${version} itself prints of its log what is read from the log`, () => {
    const raw = readRows(fixture(`atop-${version}.raw`));
    const printed = readRows(text);
    assert.deepEqual(processRows(raw.rows), processRows(printed.rows));
    assert.deepEqual([raw.bad, printed.bad], [[], []]);
    assert.deepEqual([printed.source?.records, printed.source?.host], [raw.source?.records, 'db1']);
    const memory = ({ rows }: typeof raw) =>
      rows.filter(({ subject }) => subject === 'host').map((row) => [row.timeMs, row.shmemBytes, row.fileBytes, row.limitBytes]);
    assert.deepEqual(memory(raw), memory(printed));
  });
}

for (const version of ['2.7', '2.9', '2.10']) {
  test(`a log of 2.6 reads the same after atopconvert made it one of ${version}`, () => {
    const converted = readRows(fixture(`atop-${version}-converted.raw`));
    assert.equal(converted.source?.version, version);
    assert.deepEqual(converted.rows, readRows(fixture('atop-2.6.0.raw')).rows);
  });
}

test('pieces of any size give the same rows', () => {
  const log = fixture('atop-2.11.1.raw');
  const whole = readRows(log);
  for (const pieceBytes of [1, 7, 479, 4096]) assert.deepEqual(readRows(log, pieceBytes), whole);
});

test('processes of one workload are summed; threads, ended processes and kernel threads hold nothing of their own', () => {
  const tasks: WrittenTask[] = [
    { pid: 10, name: 'node', commandLine: 'node /srv/app.js', residentKib: 100, swapKib: 5, threads: 7, startSeconds: 500, userTicks: 30 },
    { pid: 10, name: 'node', commandLine: 'node /srv/app.js', residentKib: 100, isThread: true },
    { pid: 11, name: 'node', commandLine: 'node /srv/app.js', residentKib: 60, threads: 7, startSeconds: 400 },
    { pid: 12, name: 'node', commandLine: 'node /srv/app.js', residentKib: 60, state: 'E' },
    { pid: 2, parentPid: 0, name: 'kthreadd', commandLine: '', virtualKib: 0 },
    { pid: 3, parentPid: 2, name: 'kworker/0:1', commandLine: '', virtualKib: 0 },
  ];
  const { rows } = readRows(rawLog([{ seconds: 1000, tasks }]));
  const [, app, kernel] = rows;
  assert.deepEqual(
    [app?.subject, app?.anonBytes, app?.swapBytes, app?.threads, app?.processes, app?.startTimeMs, app?.cpuSeconds],
    ['node /srv/app.js (uid 0)', 160 * 1024, 5 * 1024, 14, 2, 400_000, 0.3],
  );
  assert.deepEqual([kernel?.subject, kernel?.processes, kernel?.anonBytes], ['kernel threads', 2, 0]);
  assert.equal(rows.length, 3);
});

test('pages of files and shared memory do not count as private, and what atop -R read counts for resident', () => {
  const tasks: WrittenTask[] = [
    { pid: 10, commandLine: 'postgres', residentKib: 8_000_000, dataKib: 3000, swapKib: 1000 },
    { pid: 11, commandLine: 'java', residentKib: 900, proportionalKib: 700 },
  ];
  const { rows } = readRows(rawLog([{ seconds: 1000, tasks }]));
  assert.deepEqual(
    rows.slice(1).map((row) => row.anonBytes),
    [2000 * 1024, 700 * 1024],
  );
});

test('a service is named by its cgroup, a container by its id, with the limit of its memory', () => {
  const tasks: WrittenTask[] = [
    { pid: 10, commandLine: 'nginx: worker process', cgroupPath: '/system.slice/nginx.service', limitKib: 2048 },
    { pid: 11, commandLine: 'redis-server *:6379', cgroupPath: '/system.slice/docker-0123456789ab', container: '0123456789ab' },
  ];
  const { rows } = readRows(rawLog([{ seconds: 1000, tasks }]));
  assert.deepEqual(
    rows.slice(1).map(({ subject, limitBytes }) => [subject, limitBytes]),
    [
      ['nginx.service', 2048 * 1024],
      ['container 0123456789ab', undefined],
    ],
  );
});

test('a title that a process set names it as it does in the daemon', () => {
  const tasks: WrittenTask[] = [
    { pid: 10, commandLine: 'php-fpm: pool shop', cgroupPath: '/system.slice/php8.2-fpm.service' },
    { pid: 11, commandLine: 'nginx: worker process' },
    { pid: 12, commandLine: 'nginx: cache manager process' },
  ];
  const { rows } = readRows(rawLog([{ seconds: 1000, tasks }]));
  assert.deepEqual(
    rows.slice(1).map(({ subject, processes }) => [subject, processes]),
    [
      ['php-fpm: pool shop, PHP 8.2', 1],
      ['nginx (uid 0)', 2],
    ],
  );
});

test('a user id has a name only in a log of this machine, and secrets in arguments are masked', () => {
  const tasks: WrittenTask[] = [{ uid: 33, commandLine: 'worker --password hunter2' }];
  const nameOn = (host: string) => readRows(rawLog([{ seconds: 1000, tasks }], 'db1'), 4096, host).rows[1]?.subject;
  assert.equal(nameOn('db1'), 'worker --password *** (user-33)');
  assert.equal(nameOn('web7'), 'worker --password *** (uid 33)');
});

test('CPU time goes on where atop was restarted and counts from the boot on again', () => {
  const at = (seconds: number, sinceBoot: boolean, ...userTicks: number[]) => ({
    seconds,
    sinceBoot,
    tasks: userTicks.map((ticks, index) => ({ pid: 10 + index, userTicks: ticks })),
  });
  const log = rawLog([at(1000, true, 5000, 1000), at(1010, false, 100, 0), at(1020, true, 5100, 1000), at(1030, false, 50, 0)]);
  const { rows } = readRows(log);
  assert.deepEqual(
    rows.filter(({ subject }) => subject !== 'host').map(({ cpuSeconds }) => cpuSeconds),
    [60, 61, 61, 61.5],
  );
});

test('a last record that is cut off anywhere is left out and told', () => {
  const first = rawLog([{ seconds: 1000, tasks: [{}] }]);
  const second = rawLogRecord({ seconds: 1010, tasks: [{}] });
  for (const length of [1, 95, 96, 97, second.length - 1]) {
    const { rows, bad, source } = readRows(Buffer.concat([first, second.subarray(0, length)]));
    assert.deepEqual([rows.length, bad.length], [2, 0]);
    assert.match(source?.notes.at(-1) ?? '', /^record 2 is cut off/);
  }
});

test('a damaged record is a bad one by its number, and those behind it are read', () => {
  const records = [1000, 1010, 1020].map((seconds) => rawLogRecord({ seconds, tasks: [{}] }));
  records[1]?.fill(0x55, 120, 160);
  const { rows, bad, source } = readRows(Buffer.concat([rawLogHeader(), ...records]));
  assert.deepEqual([rows.length, source?.records], [4, 2]);
  assert.deepEqual(
    bad.map(({ line, column }) => [line, column]),
    [[2, 'record']],
  );
  assert.match(bad[0]?.found ?? '', /damaged/);
});

test('behind a head that no atop wrote nothing is read', () => {
  const good = rawLogRecord({ seconds: 1000, tasks: [{}] });
  const { rows, bad } = readRows(Buffer.concat([rawLogHeader(), good, Buffer.alloc(200, 0xff), good]));
  assert.equal(rows.length, 2);
  assert.match(bad[0]?.found ?? '', /the rest/);
});

test('a record that goes back in time is a bad one', () => {
  const { rows, bad } = readRows(rawLog([1010, 1000, 1020].map((seconds) => ({ seconds, tasks: [{}] }))));
  assert.equal(rows.length, 4);
  assert.match(bad[0]?.found ?? '', /1970-01-01T00:16:40.000Z, before/);
});

test('a version whose layout is not known is refused by its name, with what to do instead', () => {
  const log = rawLog([{ seconds: 1000, tasks: [{}] }]);
  log.writeUInt16LE(0x8212, 4);
  const error = stopsWith(log);
  assert.equal(error.code, 'STANCH_E_LOG_VERSION');
  assert.match(error.found, /version 2\.18/);
  assert.match(error.next, /atop -r FILE -P PRG,PRM,PRC,MEM,SWP/);
});

test('a known version with other structs, and a log of a big-endian machine, are refused', () => {
  const other = rawLogHeader();
  other.writeUInt32LE(900, 32);
  assert.match(stopsWith(other).found, /900/);
  assert.match(stopsWith(Buffer.concat([Buffer.from('feedbeef', 'hex'), Buffer.alloc(1000)])).found, /big-endian/);
  assert.equal(stopsWith(rawLogHeader().subarray(0, 300)).code, 'STANCH_E_BAD_LOG');
});

test('whatever the bytes, the parser ends and throws nothing but a StanchError', () => {
  const log = fixture('atop-2.11.1.raw');
  const endsWell = (bytes: Uint8Array) => {
    try {
      readRows(bytes);
    } catch (error) {
      assert.ok(error instanceof StanchError, String(error));
    }
  };
  const change = fc.record({ at: fc.nat(log.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
      const bytes = Buffer.from(log);
      for (const { at, byte } of changes) bytes[at] = byte;
      endsWell(bytes);
    }),
    { numRuns: 150 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => endsWell(Buffer.concat([log.subarray(0, headerBytes), bytes]))));
});

test('a small record that unpacks to gigabytes is refused at the size that it states', () => {
  const log = rawLog([{ seconds: 1000, tasks: Array.from({ length: 1000 }, () => ({})) }]);
  log.writeUInt32LE(2, headerBytes + 28);
  const { rows, bad } = readRows(log);
  assert.deepEqual([rows.length, bad.length], [0, 1]);
});
