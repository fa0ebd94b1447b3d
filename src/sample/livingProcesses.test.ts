/** On this machine's own processes: a fake tree can't show what the kernel does when they grow, end or change. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isValue } from '../model/reading.ts';
import { Sampler } from './sampler.ts';
import type { ProcessSample, Scan } from './scan.ts';

const MiB = 1024 ** 2;

/** A child that says a line when it is ready and another one for each line that it is sent. */
async function start(command: string, args: string[]): Promise<{ child: ChildProcess; line: () => Promise<void> }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  assert.ok(child.stdout && child.stdin);
  const { stdout, stdin } = child;
  await once(stdout, 'data');
  return {
    child,
    line: async () => {
      stdin.write('go\n');
      await once(stdout, 'data');
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function find(scan: Scan, pid: number | undefined): ProcessSample | undefined {
  return scan.processes.find((one) => one.id.pid === pid);
}

const allocateOnDemand = `
  const kept = [];
  process.stdin.on('data', () => { kept.push(Buffer.alloc(64 * 1024 * 1024, 1)); process.stdout.write('done'); });
  process.stdout.write('ready');
`;

test('64 MiB that a process touches are in its private memory at the next scan', async () => {
  const { child, line } = await start(process.execPath, ['-e', allocateOnDemand]);
  const sampler = new Sampler();
  try {
    const before = find(sampler.scan(1000), child.pid)?.sample;
    assert.ok(before && isValue(before.anonBytes) && isValue(before.swapBytes));
    const beforeBytes = before.anonBytes + before.swapBytes;
    await line();
    const grown = find(sampler.scan(2000), child.pid)?.sample;
    assert.ok(grown && isValue(grown.anonBytes) && isValue(grown.swapBytes));
    assert.ok(grown.anonBytes + grown.swapBytes - beforeBytes > 60 * MiB);
  } finally {
    sampler.close();
    await end(child);
  }
});

test('a process that ended is gone, what it used stays counted, and its descriptors are given back', async () => {
  const script = 'const end = Date.now() + 120; while (Date.now() < end); process.stdout.write("ready"); process.stdin.resume();';
  const first = await start(process.execPath, ['-e', script, 'stanch-cpu-test']);
  const second = await start(process.execPath, ['-e', script, 'stanch-cpu-test']);
  const fdsBefore = readdirSync('/proc/self/fd').length;
  const sampler = new Sampler();
  try {
    const workloadOf = (scan: Scan) => scan.workloads.find((one) => one.subject.id === find(scan, second.child.pid)?.subject.workloadId);
    const before = workloadOf(sampler.scan(1000))?.sample.cpuSeconds;
    await end(first.child);
    const scan = sampler.scan(2000);
    assert.equal(find(scan, first.child.pid), undefined);
    assert.ok(scan.endedCount >= 1);
    const now = workloadOf(scan);
    assert.equal(now?.sample.processes, 1);
    assert.ok(before !== undefined && isValue(before) && isValue(now.sample.cpuSeconds));
    assert.ok(now.sample.cpuSeconds >= before, `${now.sample.cpuSeconds} after ${before}`);
  } finally {
    sampler.close();
    await end(first.child);
    await end(second.child);
  }
  assert.ok(readdirSync('/proc/self/fd').length <= fdsBefore);
});

test('a process that runs another program becomes another workload at once', async () => {
  const { child } = await start('/bin/sh', ['-c', 'echo ready; read line; exec cat']);
  const sampler = new Sampler();
  try {
    const before = find(sampler.scan(1000), child.pid);
    assert.match(before?.subject.name ?? '', /^sh /);
    const id = before?.subject.id;
    child.stdin?.write('go\n');
    // Only cat answers this.
    child.stdin?.write('echoed\n');
    await once(child.stdout ?? child, 'data');
    const after = find(sampler.scan(2000), child.pid);
    assert.match(after?.subject.name ?? '', /^cat /);
    assert.equal(after?.subject.id, id);
    assert.notEqual(after?.subject.workloadId, before?.subject.workloadId);
  } finally {
    sampler.close();
    await end(child);
  }
});

test('a process that names itself with blanks, parentheses and a newline is read all the same', async () => {
  const script = 'process.title = "a) Z 1 (b\\n"; process.stdout.write("ready"); process.stdin.resume()';
  const { child } = await start(process.execPath, ['-e', script]);
  const sampler = new Sampler();
  try {
    const found = find(sampler.scan(1000), child.pid);
    assert.equal(found?.command, 'a) Z 1 (b\\n');
    assert.notEqual(found.state, 'Z');
    assert.ok(isValue(found.sample.anonBytes) && found.sample.anonBytes > MiB);
    assert.match(readFileSync(`/proc/${child.pid}/stat`, 'latin1'), /\(a\) Z 1 \(b\n\)/);
  } finally {
    sampler.close();
    await end(child);
  }
});

test('a zombie is seen as one and counted with its parent', async () => {
  // The shell's background job ends; cat, which takes the shell's place, never asks how. It answers only after that.
  const child = spawn('/bin/sh', ['-c', 'true & exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const sampler = new Sampler();
  try {
    child.stdin.write('echo\n');
    await once(child.stdout, 'data');
    const deadline = Date.now() + 30_000;
    let scan = sampler.scan(1000);
    const zombieOf = () => scan.processes.find((one) => one.state === 'Z' && parentOf(one.id.pid) === child.pid);
    while (zombieOf() === undefined && Date.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve));
      scan = sampler.scan(scan.timeMs + 1000);
    }
    assert.ok(zombieOf());
    assert.equal(find(scan, child.pid)?.sample.processes, 1);
    assert.equal(isValue(zombieOf()?.sample.anonBytes ?? 0), false);
  } finally {
    sampler.close();
    await end(child);
  }
});

/** null: it is gone. Zombies of others on this machine come and go. */
function parentOf(pid: number): number | null {
  try {
    const match = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match === null ? null : Number(match[1]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null;
    throw error;
  }
}
