/** Processes that come and go, and pids that are given out again, on a fake /proc whose folders are renamed. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Sampler, type SamplerOptions } from './sampler.ts';

const fixture = fileURLToPath(new URL('../kernel/fixtures/debian12', import.meta.url));
const processCount = 10;
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stanch-churn-'));
  mkdirSync(join(root, 'sys/kernel/random'), { recursive: true });
  for (const file of ['meminfo', 'stat', 'sys/kernel/random/boot_id']) cpSync(join(fixture, file), join(root, file));
});
afterEach(() => rmSync(root, { recursive: true }));

function addProcess(pid: number): void {
  cpSync(join(fixture, '600'), join(root, String(pid)), { recursive: true });
}

function samplerOn(more: SamplerOptions = {}): Sampler {
  return new Sampler({ procRoot: root, cgroupRoot: join(root, 'none'), passwdFile: join(root, 'none'), ...more });
}

/** Bytes in use once everything that can be collected is. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  assert.ok(typeof collect === 'function');
  collect();
  return process.memoryUsage().heapUsed;
}

test('after thousands of processes that came and went, nothing of them is left', () => {
  for (let index = 0; index < processCount; index += 1) addProcess(1000 + index);
  const fdsBefore = readdirSync('/proc/self/fd').length;
  const sampler = samplerOn();
  let next = 1000;
  const churn = (scans: number): void => {
    for (let scan = 0; scan < scans; scan += 1) {
      for (let index = 0; index < processCount; index += 1) {
        const pid = next + index;
        renameSync(join(root, String(pid)), join(root, String(pid + processCount)));
        // A workload of its own for each, so that those must be forgotten as well.
        writeFileSync(join(root, String(pid + processCount), 'cmdline'), `/opt/program-of-${pid.toString(36)}x\0`);
      }
      next += processCount;
      const seen = sampler.scan(scan * 1000);
      assert.equal(seen.processes.length, processCount);
      assert.equal(seen.workloads.length, processCount);
      if (scan > 0) assert.deepEqual([seen.startedCount, seen.endedCount], [processCount, processCount]);
    }
  };
  churn(40);
  const heapBefore = heapBytes();
  churn(120);
  const grown = heapBytes() - heapBefore;
  assert.ok(grown < 1 << 20, `heap grew by ${grown} bytes over 1,200 processes`);
  assert.ok(readdirSync('/proc/self/fd').length <= fdsBefore + 2 * processCount + 2);
  sampler.close();
  assert.ok(readdirSync('/proc/self/fd').length <= fdsBefore);
});

for (const keptFds of [0, 100]) {
  test(`a pid that was given to another process is another subject, with ${keptFds} files kept open`, () => {
    addProcess(1000);
    const sampler = samplerOn({ keptFds });
    const before = sampler.scan(0).processes[0];
    const beforeId = before?.subject.id;
    const stat = join(root, '1000/stat');
    writeFileSync(stat, readFileSync(stat, 'latin1').replace(' 2000 12345678', ' 777000 12345678'), 'latin1');
    writeFileSync(join(root, '1000/statm'), '30000 1 1 5 0 1340 0\n');
    const scan = sampler.scan(1000);
    sampler.close();
    assert.deepEqual([scan.startedCount, scan.endedCount], [1, 1]);
    assert.equal(scan.processes.length, 1);
    assert.notEqual(scan.processes[0]?.subject.id, beforeId);
    assert.equal(scan.processes[0]?.id.startTimeTicks, 777000);
  });
}

function writeLastPid(pid: number): void {
  writeFileSync(join(root, 'loadavg'), `0.20 0.18 0.12 1/80 ${pid}\n`);
}

test('a new process is found by its pid without a list of all, and the number of a thread is no process', () => {
  for (let pid = 1000; pid < 1100; pid += 1) addProcess(pid);
  writeLastPid(1099);
  const sampler = samplerOn();
  assert.equal(sampler.scan(0).processes.length, 100);
  addProcess(1101);
  writeStatus(1101, 1101);
  addProcess(1102);
  writeStatus(1102, 1000);
  // A list of all would hold this one as well.
  addProcess(5000);
  writeLastPid(1103);
  const scan = sampler.scan(1000);
  sampler.close();
  assert.deepEqual([scan.processes.length, scan.startedCount, scan.processes.at(-1)?.id.pid], [101, 1, 1101]);
});

function writeStatus(pid: number, processId: number): void {
  const path = join(root, String(pid), 'status');
  writeFileSync(path, readFileSync(path, 'latin1').replace(/^Tgid:.*$/m, `Tgid:\t${processId}`), 'latin1');
}

test('the name of a process without arguments is right from the first scan on', () => {
  addProcess(1000);
  writeFileSync(join(root, '1000/cmdline'), '');
  const sampler = samplerOn();
  assert.match(sampler.scan(0).processes[0]?.subject.name ?? '', /^node /);
  sampler.close();
});

test('what is summed over a workload follows its members, whichever of them changes', () => {
  for (let pid = 1000; pid < 1003; pid += 1) addProcess(pid);
  const sampler = samplerOn();
  const threads = () => sampler.scan(0).workloads.map(({ sample, memberIds }) => [sample.threads, sample.anonBytes, memberIds.length]);
  assert.deepEqual(threads(), [[33, 3 * 90000 * 1024, 3]]);
  assert.deepEqual(threads(), [[33, 3 * 90000 * 1024, 3]], 'nothing changed');
  const path = join(root, '1001/status');
  writeFileSync(path, readFileSync(path, 'latin1').replace(/RssAnon:\s+\d+/, 'RssAnon:\t95000'), 'latin1');
  writeFileSync(join(root, '1001/statm'), '30140 33750 10000 5 0 1340 0\n');
  assert.deepEqual(threads(), [[33, 275_000 * 1024, 3]]);
  rmSync(join(root, '1002'), { recursive: true });
  assert.deepEqual(threads(), [[22, 185_000 * 1024, 2]]);
  sampler.close();
});

test('CPU time of a workload never falls when a member ends, and starts anew when all are gone', () => {
  addProcess(1000);
  addProcess(1001);
  const sampler = samplerOn();
  const cpu = () => sampler.scan(0).workloads[0]?.sample.cpuSeconds;
  assert.equal(cpu(), 3);
  rmSync(join(root, '1001'), { recursive: true });
  assert.equal(cpu(), 3);
  addProcess(1002);
  assert.equal(cpu(), 4.5);
  for (const pid of ['1000', '1002']) rmSync(join(root, pid), { recursive: true });
  assert.equal(cpu(), undefined);
  addProcess(1003);
  assert.equal(cpu(), 1.5);
  sampler.close();
});

test('a process that moves to another workload leaves what it used behind', () => {
  addProcess(1000);
  addProcess(1001);
  const sampler = samplerOn();
  sampler.scan(0);
  writeFileSync(join(root, '1001/cmdline'), '/opt/other\0');
  const stat = join(root, '1001/stat');
  writeFileSync(stat, readFileSync(stat, 'latin1').replace('(node)', '(other)').replace(' 120 30 ', ' 220 30 '), 'latin1');
  writeFileSync(join(root, '1001/statm'), '30000 1 1 5 0 1340 0\n');
  const byName = new Map(sampler.scan(1000).workloads.map((one) => [one.subject.name, one.sample.cpuSeconds]));
  sampler.close();
  assert.equal(byName.get('node /srv/app/server.js --port N --password=*** (1000)'), 3);
  assert.ok([...byName.keys()].includes('/opt/other (1000)'));
});

test('a process whose first thread has ended still holds what its other threads use', () => {
  addProcess(1000);
  const directory = join(root, '1000');
  mkdirSync(join(directory, 'task/1000'), { recursive: true });
  mkdirSync(join(directory, 'task/1007'));
  cpSync(join(directory, 'status'), join(directory, 'task/1007/status'));
  cpSync(join(fixture, '800/status'), join(directory, 'status'));
  writeFileSync(join(directory, 'stat'), readFileSync(join(directory, 'stat'), 'latin1').replace(') S ', ') Z '), 'latin1');
  const sampler = samplerOn();
  const { sample, state } = sampler.scan(0).processes[0] ?? {};
  sampler.close();
  assert.equal(state, 'Z');
  assert.equal(sample?.anonBytes, 90000 * 1024);
});
