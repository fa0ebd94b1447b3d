/** The tier with a file in place of the iterator, and recorded processes in place of those of the machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bpfError } from '../kernel/bpfIterator.ts';
import { emptyBpfTask } from '../kernel/bpfTasks.ts';
import { type WrittenTask, writtenTask } from '../kernel/bpfTasksForTests.ts';
import { ticksPerSecond } from '../kernel/stat.ts';
import { isValue } from '../model/reading.ts';
import { memorySlackBytes, readProcTask } from './bpfAgreement.ts';
import { BpfTier, type ProcessSource } from './bpfTier.ts';

const procRoot = fileURLToPath(new URL('../kernel/fixtures/debian12', import.meta.url));
const GiB = 1024 ** 3;

/** What /proc says of every process, as the iterator would. */
const truth: WrittenTask[] = readdirSync(procRoot)
  .filter((name) => /^\d+$/.test(name))
  .map((name) => {
    const task = readProcTask(procRoot, Number(name), false);
    assert.ok(isValue(task));
    const { stat, status, comm } = task;
    const bytes = (reading: typeof status.anonBytes) => (isValue(reading) ? reading : 0);
    return {
      pid: Number(name),
      comm,
      kernelThread: stat.kernelThread,
      startTimeTicks: stat.startTimeTicks,
      state: stat.state,
      parentPid: stat.parentPid,
      effectiveUid: bytes(status.effectiveUid),
      threads: stat.threads,
      cpuSeconds: (stat.userTicks + stat.systemTicks) / ticksPerSecond,
      memoryIsKnown: isValue(status.anonBytes),
      anonBytes: bytes(status.anonBytes),
      fileBytes: bytes(status.fileBytes),
      shmemBytes: bytes(status.shmemBytes),
      swapBytes: bytes(status.swapBytes),
    };
  });

class Stage {
  readonly changes: ProcessSource[] = [];
  readonly path: string;
  readonly tier: BpfTier;
  removed = 0;

