import assert from 'node:assert/strict';
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { StanchError } from '../model/errors.ts';
import { absent, notPermitted } from '../model/reading.ts';
import { openStore } from './embeddedStore.ts';
import {
  appendTicks,
  day,
  findingOf,
  folderFor,
  hour,
  keepAll,
  minute,
  processOf,
  sampleAt,
  settle,
  startMs,
  workload,
} from './storeForTests.ts';

const second = 1000;

test('what was appended is there after the daemon ends and starts again', (t) => {
  const dir = folderFor(t);
  const readings = {
    anonBytes: 2 ** 53 - 1,
    fds: notPermitted,
    cpuSeconds: 12.34,
    startTimeMs: 1700000000123.5,
    headroomBytes: 5e9,
  } as const;
  const first = openStore({ dir, retention: keepAll });
  appendTicks(first, workload('w-1'), { fromMs: startMs, count: 3, intervalMs: 10 * second }, () => readings);
  first.close();

  const store = openStore({ dir, retention: keepAll });
  t.after(() => store.close());
  const samples = [...store.replay(0)];
  assert.deepEqual(
    samples.map(({ sample }) => sample.timeMs),
    [0, 10, 20].map((seconds) => startMs + seconds * second),
  );
  // Not permitted may be kept as absent; nothing else may change.
  assert.deepEqual(samples[2], { subjectId: 'w-1', sample: sampleAt(startMs + 20 * second, { ...readings, fds: absent }) });
  assert.deepEqual(store.subjects(), [{ subject: workload('w-1'), firstSeenMs: startMs, lastSeenMs: startMs + 20 * second }]);
});

test('days of history are as fine after the daemon starts again as they were before', (t) => {
  const dir = folderFor(t);
  const read = (from: typeof store) => from.read('w-1', 'anonBytes', startMs, startMs + 9 * day, 2000);
  let store = openStore({ dir, retention: keepAll });
  appendTicks(store, workload('w-1'), { fromMs: startMs, count: 9 * 24 * 4, intervalMs: 15 * minute }, (index) => ({
    anonBytes: index * 4096,
  }));
  settle(store, startMs + 9 * day);
  const before = read(store);
  store.close();

  store = openStore({ dir, retention: keepAll });
  t.after(() => store.close());
  appendTicks(store, workload('w-1'), { fromMs: startMs + 9 * day, count: 1, intervalMs: minute });
  settle(store, startMs + 9 * day);
  assert.equal(before.bucketMs, 10 * minute);
  assert.deepEqual(read(store).timeMs.slice(0, before.timeMs.length), before.timeMs);
});

test('absent is never 0, in samples and in buckets', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  appendTicks(store, workload('w-1'), { fromMs: startMs, count: 8, intervalMs: 10 * second }, (index) => ({
    anonBytes: index >= 2 && index < 6 ? absent : 4096,
  }));
  const samples = store.read('w-1', 'anonBytes', startMs, startMs + minute, 100);
  assert.deepEqual([...samples.min], [4096, 4096, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 4096]);
  const never = store.read('w-1', 'sockets', startMs, startMs + minute, 100);
  assert.ok(never.min.every(Number.isNaN) && never.min.length === 7);
  const buckets = store.read('w-1', 'anonBytes', startMs, startMs + minute + 10 * second, 5);
  assert.equal(buckets.bucketMs, 15 * second);
  assert.deepEqual([...buckets.min], [4096, Number.NaN, Number.NaN, Number.NaN, 4096]);
  assert.equal(store.read('w-unknown', 'anonBytes', 0, Number.POSITIVE_INFINITY, 10).timeMs.length, 0);
});

