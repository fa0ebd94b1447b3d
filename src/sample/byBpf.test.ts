/** What a scan shows when a list of all processes stands in for most of /proc: on a fake one, and with the iterator itself. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pinTaskIterator } from '../kernel/bpfIterator.ts';
import { BpfPass, BpfTaskCursor } from '../kernel/bpfTasks.ts';
import { pageBytesForTests, type WrittenTask, writtenTask } from '../kernel/bpfTasksForTests.ts';
import { mountBpffs } from '../lab/bpffs.ts';
import { startProgram, whyNotRunnable } from '../lab/programs.ts';
import { absent, isValue } from '../model/reading.ts';
import { BpfTier } from './bpfTier.ts';
import { Sampler } from './sampler.ts';
import type { ProcessSample, Scan } from './scan.ts';

const fixture = fileURLToPath(new URL('../kernel/fixtures/debian12', import.meta.url));
const KiB = 1024;
const MiB = 1024 ** 2;

/** A machine with copies of one recorded process, and what the iterator says of them. */
class Machine {
  readonly root: string;
  readonly sampler: Sampler;
  /** null: it has nothing to say, and /proc is read. */
  tasks: WrittenTask[] | null = [];
  #timeMs = 0;

  constructor(t: TestContext) {
    this.root = mkdtempSync(join(tmpdir(), 'stanch-bpf-'));
    mkdirSync(join(this.root, 'sys/kernel/random'), { recursive: true });
    for (const file of ['meminfo', 'stat', 'sys/kernel/random/boot_id']) cpSync(join(fixture, file), join(this.root, file));
    this.sampler = new Sampler({
      procRoot: this.root,
      cgroupRoot: join(this.root, 'none'),
      passwdFile: join(this.root, 'none'),
      tasks: { read: () => this.#read() },
    });
    t.after(() => {
      this.sampler.close();
      rmSync(this.root, { recursive: true });
    });
  }

  /** Process 600 of the fixture under another pid, in /proc and in the list. */
  add(pid: number, told: Partial<WrittenTask> = {}): void {
    cpSync(join(fixture, '600'), join(this.root, `${pid}`), { recursive: true });
    this.tasks?.push({ ...asRecorded, pid, ...told });
  }

  tell(told: Partial<WrittenTask>): void {
    this.tasks = this.tasks?.map((task) => ({ ...task, ...told })) ?? null;
  }

  scan(): Scan {
    this.#timeMs += 1000;
    return this.sampler.scan(this.#timeMs);
  }

  /** Of the process with the lowest pid. */
  first(): ProcessSample {
    const [process] = this.scan().processes;
    assert.ok(process);
    return process;
  }

  #read(): BpfTaskCursor | null {
    if (this.tasks === null) return null;
    const pass = new BpfPass();
    const bytes = Buffer.concat(this.tasks.map(writtenTask));
    pass.bytes.set(bytes);
    pass.length = bytes.length;
    const cursor = new BpfTaskCursor(pageBytesForTests);
    cursor.reset(pass);
    return cursor;
  }
}

/** As /proc has it: 90000 KiB anonymous, 1.5 s of CPU, 11 threads. */
const asRecorded = {
  comm: 'node',
  startTimeTicks: 2000,
  parentPid: 1,
  effectiveUid: 1000,
  threads: 11,
  cpuSeconds: 1.5,
  memoryIsKnown: true,
  anonBytes: 90000 * KiB,
  fileBytes: 40000 * KiB,
  swapBytes: 20000 * KiB,
};

test('a process that is known shows what the iterator says; everything else is as /proc has it', (t) => {
  const machine = new Machine(t);
  machine.add(1000);
  const { subject, command, sample: first } = structuredClone({ ...machine.first(), sample: null });
  assert.equal(first, null);
  machine.tell({ anonBytes: 91 * MiB, shmemBytes: MiB, swapBytes: 0, cpuSeconds: 2.25, threads: 12, fds: 345, state: 0x44 });
  const now = machine.first();
  const { sample } = now;
  assert.deepEqual([sample.anonBytes, sample.fileBytes, sample.shmemBytes, sample.swapBytes], [91 * MiB, 40000 * KiB, MiB, 0]);
  assert.deepEqual([sample.cpuSeconds, sample.threads, sample.fds, now.state, now.uid], [2.25, 12, 345, 'D', 1000]);
  assert.deepEqual([now.subject, now.command], [subject, command]);
  assert.equal(sample.fdLimit, 1024);
  machine.tell({ fds: -1 });
  assert.equal(machine.first().sample.fds, 22, 'what the iterator does not count is counted in /proc');
});

test('memory that the iterator could not tell is read in /proc; a dead process has none', (t) => {
  const machine = new Machine(t);
  machine.add(1000);
  machine.scan();
  machine.tell({ memoryIsKnown: false, anonBytes: 0 });
  assert.equal(machine.first().sample.anonBytes, 90000 * KiB);
  machine.tell({ state: 0x5a, threads: 1 });
  const { state, sample } = machine.first();
  assert.deepEqual([state, sample.anonBytes, sample.swapBytes, sample.fds], ['Z', absent, absent, absent]);
});

test('another name or another owner is another program', (t) => {
  const machine = new Machine(t);
  machine.add(1000);
  const before = machine.first().command;
  writeFileSync(join(machine.root, '1000/cmdline'), '/opt/other\0');
  assert.equal(machine.first().command, before, 'the same name: nothing is read');
  machine.tell({ comm: 'other' });
  assert.equal(machine.first().command, '/opt/other');
  writeFileSync(join(machine.root, '1000/cmdline'), '/opt/third\0');
  machine.tell({ effectiveUid: 33 });
  assert.deepEqual([machine.scan().processes[0]?.command, machine.first().uid], ['/opt/third', 33]);
});

test('processes start and end with the list, and who is missing in it is asked for in /proc first', (t) => {
  const machine = new Machine(t);
  for (const pid of [1000, 1001, 1002]) machine.add(pid);
  machine.scan();
  machine.add(1003);
  rmSync(join(machine.root, '1000'), { recursive: true });
  machine.tasks = machine.tasks?.filter(({ pid }) => pid > 1001) ?? null;
  const scan = machine.scan();
  assert.deepEqual([scan.startedCount, scan.endedCount], [1, 1]);
  assert.deepEqual(
    scan.processes.map(({ id }) => id.pid),
    [1001, 1002, 1003],
  );
});

test('a pid that was given to another process is another subject', (t) => {
  const machine = new Machine(t);
  machine.add(1000);
  const before = machine.first().subject.id;
  const stat = join(machine.root, '1000/stat');
  writeFileSync(stat, readFileSync(stat, 'latin1').replace(' 2000 12345678', ' 777000 12345678'), 'latin1');
  machine.tell({ startTimeTicks: 777_000 });
  const scan = machine.scan();
  assert.deepEqual([scan.startedCount, scan.endedCount], [1, 1]);
  assert.notEqual(scan.processes[0]?.subject.id, before);
});

test('what seems to grow is read in /proc before long, so that no verdict rests on the iterator alone', (t) => {
  const machine = new Machine(t);
  machine.add(1000);
  machine.scan();
  machine.tell({ anonBytes: 500 * MiB });
  machine.scan();
  const seen = Array.from({ length: 12 }, () => machine.first().sample.anonBytes);
  assert.equal(seen.filter((bytes) => bytes === 500 * MiB).length, 10);
  assert.equal(seen.filter((bytes) => bytes === 90000 * KiB).length, 2);
});

test('it goes on with /proc when there is no list, and CPU time does not fall from the one to the other', (t) => {
  const machine = new Machine(t);
  const openBefore = readdirSync('/proc/self/fd').length;
  machine.add(1000);
  machine.scan();
  machine.tell({ cpuSeconds: 1.51 });
  assert.equal(machine.first().sample.cpuSeconds, 1.51);
  assert.equal(readdirSync('/proc/self/fd').length, openBefore, 'nothing is kept open of what the list tells');
  machine.tasks = null;
  const statm = join(machine.root, '1000/statm');
  writeFileSync(statm, '30000 1 1 5 0 1340 0\n');
  for (let scan = 0; scan < 7; scan += 1) assert.equal(machine.first().sample.cpuSeconds, 1.51);
  assert.ok(readdirSync('/proc/self/fd').length > openBefore, 'what is read each time is kept open');
  cpSync(join(fixture, '600'), join(machine.root, '1001'), { recursive: true });
  assert.equal(machine.scan().processes.length, 2);
});

test('threads of the kernel stay one workload', (t) => {
  const machine = new Machine(t);
  cpSync(join(fixture, '2'), join(machine.root, '2'), { recursive: true });
  const startTimeTicks = Number(readFileSync(join(machine.root, '2/stat'), 'latin1').split(' ')[21]);
  machine.tasks = [{ pid: 2, kernelThread: true, startTimeTicks }];
  for (let scan = 0; scan < 3; scan += 1) {
    const { workloads, processes } = machine.scan();
    assert.deepEqual(
      workloads.map(({ subject, sample }) => [subject.name, sample.processes]),
      [['kernel threads', 1]],
    );
    assert.equal(processes.length, 0);
  }
});

const bpffs = mountBpffs();
const whyNot = typeof bpffs === 'string' ? bpffs : whyNotRunnable('c');

test('the iterator itself: a program that grows grows as much as in /proc', { skip: whyNot ?? false }, async (t) => {
  if (typeof bpffs === 'string') return;
  t.after(() => bpffs.remove());
  const reasons: string[] = [];
  const tier = new BpfTier({
    onChange: ({ by, reason }) => reasons.push(`${by} ${reason}`),
    pin: (signal) => pinTaskIterator(signal, bpffs.places),
  });
  t.after(() => tier.stop());
  const program = startProgram({ language: 'c', kind: 'leak', rateBytesPerSecond: 64 * MiB, noise: 0, seed: process.pid });
  t.after(() => program.stop());
  await program.ready;
  await tier.start();
  assert.equal(tier.source.by, 'bpf', tier.source.reason);
  const [byBpf, byProc] = [new Sampler({ tasks: tier }), new Sampler()];
  t.after(() => {
    byBpf.close();
    byProc.close();
  });
  const sampleOf = (scan: Scan) => scan.processes.find(({ id }) => id.pid === program.pid)?.sample;
  const firstBytes = sampleOf(byBpf.scan(0))?.anonBytes;
  assert.ok(firstBytes !== undefined && isValue(firstBytes));
  let grownBytes = 0;
  let nowMs = 0;
  while (grownBytes < 32 * MiB) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    nowMs += 1000;
    const before = sampleOf(byProc.scan(nowMs));
    const [low, threads, fds] = [before?.anonBytes, before?.threads, before?.fds];
    const told = sampleOf(byBpf.scan(nowMs));
    const high = sampleOf(byProc.scan(nowMs))?.anonBytes;
    assert.ok(told && isValue(told.anonBytes) && isValue(low ?? absent) && isValue(high ?? absent));
    assert.deepEqual([told.threads, told.fds], [threads, fds]);
    assert.ok(Number(low) <= told.anonBytes && told.anonBytes <= Number(high), `${String(low)} ${told.anonBytes} ${String(high)}`);
    grownBytes = told.anonBytes - firstBytes;
  }
  assert.equal(tier.source.by, 'bpf', tier.source.reason);
  await tier.stop();
  assert.deepEqual(
    readdirSync(bpffs.places.bpffs).filter((name) => name.startsWith('stanch-')),
    [],
  );
  assert.equal(reasons.length, 1);
  assert.ok(existsSync(`/proc/${program.pid}`) && sampleOf(byBpf.scan(nowMs + 1000)) !== undefined, 'and it goes on with /proc');
});
