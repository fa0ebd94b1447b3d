/** Closer looks at living processes, and how they are rationed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { absent, isValue } from '../../model/reading.ts';
import { ProcessEntry } from '../processEntry.ts';
import { Sampler } from '../sampler.ts';
import type { ProcessSample, Scan } from '../scan.ts';
import { CloserLook } from './closerLook.ts';
import { type OpenFiles, OpenFilesTally, socketCount } from './openFiles.ts';

/** Does what it is told on stdin: opens files, or connections that the other side closes at once. Each answer is one line. */
const hoarder = `
  const { openSync, writeFileSync, unlinkSync, mkdtempSync, rmSync } = require('node:fs');
  const { connect, createServer } = require('node:net');
  const folder = mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'stanch-hoard-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const kept = [];
  const server = createServer((socket) => socket.end());
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  const tasks = {
    deleted(count) {
      const path = folder + '/gone.log';
      writeFileSync(path, '');
      for (let i = 0; i < count; i += 1) kept.push(openSync(path));
      unlinkSync(path);
      console.log('done');
    },
    async hungUp(count) {
      for (let i = 0; i < count; i += 1) {
        const socket = connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
        kept.push(socket);
        await new Promise((resolve) => socket.resume().on('end', resolve));
      }
      console.log('done');
    },
  };
  process.stdin.on('end', () => process.exit()).on('data', (line) => {
    const [task, count] = String(line).trim().split(' ');
    tasks[task](Number(count));
  });
`;

async function startHoarder(t: { after(fn: () => void): void }) {
  const child = spawn(process.execPath, ['-e', hoarder], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.stdin.end());
  const port = Number(String((await once(child.stdout, 'data'))[0]));
  const tell = async (task: string) => {
    child.stdin.write(`${task}\n`);
    await once(child.stdout, 'data');
  };
  return { child, port, tell };
}

function find(scan: Scan, child: ChildProcess): ProcessSample {
  const found = scan.processes.find(({ id }) => id.pid === child.pid);
  assert.ok(found);
  return found;
}

function lookAround(sampler: Sampler): void {
  for (let bites = 0; sampler.lookCloser(); bites += 1) assert.ok(bites < 100_000);
}

/** Where some other process of the machine had to be looked at before, the sampler rests first. */
async function untilSeen(sampler: Sampler, child: ChildProcess, timeMs: number): Promise<ProcessSample> {
  const seen = find(sampler.scan(timeMs), child);
  if (seen.openFiles !== null) return seen;
  lookAround(sampler);
  await wait(50);
  return untilSeen(sampler, child, timeMs + 100);
}

test('a process is looked at once its open files grow: by name, and by state and peer of its sockets', { timeout: 60_000 }, async (t) => {
  const { child, port, tell } = await startHoarder(t);
  const sampler = new Sampler();
  t.after(() => sampler.close());
  const first = find(sampler.scan(1000), child);
  assert.equal(first.openFiles, null);
  lookAround(sampler);
  assert.equal(find(sampler.scan(2000), child).openFiles, null, 'what does not grow is not looked at');
  await tell('deleted 40');
  await tell('hungUp 50');
  const seen = await untilSeen(sampler, child, 3000);
  assert.ok(seen.openFiles !== null);
  const { kinds, targets, sockets, open, looked } = seen.openFiles;
  assert.equal(looked, open);
  assert.equal(kinds.find(({ kind }) => kind === 'deleted')?.count, 40);
  assert.match(targets[0]?.name ?? '', /gone\.log$/);
  assert.deepEqual([targets[0]?.kind, targets[0]?.count], ['deleted', 40]);
  const hungUp = sockets.find(({ state }) => state === 'CLOSE_WAIT');
  assert.deepEqual(hungUp && [hungUp.protocol, hungUp.direction, hungUp.peer, hungUp.count], ['tcp', 'out', `127.0.0.1:${port}`, 50]);
  const listening = sockets.find(({ state }) => state === 'LISTEN');
  assert.deepEqual(listening && [listening.direction, listening.local], [null, `port ${port}`]);
  // Now the sockets are a gauge, until the next scan without a new look; absent is not none.
  assert.ok(isValue(seen.sample.sockets) && seen.sample.sockets >= 51);
  assert.equal(find(sampler.scan(500_000), child).sample.sockets, absent);
  sampler.setLooksCloser(false);
  assert.equal(sampler.lookCloser(), false);
  assert.equal(find(sampler.scan(600_000), child).openFiles, null);
});

function fakeEntry(pid: number, fds: number): ProcessEntry {
  // A folder without such a process: nothing is found there, and the look ends at once.
  const entry = new ProcessEntry('/proc/self/no-such-folder', pid, 1, false, 1);
  entry.sample.fds = fds;
  return entry;
}

test('it rests for as long as keeps it at a five-hundredth of a core', () => {
  let nowMs = 0;
  let spentMs = 0;
  const closer = new CloserLook(
    () => nowMs,
    () => {
      spentMs += 10;
      return spentMs;
    },
  );
  closer.choose([fakeEntry(1, 10)], 0);
  // One bite of ten milliseconds: nothing is found there.
  assert.equal(closer.step(), true);
  nowMs = 500 * 10 - 1;
  assert.equal(closer.step(), false);
  nowMs = 500 * 10;
  assert.equal(closer.step(), true);
  assert.equal(spentMs, 40, 'resting costs nothing');
});

test('everybody has a turn, those who waited longest first', () => {
  let nowMs = 0;
  const closer = new CloserLook(() => nowMs);
  const entries = [process.pid, process.ppid].map((pid) => {
    const entry = new ProcessEntry('/proc', pid, 1, false, 1);
    // So many that a round holds no second one.
    entry.sample.fds = 1_000_000;
    return entry;
  });
  const many = [...entries, ...Array.from({ length: 5 }, (_, index) => fakeEntry(index + 1, 1_000_000))];
  closer.choose(many, 1000);
  const looked = () => entries.map(({ openFiles }) => openFiles?.timeMs ?? 0);
  for (let round = 0; round < 20 && looked().includes(0); round += 1) {
    nowMs += 1e9;
    while (closer.step());
  }
  assert.deepEqual(looked(), [1000, 1000]);
});

test('the files of a workload are those of its processes together; of many only some are looked at', () => {
  const of = (change: Partial<OpenFiles>): OpenFiles => ({ timeMs: 1, open: 0, looked: 0, kinds: [], targets: [], sockets: [], ...change });
  const group = { protocol: 'tcp', state: 'CLOSE_WAIT', local: null, sendQueue: 0, receiveQueue: 1 } as const;
  const tally = new OpenFilesTally();
  tally.addAll(
    of({
      open: 1000,
      looked: 100,
      kinds: [{ kind: 'socket', count: 50 }],
      sockets: [{ ...group, direction: 'out', peer: 'a:1', count: 50 }],
    }),
  );
  tally.addAll(
    of({ open: 20, looked: 20, kinds: [{ kind: 'socket', count: 10 }], sockets: [{ ...group, direction: 'out', peer: 'a:1', count: 10 }] }),
  );
  const all = tally.result(5);
  assert.deepEqual([all.open, all.looked, all.kinds], [1020, 120, [{ kind: 'socket', count: 60 }]]);
  assert.deepEqual(all.sockets, [{ ...group, direction: 'out', peer: 'a:1', count: 60, receiveQueue: 2 }]);
  assert.equal(socketCount(all), 510);
});