test('old samples get coarser, and the floor survives', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  const lowAt = 1234;
  const count = (4 * day) / (2 * minute);
  appendTicks(store, workload('w-1'), { fromMs: startMs, count, intervalMs: 2 * minute }, (index) => ({
    anonBytes: index === lowAt ? 4096 : 1_000_000 + (index % 100),
    fds: index % 10,
  }));
  const endMs = startMs + count * 2 * minute;
  settle(store, endMs);
  for (const maxPoints of [5, 48, 300, 1152]) {
    const points = store.read('w-1', 'anonBytes', startMs, endMs, maxPoints);
    assert.ok(points.timeMs.length <= maxPoints && points.timeMs.length > 0);
    assert.equal(Math.min(...points.min), 4096);
    assert.equal(Math.max(...points.max), 1_000_099);
    const bucket = Math.floor((startMs + lowAt * 2 * minute) / points.bucketMs) * points.bucketMs;
    assert.equal(points.min[points.timeMs.indexOf(bucket)], 4096);
  }
  const fds = store.read('w-1', 'fds', startMs, startMs + 2 * day - hour, 100);
  assert.equal(fds.bucketMs, 30 * minute);
  for (const [at, mean] of fds.mean.slice(0, -1).entries()) {
    const sampled = Array.from({ length: 15 }, (_, index) => (at * 15 + index) % 10);
    const expected = sampled.reduce((sum, value) => sum + value, 0) / 15;
    assert.ok(Math.abs(mean - expected) < 0.02, `a bucket weighs as much as it has samples: ${mean}, ${expected}`);
  }
  const recent = store.read('w-1', 'anonBytes', endMs - hour, endMs, 100);
  assert.equal(recent.bucketMs, 0, 'recent samples stay as they were');
  assert.ok([...store.replay(0)].length < count, 'old ones do not');
});

test('a range is answered with at most the points asked for, all of them inside it', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  appendTicks(store, workload('w-1'), { fromMs: startMs, count: 2000, intervalMs: 10 * second });
  for (const maxPoints of [1, 2, 3, 10, 99, 1000, 5000]) {
    for (const [fromMs, toMs] of [
      [0, Number.POSITIVE_INFINITY],
      [startMs + 95_000, startMs + 3_333_333],
      [startMs, startMs],
    ] as const) {
      const { timeMs, bucketMs } = store.read('w-1', 'anonBytes', fromMs, toMs, maxPoints);
      assert.ok(timeMs.length >= 1 && timeMs.length <= maxPoints, `${timeMs.length} of ${maxPoints}`);
      assert.ok(timeMs.every((time) => time + bucketMs >= fromMs && time <= toMs));
    }
  }
});

test('what all subjects share is kept once and read for each', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  const subjects = ['w-1', 'w-2'].map(workload);
  for (const subject of subjects) store.putSubject(subject, startMs);
  const count = (9 * hour) / (30 * second);
  for (let tick = 0; tick < count; tick += 1) {
    const timeMs = startMs + tick * 30 * second;
    const own = { ...sampleAt(timeMs, { headroomBytes: 77 }) };
    store.append(timeMs, [
      ...subjects.map(({ id }) => ({ subjectId: id, sample: sampleAt(timeMs, { headroomBytes: 9e9 - tick * 4096 }) })),
      { subjectId: 'w-own', sample: own },
    ]);
  }
  settle(store, startMs + 9 * hour);
  const endMs = startMs + 9 * hour;
  for (const maxPoints of [5000, 400, 60]) {
    const [one, two] = ['w-1', 'w-2'].map((id) => store.read(id, 'headroomBytes', startMs, endMs, maxPoints));
    assert.deepEqual(one, two);
    assert.equal(Math.max(...(one?.max ?? [])), 9e9);
    assert.equal(Math.min(...(one?.min ?? [])), 9e9 - (count - 1) * 4096);
    assert.ok(store.read('w-own', 'headroomBytes', startMs, endMs, maxPoints).mean.every((mean) => mean === 77));
  }
});

