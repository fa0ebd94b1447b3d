/** From a scan to the receiver and back: the daemon as people run it, a webhook that refuses at first, kill -9 in between, and people's word on it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli, startRun } from './spawnForTests.ts';

interface Sink {
  url: string;
  /** Kind and incident of each alert that was taken, and how often it was refused. */
  taken: string[];
  refused: number;
  takes: boolean;
}

async function startSink(t: TestContext): Promise<Sink> {
  const sink: Sink = { url: '', taken: [], refused: 0, takes: false };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      response.writeHead(sink.takes ? 200 : 503).end();
      if (!sink.takes) sink.refused += 1;
      else for (const { labels, annotations } of JSON.parse(body).alerts) sink.taken.push(`${annotations.stanch_kind} ${labels.incident}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  sink.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return sink;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(50);
}

test('told once to a receiver that failed at first, over kill -9; acknowledged, noted, reported and resolved by people', {
  timeout: 600_000,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-incidents-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const sink = await startSink(t);
  const config = join(dir, 'stanch.toml');
  // A threshold is crossed at once; a verdict would take a minute.
  const program = join(dir, 'large-workload.mjs');
  writeFileSync(
    program,
    "globalThis.held = Buffer.alloc(320 * 1024 ** 2, 1); setInterval(() => undefined, 1000); process.stdout.write('up');",
  );
  const large = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => large.kill('SIGKILL'));
  await once(large.stdout, 'data');
  writeFileSync(
    config,
    `[thresholds]\nworkload = "256MiB"\nmemory = "never"\nswap = "never"\nopen_files = "never"\n[[notify.channels]]\nname = "sink"\nkind = "webhook"\nurl = "${sink.url}"\n`,
  );
  const args = ['--data', join(dir, 'data'), '--interval', '1s', '--config', config];
  const first = await startRun(t, args);
  await until(() => sink.refused > 0);
  first.signal('SIGKILL');
  await first.ended;
  sink.takes = true;
  const second = await startRun(t, args);
  const env = { STANCH_TOKEN: readFileSync(join(dir, 'data', 'token'), 'utf8').trim() };
  const stanch = async (...words: string[]) => {
    const ended = await runCli([...words, '--url', second.url], env);
    assert.equal(ended.code, 0, ended.stderr);
    return ended.stdout;
  };
  const { incidents } = JSON.parse(await stanch('incidents', 'list', '--json'));
  const { id } = incidents.find(({ subjectName }: { subjectName: string }) => subjectName.includes('large-workload.mjs'));
  await until(() => sink.taken.includes(`opened ${id}`));
  assert.match(await stanch('incidents'), /open, \d+ over/);
  const nagios = await runCli(['nagios', '--url', second.url], env);
  assert.match(nagios.stdout, /^(WARNING|CRITICAL): [^|\n]+ \| incidents=\d+;;;0 memory_available=\d+B/);
  assert.equal(nagios.code, nagios.stdout.startsWith('WARNING') ? 1 : 2);
  assert.match(await stanch('incidents', 'ack', id, '--by', 'ann'), /acknowledged by ann/);
  assert.match(await stanch('incidents', 'note', id, 'it is <b>big</b>'), /it is <b>big<\/b>/);
  assert.match(await stanch('incidents', 'silence', id, '2h'), /silenced until/);
  assert.match(await stanch('report', id, '--html'), /<!doctype html>[\s\S]*it is &#60;b&#62;big/);
  assert.match(await stanch('report', id), /## What happened/);
  assert.match(await stanch('incidents', 'resolve', id), /^OVER/);
  await until(() => sink.taken.includes(`resolved ${id}`));
  assert.deepEqual(
    sink.taken.filter((told) => told.endsWith(` ${id}`)),
    [`opened ${id}`, `resolved ${id}`],
  );
  assert.equal((await runCli(['incidents', 'ack', 'no-such-thing', '--url', second.url], env)).code, 66);
  assert.equal((await runCli(['incidents', 'ack', id, '--url', second.url])).code, 77, 'acting needs the token');
  const audit = readFileSync(join(dir, 'data', 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).action);
  assert.deepEqual(audit, ['incident.ack', 'incident.note', 'incident.silence', 'incident.resolve']);
});

test('notify test says of each channel whether it took the message', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-notify-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const sink = await startSink(t);
  sink.takes = true;
  const config = join(dir, 'stanch.toml');
  const channel = (name: string, url: string) => `[[notify.channels]]\nname = "${name}"\nkind = "webhook"\nurl = "${url}"\n`;
  writeFileSync(config, `${channel('good', sink.url)}${channel('bad', 'http://127.0.0.1:1')}`);
  const both = await runCli(['notify', 'test', '--config', config]);
  assert.equal(both.code, 69);
  assert.match(both.stdout, /^taken {3}good \(webhook\)\nFAILED {2}bad \(webhook\): .*ECONNREFUSED/);
  assert.equal((await runCli(['notify', 'test', 'good', '--config', config])).code, 0);
  assert.deepEqual(sink.taken, ['test test', 'test test']);
  const none = await runCli(['notify', 'test', 'other', '--config', config]);
  assert.deepEqual([none.code, /STANCH_E_CONFIG/.test(none.stderr)], [78, true]);
});