  constructor(t: TestContext, pin?: (signal: AbortSignal) => Promise<never>) {
    const folder = mkdtempSync(join(tmpdir(), 'stanch-bpf-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.path = join(folder, 'tasks');
    this.writes((task) => task);
    const remove = () => {
      this.removed += 1;
    };
    this.tier = new BpfTier({
      procRoot,
      onChange: (source) => this.changes.push(source),
      pin: pin ?? (async () => ({ path: this.path, remove })),
    });
  }

  /** From now on the iterator says this; null: nothing of that process. */
  writes(tell: (task: WrittenTask, index: number) => WrittenTask | null): void {
    const told = truth.map(tell).filter((task) => task !== null);
    writeFileSync(this.path, Buffer.concat(told.map(writtenTask)));
  }

  count(): number | null {
    const cursor = this.tier.read();
    if (cursor === null) return null;
    let count = 0;
    while (cursor.next(emptyBpfTask())) count += 1;
    return count;
  }
}

test('nothing is loaded unless asked for', (t) => {
  const { tier, changes } = new Stage(t);
  assert.equal(tier.read(), null);
  assert.deepEqual([tier.source, changes], [{ by: 'proc', reason: 'BPF is off in the configuration' }, []]);
});

test('an iterator that agrees with /proc is used, and taken out of the kernel in the end', async (t) => {
  const stage = new Stage(t);
  await stage.tier.start();
  assert.equal(stage.count(), truth.length);
  assert.deepEqual(stage.changes, [{ by: 'bpf', reason: 'as configured, and it agrees with /proc' }]);
  await stage.tier.stop();
  assert.deepEqual([stage.count(), stage.removed], [null, 1]);
});

for (const [name, wrong, told] of [
  ['memory', { anonBytes: 7 * GiB }, /anonymous memory 7 GiB, in \/proc .* of pid \d+$/],
  ['start', { startTimeTicks: 3 }, /start 3, in \/proc \d+, of pid \d+$/],
  ['owner', { effectiveUid: 4242 }, /user 4242, in \/proc \d+, of pid \d+$/],
  ['parent', { parentPid: 4242 }, /parent 4242/],
  ['name', { comm: 'other' }, /name other, in \/proc /],
  ['CPU time', { cpuSeconds: 90_000 }, /CPU seconds 90000, in \/proc /],
  ['threads', { threads: 99 }, /threads 99, in \/proc \d+/],
  ['memory that is not known', { memoryIsKnown: false }, /memory unknown, in \/proc /],
] as const) {
  test(`an iterator with another ${name} than /proc is not used, and what differs is told`, async (t) => {
    const stage = new Stage(t);
    stage.writes((task) => ({ ...task, ...wrong }));
    await stage.tier.start();
    assert.deepEqual([stage.count(), stage.removed], [null, 1]);
    assert.equal(stage.changes.length, 1);
    assert.equal(stage.tier.source.by, 'proc');
    assert.match(stage.tier.source.reason, /^BPF is asked for, but expected it to agree with \/proc; found \d+ of \d+ that differ: /);
    assert.match(stage.tier.source.reason.replace(/\. ?$/, ''), told);
  });
}

test('an iterator that leaves processes out is not used', async (t) => {
  const stage = new Stage(t);
  stage.writes((task, index) => (index < 5 ? null : task));
  await stage.tier.start();
  assert.match(stage.tier.source.reason, /5 of \d+ that differ: nothing of /);
});

test('a few that differ are processes on the move, and so is memory within what the counters are off', async (t) => {
  const stage = new Stage(t);
  const slack = memorySlackBytes(1, 4096);
  stage.writes((task, index) => ({ ...task, anonBytes: (task.anonBytes ?? 0) + (index < 4 ? GiB : task.memoryIsKnown ? slack : 0) }));
  await stage.tier.start();
  assert.equal(stage.tier.source.by, 'bpf', stage.tier.source.reason);
});

test('one process is compared in each scan: what goes wrong later is found, too', async (t) => {
  const stage = new Stage(t);
  await stage.tier.start();
  for (let scan = 0; scan < 40; scan += 1) assert.notEqual(stage.count(), null);
  stage.writes((task) => ({ ...task, parentPid: 4242 }));
  let scans = 0;
  while (stage.count() !== null) scans += 1;
  assert.ok(scans <= 8, `${scans} scans`);
  assert.match(stage.tier.source.reason, /4 of 16 that differ: parent 4242/);
  assert.deepEqual([stage.changes.length, stage.removed], [2, 1]);
});

test('a pass that fails is one scan by /proc; three in a row are the end of it', async (t) => {
  const stage = new Stage(t);
  await stage.tier.start();
  for (let round = 0; round < 3; round += 1) {
    unlinkSync(stage.path);
    assert.deepEqual([stage.count(), stage.count()], [null, null]);
    stage.writes((task) => task);
    assert.equal(stage.count(), truth.length);
  }
  unlinkSync(stage.path);
  assert.deepEqual([stage.count(), stage.count(), stage.count()], [null, null, null]);
  assert.match(stage.tier.source.reason, /^BPF failed: ENOENT/);
  assert.equal(stage.removed, 1);
});

test('why it could not be loaded is told as one sentence', async (t) => {
  const stage = new Stage(t, async () => {
    throw bpfError('bpftool', 'none', 'Install it: apt-get install bpftool');
  });
  await stage.tier.start();
  assert.deepEqual(stage.changes, [
    { by: 'proc', reason: 'BPF is asked for, but expected bpftool; found none. Install it: apt-get install bpftool' },
  ]);
  await stage.tier.stop();
});

test('whoever stops does not wait for what is being loaded, and nothing is told', async (t) => {
  const stage = new Stage(t, (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
  const loading = stage.tier.start();
  assert.equal(stage.tier.source.reason, 'BPF is being loaded');
  await stage.tier.stop();
  await loading;
  assert.deepEqual(stage.changes, []);
});
