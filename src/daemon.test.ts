import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type * as v from 'valibot';
import { startRun, testFolder } from './cli/spawnForTests.ts';
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
import { startProgram } from './lab/programs.ts';
import { observeOnly, type Settings, untold } from './model/settings.ts';
import { ask } from './serve/askForTests.ts';
import {
  findingsSchema,
  type HostHistoryDocument,
  hostHistorySchema,
  seriesSchema,
  statusSchema,
  subjectDetailSchema,
  subjectsSchema,
  whereSchema,
} from './serve/schema.ts';

/** Asks until the answer is as wanted; the test's own time limit bounds it. */
async function until<T extends v.GenericSchema>(
  url: string,
  schema: T,
  wanted: (answer: v.InferOutput<T>) => boolean,
): Promise<v.InferOutput<T>> {
  for (;;) {
    const answer = await ask(url, schema);
    if (wanted(answer)) return answer;
    await wait(300);
  }
}

/** 2 MiB more every second, until its stdin ends. `mark` makes its command line its own. */
function startLeaker(t: { after(fn: () => void): void }, mark: string): ChildProcess {
  const program = `/* ${mark} */ const kept = []; process.stdin.resume().on('end', () => process.exit()); setInterval(() => kept.push(Buffer.alloc(262144, 1)), 125);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

describe('the main job', () => {
  test('a real leak is found, and kill -9 loses neither finding nor history', { timeout: 600_000 }, async (t) => {
    const data = testFolder(t);
    const mark = `leaker-${process.pid}`;
    const first = await startRun(t, ['--data', data, '--interval', '1s']);
    startLeaker(t, mark);
    const { findings } = await until(`${first.url}/api/v1/findings`, findingsSchema, (answer) =>
      answer.findings.some(({ subjectName, state }) => subjectName.includes(mark) && state === 'confirmed'),
    );
    const found = findings.find(({ subjectName }) => subjectName.includes(mark));
    assert.ok(found !== undefined);
    assert.equal(found.verdict.resource, 'memory');
    assert.ok((found.verdict.slope?.perHour ?? 0) > 1e9, `2 MiB a second is 7.5 GB an hour, found ${found.verdict.slope?.perHour}`);
    const series = `/api/v1/subjects/${found.subjectId}/series?points=2000`;
    const before = await ask(first.url + series, seriesSchema);
    first.signal('SIGKILL');
    await first.ended;
    const second = await startRun(t, ['--data', data, '--interval', '1s']);
    const after = await ask(second.url + series, seriesSchema);
    assert.ok(after.timeMs.length >= before.timeMs.length - 1, `${before.timeMs.length} points before, ${after.timeMs.length} after`);
    assert.equal(after.timeMs[0], before.timeMs[0]);
    const again = await ask(`${second.url}/api/v1/findings`, findingsSchema);
    assert.ok(again.findings.some(({ id }) => id === found.id));
    // The window came back as well: the verdict needs no second minute of watching.
    const status = await until(`${second.url}/api/v1/status`, statusSchema, ({ subjects }) =>
      subjects.some(({ subject, verdict }) => subject.includes(mark) && verdict === 'leak'),
    );
    const judged = status.subjects.find(({ subject }) => subject.includes(mark));
    assert.ok(Date.parse(judged?.onset ?? '') < Date.parse(found.stateSince), 'the onset lies before the crash');
    second.signal('SIGTERM');
    assert.equal((await second.ended).code, 0);
  });
});

describe('open files', () => {
  test('connections that are never closed are found, and named by state and peer', { timeout: 600_000 }, async (t) => {
    const { url } = await startRun(t, ['--data', testFolder(t), '--interval', '1s']);
    const program = startProgram({ language: 'node', kind: 'close-wait', rateBytesPerSecond: 256 * 1024, seed: process.pid });
    t.after(() => program.stop());
    await program.ready;
    const isProgram = ({ subject }: { subject: string }) => subject.includes('close-wait');
    const { subjects } = await until(`${url}/api/v1/status`, statusSchema, (status) =>
      status.subjects.some((one) => isProgram(one) && one.resource === 'fds' && one.reasons[0]?.rule === 'open-files'),
    );
    const found = subjects.find(isProgram);
    assert.match(
      found?.reasons[0]?.text ?? '',
      /^\d+ of \d+ open files are sockets in CLOSE_WAIT to 127\.0\.0\.1:\d+: connections not closed after the peer hung up$/,
    );
    assert.equal(found?.exhaustion?.wall, 'rlimit_nofile');
    const rows = await ask(`${url}/api/v1/subjects?kind=workload`, subjectsSchema);
    const id = rows.subjects.find(({ name }) => name.includes('close-wait'))?.id;
    const { openFiles } = await ask(`${url}/api/v1/subjects/${id}`, subjectDetailSchema);
    assert.equal(openFiles?.sockets[0]?.state, 'CLOSE_WAIT');
    // What was looked at is kept as a series, too.
    const sockets = await ask(`${url}/api/v1/subjects/${id}/series?resource=sockets`, seriesSchema);
    assert.ok(sockets.floor.some((count) => count !== null && count > 20));
  });
});

describe('the budget', () => {
  test('is kept by looking less often, which is said; a larger one is taken up at once', { timeout: 600_000 }, async (t) => {
    const settings = settingsIn(testFolder(t));
    const tight = { cpuRatio: 0.0001, rssBytes: 1024 ** 2, readsPerSecond: 1 };
    const logged: string[] = [];
    const daemon = await startDaemon(
      { ...settings, budget: tight },
      { version: '0', pageDir: '/nonexistent', log: (level, text) => logged.push(`${level} ${text}`) },
    );
    try {
      const url = `http://127.0.0.1:${daemon.address.port}/api/v1/status`;
      const held = await until(url, statusSchema, ({ intervalMs }) => intervalMs > 1000);
      assert.deepEqual(held.self.budget, { ...tight, wantedIntervalMs: 1000, looksCloser: false });
      const notice = held.notices.find(({ code }) => code === 'STANCH_E_BUDGET');
      assert.match(
        notice?.text ?? '',
        /scans every 2 s instead of every 1 s .*it used .* % of a core of 0\.01 %, .*it holds .* MiB of 1 MiB/,
      );
      assert.ok((held.self.cpuRatio ?? 0) > tight.cpuRatio && (held.self.readsPerSecond ?? 0) > 1);
      assert.equal(logged.filter((line) => line.includes('STANCH_E_BUDGET')).length, 1);
      daemon.reload(settings);
      const free = await ask(url, statusSchema);
      assert.deepEqual([free.intervalMs, free.self.budget.looksCloser], [1000, true]);
      await until(url, statusSchema, ({ time }) => Date.parse(time) > Date.parse(free.time));
    } finally {
      await daemon.stop();
    }
  });
});

