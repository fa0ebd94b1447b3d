import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { adviceSchema, auditSchema, sinceSchema } from '../serve/schema.ts';
import { adviceReport } from './adviceReport.ts';
import { auditReport } from './auditReport.ts';
import { createClient } from './client.ts';
import { runCli, startRun, testFolder } from './spawnForTests.ts';

const plain = (_colour: string, text: string) => text;

test('a real process by its pid: what was measured, its runtime, what is not known; nothing is made up from seconds', async (t) => {
  const sleeper = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 120_000)'], { stdio: 'ignore' });
  t.after(() => sleeper.kill('SIGKILL'));
  const { url } = await startRun(t, ['--interval', '1s', '--data', testFolder(t)]);
  const args = ['advise', String(sleeper.pid), '--url', url];
  // The first scan may have come before it was there.
  let asked = await runCli([...args, '--json']);
  for (let tries = 0; asked.code !== 0 && tries < 20; tries += 1) {
    await wait(500);
    asked = await runCli([...args, '--json']);
  }
  assert.equal(asked.code, 0, asked.stderr);
  const { advice } = v.parse(adviceSchema, JSON.parse(asked.stdout));
  const [first] = advice;
  assert.equal(first?.runtime, 'node');
  assert.ok(first.unknown.some((text) => /too little for limits/.test(text)));
  assert.ok(!first.recommendations.some(({ id }) => id === 'memory-limit' || id === 'node-heap'));
  const shown = await runCli(args);
  assert.match(shown.stdout, /of history; node/);
  const client = createClient(url, { env: {}, isRoot: false });
  assert.ok((await client.get('/api/v1/audit', auditSchema)).checks.length > 10);
  assert.deepEqual((await client.get('/api/v1/since', sinceSchema)).subjects, []);
  const refused = await runCli([...args, '--apply', 'memory-limit', '--dry-run']);
  assert.match(refused.stderr, /STANCH_E_NOT_POSSIBLE/);
  assert.equal((await runCli(['advise', '999999999', '--url', url])).code, 66);
});

test('the report of one workload has the sum, the diff, the way there and back; hostile names are shown escaped and quoted', () => {
  const text = adviceReport(
    {
      schema: 'stanch.advice/1',
      time: '2026-01-01T00:00:00Z',
      advice: [
        {
          subjectId: 'w-1',
          subjectName: "a'; rm \u001b[31m",
          unit: 'a.service',
          runtime: 'php',
          measured: '1 GiB in one process; leak, 10 MiB/h; 2 d of history',
          recommendations: [
            {
              id: 'x',
              title: 'Title',
              settings: [{ name: 'pm.max_requests', now: '0', live: null, advised: '500' }],
              reason: 'Because',
              arithmetic: ['1 + 1 = 2'],
              buys: 'raising it buys 1 h',
              change: { path: '/etc/x', before: 'a\nb = 0\nc\n', after: 'a\nb = 500\nc\n' },
              diff: ['--- /etc/x', '+++ /etc/x', '@@ line 1 @@', ' a', '-b = 0', '+b = 500', ' c'],
              line: 'b = 500',
              place: '/etc/x',
              inForce: [],
              apply: ['systemctl reload a'],
              undo: ['put it back'],
              risk: 'Risky',
            },
          ],
          basis: {
            historyMs: 1,
            peakBytes: 1,
            healthyBytes: 1,
            peakTasks: 1,
            peakFds: 1,
            cpuSecondsPerHour: 1,
            requestsPerHour: null,
            verdict: 'leak',
            class: 'leak',
            leaks: { memory: null, fds: null, threads: null },
          },
          unknown: ['Requests'],
        },
      ],
    },
    plain,
    80,
  );
  for (const expected of ['1 + 1 = 2', '-b = 0', '+b = 500', 'raising it buys 1 h', 'stanch undo', 'Risky', 'not known: Requests'])
    assert.ok(text.includes(expected), `${expected} in ${text}`);
  assert.match(text, /stanch advise 'a'\\''; rm \\x1b\[31m' --apply x/);
  assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u);
});

test('audit: a document and a report of the same, without a daemon', async () => {
  const asked = await runCli(['audit', '--json']);
  const document = v.parse(auditSchema, JSON.parse(asked.stdout));
  assert.equal(asked.code, document.checks.some(({ state }) => state === 'bad') ? 1 : 0);
  const text = auditReport(document, plain, 80);
  assert.match(text, /^\d+ of 100/);
  for (const { title } of document.checks) assert.ok(text.includes(title), title);
});
