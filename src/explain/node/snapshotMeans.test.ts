/** Heap snapshots of real processes: taken, read and removed; and not taken where it is not proven that there is room. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHeadroom } from '../cost.ts';
import { EvidenceFolder } from '../evidenceFolder.ts';
import { explainNow } from '../explainForTests.ts';
import type { ExplainOptions } from '../runExplain.ts';
import { snapshotCost, whyNoRoom } from './snapshotCost.ts';

const folder = mkdtempSync(join(tmpdir(), 'stanch-snapshot-means-'));
after(() => rmSync(folder, { recursive: true }));
const kept = join(folder, 'evidence');

const program = `
class UploadState { constructor(id) { this.id = id; this.pieces = [{ id }, { id }, { id }]; } }
const openUploads = new Map();
globalThis.service = { openUploads };
let id = 0;
const add = (count) => { for (let n = 0; n < count; n += 1) openUploads.set(id, new UploadState(id++)); };
add(20000);
setInterval(() => add(10), 10);
console.log('READY');
process.stdin.on('end', () => process.exit(0)).resume();
`;

async function withNode(args: string[], use: (pid: number) => Promise<void>): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, ['--inspect-port=0', ...args, '-e', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 600_000,
    killSignal: 'SIGKILL',
  });
  try {
    assert.ok(child.stdout !== null);
    assert.equal((await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value, 'READY');
    await use(child.pid ?? 0);
    assert.equal(child.exitCode ?? child.signalCode, null, 'it goes on');
  } finally {
    child.kill('SIGKILL');
  }
}

function explain(pid: number, options: Partial<ExplainOptions> = {}) {
  const scratchPath = new EvidenceFolder(folder).scratchPath(Date.now());
  return explainNow(pid, { intervalMs: 1_000, means: 'snapshot', scratchPath }, options);
}

/** The program opens no port of its own. */
function isListening(pid: number): boolean {
  const own = new Set(socketsOf(pid));
  return readFileSync('/proc/self/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, , , state, , , , , , inode]) => state === '0A' && own.has(inode ?? ''));
}

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      // Closed since the folder was read.
      return [];
    }
  });
}

test('what grows is named with what keeps it in a snapshot, no port is left and no file', () =>
  withNode([], async (pid) => {
    const { grows, answer, notes, runtime } = await explain(pid);
    assert.match(grows[0]?.type ?? '', /UploadState|openUploads/);
    assert.match(answer, /In its heap snapshot of .* most is kept alive by /);
    assert.match([answer, ...notes].join(' '), /openUploads/);
    assert.match(runtime, /heap snapshot/);
    assert.equal(isListening(pid), false);
    assert.deepEqual(readdirSync(kept), []);
    assert.equal(statSync(kept).mode & 0o777, 0o700);
  }));

test('cancelled while it is taken, the inspector closes by itself, and nothing of the file is left', () =>
  withNode([], async (pid) => {
    const cancel = new AbortController();
    let isOver = false;
    const run = explain(pid, { signal: cancel.signal }).then(
      () => null,
      (error: unknown) => error,
    );
    void run.finally(() => {
      isOver = true;
    });
    while (!isOver && !isListening(pid)) await sleep(20);
    for (const name of readdirSync(kept)) assert.equal(statSync(join(kept, name)).mode & 0o777, 0o600);
    cancel.abort();
    await run;
    for (const end = performance.now() + 120_000; isListening(pid) && performance.now() < end; ) await sleep(100);
    assert.equal(isListening(pid), false);
    assert.deepEqual(readdirSync(kept), []);
  }));

test('a process that would be ended by the signal gets none', () =>
  withNode(['--disable-sigusr1'], async (pid) => {
    await assert.rejects(explain(pid), { code: 'STANCH_E_NOT_POSSIBLE' });
  }));

test('room that is not known is no room, nor is one that is too small in any place', () => {
  const cost = snapshotCost(100 << 20);
  const gibi = 2 ** 30;
  const roomy = { targetBytes: 10 * gibi, serverBytes: 10 * gibi, diskBytes: 10 * gibi };
  assert.equal(whyNoRoom(cost, 300 << 20, roomy), null);
  assert.match(whyNoRoom(cost, 300 << 20, { ...roomy, targetBytes: gibi }) ?? '', /limit of its cgroup/);
  assert.match(whyNoRoom(cost, 300 << 20, { ...roomy, serverBytes: 1.6 * gibi }) ?? '', /memory of the server/);
  assert.match(whyNoRoom(cost, 300 << 20, { ...roomy, diskBytes: 1 << 20 }) ?? '', /disk/);
  for (const key of ['targetBytes', 'serverBytes', 'diskBytes'] as const)
    assert.match(whyNoRoom(cost, 300 << 20, { ...roomy, [key]: null }) ?? '', /does not say/);
});

test('the room of a process is that of its own cgroup', () => {
  const roots = { proc: join(folder, 'proc'), cgroup: join(folder, 'cgroup') };
  const files: [string, string][] = [
    [join(roots.proc, 'meminfo'), 'MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n'],
    [join(roots.proc, '77', 'cgroup'), '0::/shop\n'],
    [join(roots.cgroup, 'shop', 'memory.max'), `${100 << 20}\n`],
    [join(roots.cgroup, 'shop', 'memory.current'), `${60 << 20}\n`],
  ];
  for (const [path, content] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  assert.deepEqual(readHeadroom(1, 77, roots), { bytes: 40 << 20, wall: 'limit of its cgroup', isEnough: true });
});