describe('the host over time', () => {
  test('what it went through and how fast services answered is there after a restart, and no probe is judged', {
    timeout: 600_000,
  }, async (t) => {
    const service = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    t.after(() => service.close());
    await once(service, 'listening');
    const address = service.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const target = { kind: 'tcp' as const, host: '127.0.0.1', port, path: '', isConfigured: true };
    const settings = { ...settingsIn(testFolder(t)), probes: { enabled: true, intervalMs: 1000, timeoutMs: 1000, targets: [target] } };
    const options: DaemonOptions = { version: '0', pageDir: '/nonexistent', log: () => undefined };
    const isWhole = ({ timeMs, cpuRatio, probes }: HostHistoryDocument) =>
      timeMs.length > 2 && cpuRatio.some((ratio) => ratio !== null) && (probes[0]?.latencyMs.some((ms) => ms !== null) ?? false);
    const history = (daemon: Daemon) => `http://127.0.0.1:${daemon.address.port}/api/v1/host/history`;
    const first = await startDaemon(settings, options);
    const before = await until(history(first), hostHistorySchema, isWhole).finally(() => first.stop());
    assert.ok(before.memoryBytes.every((bytes) => bytes !== null && bytes > 0 && bytes <= (before.memTotalBytes ?? 0)));
    assert.ok(before.stage.every((stage) => stage !== null));
    const second = await startDaemon(settings, options);
    try {
      const after = await until(history(second), hostHistorySchema, ({ probes }) => probes.length > 0);
      assert.ok((after.timeMs[0] ?? Number.POSITIVE_INFINITY) <= (before.timeMs[0] ?? 0), 'from before the restart on');
      assert.equal(after.probes[0]?.url, `tcp://127.0.0.1:${port}`);
      const { subjects } = await ask(`http://127.0.0.1:${second.address.port}/api/v1/status`, statusSchema);
      assert.ok(!subjects.some(({ subject }) => subject === after.probes[0]?.name));
    } finally {
      await second.stop();
    }
  });
});

describe('BPF', () => {
  test('is used where it is asked for and this system lets it, else /proc is; which, and why, is told', { timeout: 600_000 }, async (t) => {
    const settings = { ...settingsIn(testFolder(t)), bpf: true };
    const logged: string[] = [];
    const log = (level: string, text: string) => logged.push(`${level} ${text}`);
    const daemon = await startDaemon(settings, { version: '0', pageDir: '/nonexistent', log });
    try {
      const url = `http://127.0.0.1:${daemon.address.port}/api/v1/status`;
      const decided = await until(url, statusSchema, ({ self }) => self.processSource.reason !== 'BPF is being loaded');
      const { by, reason } = decided.self.processSource;
      assert.match(reason, by === 'bpf' ? /^as configured, and it agrees with \/proc$/ : /^BPF is asked for, but expected .+; found .+/);
      assert.equal(logged.filter((line) => line.endsWith(`: ${reason}`)).length, 1);
      const next = await until(url, statusSchema, ({ time }) => time > decided.time);
      assert.ok(next.self.processCount > 1);
      assert.deepEqual(daemon.reload({ ...settings, bpf: false }), ['sample.bpf']);
    } finally {
      await daemon.stop();
    }
    const left = existsSync('/sys/fs/bpf') ? readdirSync('/sys/fs/bpf') : [];
    assert.ok(!left.some((name) => name.startsWith(`stanch-${process.pid}-`)));
  });
});

