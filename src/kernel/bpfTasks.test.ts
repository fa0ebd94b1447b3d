import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parsePageBytes, readPageBytes } from './auxv.ts';
import { BpfPass, type BpfTask, BpfTaskCursor, emptyBpfTask, readBpfTasks } from './bpfTasks.ts';
import { pageBytesForTests, writtenTask } from './bpfTasksForTests.ts';

/** Written by the iterator on Linux 6.18; the values that it is held against are those that /proc had at the same time. */
const recorded = fileURLToPath(new URL('./fixtures/bpf/tasks', import.meta.url));
const KiB = 1024;

function cursorOn(bytes: Uint8Array): BpfTaskCursor {
  const pass = new BpfPass();
  pass.bytes.set(bytes);
  pass.length = bytes.length;
  const cursor = new BpfTaskCursor(pageBytesForTests);
  cursor.reset(pass);
  return cursor;
}

function all(cursor: BpfTaskCursor): (BpfTask & { comm: string })[] {
  const found = [];
  for (let task = emptyBpfTask(); cursor.next(task); task = emptyBpfTask()) {
    found.push({ ...task, comm: Buffer.from(cursor.bytes.subarray(task.commStart, task.commEnd)).toString('latin1') });
  }
  return found;
}

function readRecorded(): BpfTaskCursor {
  const pass = new BpfPass();
  readBpfTasks(recorded, pass);
  const cursor = new BpfTaskCursor(pageBytesForTests);
  cursor.reset(pass);
  return cursor;
}

test('a recorded pass: threads of the kernel, processes with what they hold, dead ones without', () => {
  const tasks = all(readRecorded());
  assert.deepEqual(
    tasks.map(({ pid, kernelThread }) => [pid, kernelThread]),
    [
      [2, true],
      [3, true],
      [4, true],
      [24644, false],
      [24646, false],
      [24647, false],
      [24651, false],
    ],
  );
  const [, , , leaderless, odd, python, dead] = tasks;
  assert.ok(leaderless && odd && python && dead);
  assert.equal(odd.comm, 'odd ) R (name');
  assert.deepEqual([odd.effectiveUid, odd.parentPid, odd.startTimeTicks, odd.fds], [1000, 24598, 1846186, 3]);
  assert.deepEqual([odd.anonBytes, odd.fileBytes, odd.shmemBytes, odd.swapBytes], [112 * KiB, 1724 * KiB, 0, 0]);
  assert.deepEqual([python.anonBytes, python.fileBytes, python.threads, python.fds], [28292 * KiB, 6716 * KiB, 4, 93]);
  // Most of it was used by its threads; /proc, which rounds twice, had 0.50.
  assert.equal(python.cpuSeconds, 0.51);
  assert.deepEqual(
    [leaderless, odd, python, dead].map(({ state, threads, memoryIsKnown }) => [String.fromCharCode(state), threads, memoryIsKnown]),
    [
      ['Z', 2, false],
      ['S', 1, true],
      ['S', 4, true],
      ['Z', 1, false],
    ],
  );
  assert.deepEqual([dead.fds, dead.anonBytes, dead.parentPid], [-1, 0, 24647]);
});

test('threads count for their process also where they stand before it, as when pids went round', () => {
  const process = writtenTask({ pid: 30_000, cpuSeconds: 5, threadsCpuSeconds: [1, 2] });
  const [first, ...threads] = [process.subarray(0, 96), process.subarray(96, 112), process.subarray(112)];
  const other = writtenTask({ pid: 40, cpuSeconds: 1, threadsCpuSeconds: [0.25] });
  const tasks = all(cursorOn(Buffer.concat([threads[0] ?? first, other, first, threads[1] ?? first])));
  assert.deepEqual(
    tasks.map(({ pid, cpuSeconds }) => [pid, cpuSeconds]),
    [
      [40, 1],
      [30_000, 5],
    ],
  );
});

test('a pass that is cut short ends at its last whole record', () => {
  const bytes = Buffer.concat([
    writtenTask({ pid: 1, comm: 'init' }),
    writtenTask({ pid: 2, kernelThread: true }),
    writtenTask({ pid: 3 }),
  ]);
  for (let length = 0; length < bytes.length; length += 1) {
    const whole = length < 96 ? 0 : length < 112 ? 1 : 2;
    assert.equal(all(cursorOn(bytes.subarray(0, length))).length, whole, `${length} bytes`);
  }
});

test('one process is found again, and the next one round and round', () => {
  const cursor = readRecorded();
  const task = emptyBpfTask();
  assert.ok(cursor.seek(24647) && cursor.next(task));
  assert.equal(task.pid, 24647);
  assert.equal(cursor.seek(24648), false, 'that is a thread');
  assert.deepEqual(
    [0, 24644, 24650, 24651].map((pid) => cursor.pidAfter(pid)),
    [24644, 24646, 24651, 24644],
  );
});

test('sizes and times are exact far above 32 bits', () => {
  const big = { anonBytes: 6 * 1024 ** 4, startTimeTicks: 2 ** 40 + 1 };
  const [task] = all(cursorOn(writtenTask({ pid: 5, memoryIsKnown: true, ...big })));
  assert.deepEqual([task?.anonBytes, task?.startTimeTicks], [big.anonBytes, big.startTimeTicks]);
});

test('a pass larger than what is there for it is read to its end', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-test-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'tasks');
  const count = 10_000;
  writeFileSync(path, Buffer.concat(Array.from({ length: count }, (_, index) => writtenTask({ pid: index + 1 }))));
  const pass = new BpfPass();
  readBpfTasks(path, pass);
  const cursor = new BpfTaskCursor(pageBytesForTests);
  cursor.reset(pass);
  assert.equal(all(cursor).length, count);
  assert.throws(() => readBpfTasks(join(dir, 'none'), pass), { code: 'ENOENT' });
  cursor.reset(pass);
  assert.equal(all(cursor).length, 0, 'nothing of an earlier pass is left');
});

test('the size of a page', () => {
  const pageBytes = readPageBytes('/proc');
  assert.ok(typeof pageBytes === 'number' && pageBytes >= 4096 && Number.isInteger(Math.log2(pageBytes)));
  const pairs = Buffer.alloc(48);
  pairs.writeBigUInt64LE(33n, 0);
  pairs.writeBigUInt64LE(6n, 16);
  pairs.writeBigUInt64LE(65536n, 24);
  assert.equal(parsePageBytes(pairs, 48), 65536);
  assert.equal(typeof parsePageBytes(pairs, 31), 'symbol', 'it was cut off');
});