test('a clock that goes backward hides and harms nothing; one that jumps forward leaves a gap', (t) => {
  const dir = folderFor(t);
  const store = openStore({ dir, retention: keepAll });
  const times = [0, 10, 20, 3600 * 30, 3600 * 30 + 10, 5, 15, 25, 35].map((seconds) => startMs + seconds * second);
  store.putSubject(workload('w-1'), startMs);
  for (const [index, timeMs] of times.entries()) store.append(timeMs, [{ subjectId: 'w-1', sample: sampleAt(timeMs, { fds: index }) }]);
  settle(store, startMs);
  const points = store.read('w-1', 'fds', startMs, startMs + 40 * hour, 100);
  assert.deepEqual(
    [...points.timeMs],
    times.toSorted((a, b) => a - b),
  );
  assert.deepEqual([...points.last], [0, 5, 1, 6, 2, 7, 8, 3, 4]);
  // Steady all the time, so that one run of equal rows goes through the jump.
  const narrow = store.read('w-1', 'threads', startMs, startMs + 30 * second, 100);
  assert.deepEqual(
    [...narrow.timeMs],
    [0, 5, 10, 15, 20, 25].map((seconds) => startMs + seconds * second),
  );
  assert.deepEqual(
    [...store.replay(0)].map(({ sample }) => sample.timeMs),
    times,
    'replayed as it was sampled',
  );
  const gap = store.read('w-1', 'fds', startMs, startMs + 40 * hour, 8);
  assert.equal(gap.min[0], 0);
  assert.ok(Number.isNaN(gap.min[1]), 'nothing is made up for the time that was skipped');
  store.close();
});

test('a clock that is wrong by years for a minute does not make the store forget', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  appendTicks(store, workload('w-1'), { fromMs: startMs, count: 2880, intervalMs: minute });
  appendTicks(store, workload('w-1'), { fromMs: startMs + 70 * 365 * day, count: 6, intervalMs: minute });
  appendTicks(store, workload('w-1'), { fromMs: startMs + 2 * day, count: 100, intervalMs: minute });
  settle(store, startMs + 2 * day);
  const points = store.read('w-1', 'fds', startMs, startMs + 3 * day, 10_000);
  assert.ok(points.timeMs.length >= 2800, `${points.timeMs.length} samples left`);
});

test('samples, subjects and states expire by age', (t) => {
  const dir = folderFor(t);
  const store = openStore({ dir, retention: { maxAgeMs: 4 * day, maxBytes: keepAll.maxBytes } });
  t.after(() => store.close());
  appendTicks(store, workload('w-old'), { fromMs: startMs, count: 10, intervalMs: minute });
  store.putState('w-old', startMs, new Uint8Array([1]));
  store.putFinding(findingOf('f-old', startMs));
  appendTicks(store, workload('w-new'), { fromMs: startMs + 10 * minute, count: 12 * 144, intervalMs: 10 * minute });
  store.putState('w-new', startMs + 12 * day, new Uint8Array([2]));
  store.putFinding(findingOf('f-new', startMs + 12 * day));
  settle(store, startMs + 12 * day);
  assert.equal(store.read('w-old', 'fds', 0, startMs + 20 * day, 100).timeMs.length, 0);
  assert.deepEqual(
    store.subjects().map(({ subject }) => subject.id),
    ['w-new'],
  );
  assert.deepEqual(
    [...store.states()].map(({ subjectId }) => subjectId),
    ['w-new'],
  );
  assert.deepEqual(
    store.findings({}).map(({ id }) => id),
    ['f-new'],
  );
  const left = store.read('w-new', 'fds', 0, startMs + 20 * day, 10_000);
  assert.ok((left.timeMs[0] ?? 0) > startMs + 12 * day - 6 * day, 'not much older than the owner wants');
  assert.ok((left.timeMs[0] ?? 0) <= startMs + 12 * day - 4 * day, 'and not younger');
});