function settingsIn(dataDir: string): Settings {
  return {
    intervalMs: 1000,
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    retention: { maxAgeMs: 1e10, maxBytes: 1e9 },
    allowLoopbackRead: true,
    budget: { cpuRatio: 1, rssBytes: 1e10, readsPerSecond: 1e6 },
    bpf: false,
    ...untold,
    probes: { enabled: false, intervalMs: 30_000, timeoutMs: 10_000, targets: null },
    explain: { automatic: false },
    policy: observeOnly,
  };
}

describe('where the memory is', () => {
  test('all of RAM, with the workloads that the daemon watches, while it goes on scanning', { timeout: 600_000 }, async (t) => {
    const running = await startRun(t, ['--data', testFolder(t), '--interval', '1s']);
    const where = await ask(`${running.url}/api/v1/where`, whereSchema);
    const memTotal = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    assert.equal(where.ram.bytes, Number(memTotal) * 1024);
    const workloads = where.ram.children?.find(({ name }) => name === 'workloads')?.children ?? [];
    const { subjects } = await ask(`${running.url}/api/v1/subjects`, subjectsSchema);
    assert.ok(workloads.some(({ subjectId }) => subjects.some(({ id }) => id === subjectId)));
    await until(`${running.url}/api/v1/status`, statusSchema, ({ time }) => Date.parse(time) > Date.parse(where.time));
  });
});

describe('what is wrong', () => {
  test('is in the log once, for whoever does not look at the page', { timeout: 600_000 }, async (t) => {
    const data = testFolder(t);
    writeFileSync(join(data, 'fine-00000001.sqlite.corrupt-20260101T000000Z'), '');
    const running = await startRun(t, ['--data', data, '--interval', '1s']);
    const isLater = (time: string) => Date.parse(time) > Date.parse(started.time);
    const started = await ask(`${running.url}/api/v1/status`, statusSchema);
    await until(`${running.url}/api/v1/status`, statusSchema, ({ time }) => isLater(time));
    running.signal('SIGTERM');
    const { stderr } = await running.ended;
    assert.equal(stderr.match(/STANCH_E_STORE_CORRUPT: Damaged files .*corrupt-20260101T000000Z/g)?.length, 1, stderr);
  });
});

describe('a clock that jumps', () => {
  test('is told, and every sample is kept in order', { timeout: 600_000 }, async (t) => {
    let jumpMs = 0;
    const readClocks = () => ({ wallMs: Date.now() + jumpMs, monotonicMs: performance.now() });
    const logged: string[] = [];
    const daemon: Daemon = await startDaemon(settingsIn(testFolder(t)), {
      version: '0',
      pageDir: '/nonexistent',
      log: (level, text) => logged.push(`${level} ${text}`),
      readClocks,
    });
    try {
      const url = `http://127.0.0.1:${daemon.address.port}`;
      const { time } = await ask(`${url}/api/v1/status`, statusSchema);
      jumpMs = -7_200_000;
      const status = await until(`${url}/api/v1/status`, statusSchema, ({ notices }) =>
        notices.some(({ code }) => code === 'STANCH_E_CLOCK_JUMP'),
      );
      assert.ok(Date.parse(status.time) > Date.parse(time));
      assert.match(status.notices.find(({ code }) => code === 'STANCH_E_CLOCK_JUMP')?.text ?? '', /went back by 2 h\. No sample is lost/);
      const { timeMs } = await until(
        `${url}/api/v1/subjects/host/series?resource=headroom`,
        seriesSchema,
        (series) => series.timeMs.length >= 4,
      );
      assert.deepEqual(
        timeMs,
        timeMs.toSorted((a, b) => a - b),
      );
      assert.equal(new Set(timeMs).size, timeMs.length);
      const { subjects } = await ask(`${url}/api/v1/subjects?kind=process&limit=1`, subjectsSchema);
      assert.equal(subjects.length, 1);
      assert.equal(logged.filter((line) => line.startsWith('warning STANCH_E_CLOCK_JUMP: ')).length, 1);
      assert.deepEqual(
        logged.filter((line) => line.startsWith('error')),
        [],
      );
    } finally {
      await daemon.stop();
    }
  });
});