/** Looks random, and is the same each time. */
function scramble(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

test('the folder stays within its bytes: fine samples go first, the floor over the whole time stays', (t) => {
  const dir = folderFor(t);
  const maxBytes = 2 * 1024 * 1024;
  const store = openStore({ dir, retention: { maxAgeMs: keepAll.maxAgeMs, maxBytes } });
  t.after(() => store.close());
  const subjects = Array.from({ length: 20 }, (_, index) => workload(`w-${index}`));
  for (const subject of subjects) store.putSubject(subject, startMs);
  const count = (36 * hour) / (20 * second);
  for (let tick = 0; tick < count; tick += 1) {
    const timeMs = startMs + tick * 20 * second;
    // Hardly compressible: every gauge jumps.
    const noise = (seed: number) => scramble(tick * 1000 + seed);
    store.append(
      timeMs,
      subjects.map(({ id }, index) => ({
        subjectId: id,
        sample: sampleAt(timeMs, { anonBytes: noise(index), fileBytes: noise(index + 50), swapBytes: noise(index + 99) }),
      })),
    );
    store.maintain(timeMs);
  }
  settle(store, startMs + 36 * hour);
  const onDisk = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  assert.ok(onDisk <= maxBytes * 1.1, `${onDisk} bytes on disk`);
  assert.ok(Math.abs(store.health().bytes - onDisk) < maxBytes * 0.1, `${store.health().bytes} said, ${onDisk} on disk`);
  const fine = [...store.replay(0)].length;
  assert.ok(fine < count * subjects.length, 'fine samples went');
  const whole = store.read('w-3', 'anonBytes', startMs, startMs + 36 * hour, 40);
  assert.ok((whole.timeMs[0] ?? 0) <= startMs + 6 * hour, 'coarse ones did not');
});

test('short-lived processes are forgotten and do not fill the coarse tiers', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  store.putSubject(workload('w-cron'), startMs);
  const count = (6 * day) / (10 * minute);
  let started = 0;
  for (let tick = 0; tick < count; tick += 1) {
    const timeMs = startMs + tick * 10 * minute;
    const jobs = Array.from({ length: 30 }, () => processOf(`p-${started++}`, 'w-cron'));
    for (const job of jobs) store.putSubject(job, timeMs);
    store.append(
      timeMs,
      [workload('w-cron'), ...jobs].map(({ id }) => ({ subjectId: id, sample: sampleAt(timeMs) })),
    );
    store.maintain(timeMs);
  }
  settle(store, startMs + 6 * day);
  const known = store.subjects().length;
  assert.ok(known > 30 * 6 * 24 && known < 30 * 6 * 24 * 3.5, `${known} of ${started} subjects are known`);
  assert.equal(store.read('p-7', 'fds', 0, startMs + 9 * day, 100).timeMs.length, 0);
  assert.ok(store.read(`p-${started - 1}`, 'fds', 0, startMs + 9 * day, 100).timeMs.length === 1);
  assert.ok(store.read('w-cron', 'fds', 0, startMs + 9 * day, 200).timeMs.length > 100);
});

test('a process that lived for minutes is found in a long range', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  appendTicks(store, processOf('p-1'), { fromMs: startMs, count: 20, intervalMs: 10 * second }, (index) => ({ fds: 100 - index }));
  appendTicks(store, workload('w-1'), { fromMs: startMs + hour, count: 40 * 60, intervalMs: minute });
  settle(store, startMs + 41 * hour);
  const points = store.read('p-1', 'fds', startMs - 7 * day, startMs + 41 * hour, 10);
  assert.equal(Math.min(...points.min), 81);
});

test('a process that has not lived a day is found in a range of weeks', (t) => {
  const store = openStore({ dir: folderFor(t), retention: keepAll });
  t.after(() => store.close());
  appendTicks(store, processOf('p-1'), { fromMs: startMs, count: 300, intervalMs: minute }, (index) => ({ fds: 400 - index }));
  appendTicks(store, workload('w-1'), { fromMs: startMs + 5 * hour, count: 5 * 144, intervalMs: 10 * minute });
  settle(store, startMs + 6 * day);
  const points = store.read('p-1', 'fds', startMs, startMs + 6 * day, 10);
  assert.equal(points.min[0], 101);
  assert.ok(points.bucketMs >= 30 * minute);
});

test('states come back as they were put, the latest of each subject', (t) => {
  const dir = folderFor(t);
  const store = openStore({ dir, retention: keepAll });
  for (let index = 0; index < 200; index += 1) {
    store.putState(`w-${index}`, startMs, new Uint8Array(500).fill(index));
    store.putState(`w-${index}`, startMs + index, Uint8Array.of(index, 0, 255));
  }
  store.maintain(startMs);
  store.close();
  const again = openStore({ dir, retention: keepAll });
  t.after(() => again.close());
  const states = [...again.states()];
  assert.equal(states.length, 200);
  const state = states.find(({ subjectId }) => subjectId === 'w-7');
  assert.deepEqual([state?.timeMs, [...(state?.bytes ?? [])]], [startMs + 7, [7, 0, 255]]);
});

test('findings are kept, replaced by id, newest first, and bounded in number', (t) => {
  const dir = folderFor(t);
  const store = openStore({ dir, retention: keepAll });
  for (let index = 0; index < 2100; index += 1) store.putFinding(findingOf(`f-${index}`, startMs + index));
  store.putFinding({ ...findingOf('f-2099', startMs + 9999), state: 'resolved' });
  assert.deepEqual(
    store.findings({ limit: 2 }).map(({ id, state }) => [id, state]),
    [
      ['f-2099', 'resolved'],
      ['f-2098', 'confirmed'],
    ],
  );
  assert.equal(store.findings({ sinceMs: startMs + 2090 }).length, 10);
  store.close();
  const again = openStore({ dir, retention: keepAll });
  t.after(() => again.close());
  assert.deepEqual(again.findings({ limit: 1 }), [{ ...findingOf('f-2099', startMs + 9999), state: 'resolved' }]);
  assert.equal(again.findings({ limit: 10_000 }).length, 2000);
});

test('a scan that fails halfway costs its tick and nothing else', (t) => {
  const dir = folderFor(t);
  const store = openStore({ dir, retention: keepAll });
  appendTicks(store, workload('w-1'), { fromMs: startMs, count: 5, intervalMs: 10 * second }, (index) => ({ fds: index }));
  const broken = function* () {
    yield { subjectId: 'w-1', sample: sampleAt(startMs + minute, { fds: 99 }) };
    throw new Error('the scan failed');
  };
  assert.throws(() => store.append(startMs + minute, broken()), /the scan failed/);
  appendTicks(store, workload('w-1'), { fromMs: startMs + 2 * minute, count: 5, intervalMs: 10 * second }, (index) => ({
    fds: 10 + index,
  }));
  store.close();
  const again = openStore({ dir, retention: keepAll });
  t.after(() => again.close());
  const fds = [...again.replay(0)].map(({ sample }) => sample.fds).filter((value) => value !== 99);
  assert.deepEqual(fds, [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
  assert.deepEqual(again.health().setAside, []);
});

test('a second store on the same folder is refused; once the first is closed it opens', (t) => {
  const dir = folderFor(t);
  const first = openStore({ dir, retention: keepAll });
  assert.throws(
    () => openStore({ dir, retention: keepAll }),
    (error) => error instanceof StanchError && error.code === 'STANCH_E_STORE_LOCKED' && error.next.includes('--data'),
  );
  first.append(startMs, [{ subjectId: 'w-1', sample: sampleAt(startMs) }]);
  first.close();
  openStore({ dir, retention: keepAll }).close();
});

test('a folder that cannot be used is refused with what to do', (t) => {
  const dir = folderFor(t);
  writeFileSync(join(dir, 'file'), '');
  const refused = (path: string) =>
    assert.throws(
      () => openStore({ dir: path, retention: keepAll }),
      (error) => error instanceof StanchError && error.code === 'STANCH_E_DATA_DIR' && error.message.includes(path) && error.next !== '',
    );
  refused(join(dir, 'file'));
  refused(join(dir, 'file', 'below'));
  refused('/proc/stanch');
});

test('a folder of somebody else is refused', { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false }, (t) => {
  const dir = folderFor(t);
  chmodSync(dir, 0o500);
  assert.throws(
    () => openStore({ dir, retention: keepAll }),
    (error) => error instanceof StanchError && error.code === 'STANCH_E_DATA_DIR',
  );
});

test('a folder that was removed while running costs the disk, not the daemon', (t) => {
  const dir = folderFor(t);
  const store = openStore({ dir, retention: { maxAgeMs: hour, maxBytes: keepAll.maxBytes } });
  t.after(() => store.close());
  appendTicks(store, workload('w-1'), { fromMs: startMs, count: 5, intervalMs: 10 * second });
  rmSync(dir, { recursive: true });
  appendTicks(store, workload('w-1'), { fromMs: startMs + minute, count: 200, intervalMs: 10 * second });
  assert.equal(store.health().mode, 'memory');
  assert.match(store.health().reason ?? '', /STANCH_E_DATA_DIR/);
  assert.ok(store.read('w-1', 'fds', 0, startMs + hour, 1000).timeMs.length > 100);
});
