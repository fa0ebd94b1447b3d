import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { statusSchema } from '../serve/schema.ts';
import { runCli, runCliInto, runCliUnread, startRun, testFolder } from './spawnForTests.ts';
import { version } from './version.ts';

/** Code, what was expected, what was found, what to do next. */
const coded = (code: string) => new RegExp(`^stanch: ${code}\\n {2}expected {2}\\S.*\\n {2}found {5}\\S[\\s\\S]*\\n {2}next {6}\\S`);

describe('usage', () => {
  const mistakes: [string[], number, string][] = [
    [['frob'], 64, 'STANCH_E_USAGE'],
    [['run', '--frob'], 64, 'STANCH_E_USAGE'],
    [['run', '--interval', '5'], 64, 'STANCH_E_USAGE'],
    [['run', '--interval', '100ms'], 64, 'STANCH_E_USAGE'],
    [['run', '--listen', '7420'], 64, 'STANCH_E_USAGE'],
    [['status', '--fail-on', 'rain'], 64, 'STANCH_E_USAGE'],
    [['status', '--url', 'ftp://x'], 64, 'STANCH_E_USAGE'],
    [['status', '--url', 'http://user:secret@127.0.0.1'], 64, 'STANCH_E_USAGE'],
    [['top'], 64, 'STANCH_E_USAGE'],
    [['status', '--url', 'http://127.0.0.1:1'], 69, 'STANCH_E_UNREACHABLE'],
    [['config', 'check', '--config', '/nonexistent.toml'], 66, 'STANCH_E_NO_INPUT'],
    [['run', '--config', '/nonexistent.toml'], 66, 'STANCH_E_NO_INPUT'],
  ];
  for (const [args, code, name] of mistakes) {
    test(`stanch ${args.join(' ')} ends with ${code}`, async () => {
      const ended = await runCli(args);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, coded(name));
      assert.equal(ended.stdout, '');
    });
  }

  test('what was started with the name of a workload is not taken for it', () => {
    const args = ['60', process.execPath, join(import.meta.dirname, 'main.ts'), 'do', 'kill', `no-service-${randomUUID()}`];
    const { status, stderr } = spawnSync('timeout', args, { encoding: 'utf8' });
    assert.equal(status, 66, stderr);
    assert.match(stderr, /^ {2}found {5}none$/m);
  });

  test('a result that finds no room where it should go ends with 73', async () => {
    const ended = await runCliInto('/dev/full', ['config', 'check', '--json']);
    assert.equal(ended.code, 73);
    assert.match(ended.stderr, coded('STANCH_E_OUTPUT'));
  });

  test('the version is that of the package; help names every command', async () => {
    const { version: packaged } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    assert.equal(version, packaged);
    assert.equal((await runCli(['--version'])).stdout.trim(), version);
    const help = await runCli(['--help']);
    assert.equal(help.code, 0);
    for (const command of ['run', 'status', 'top', 'where', 'scan', 'demo', 'config'])
      assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
  });
});

describe('config check', () => {
  test('prints what holds, or every mistake with its place', async (t) => {
    const file = join(testFolder(t), 'stanch.toml');
    writeFileSync(file, 'interval = "5s"\n');
    const good = await runCli(['config', 'check', '--config', file]);
    assert.equal(good.code, 0);
    assert.match(good.stdout, /interval +5 s\n/);
    writeFileSync(file, 'interval = 5\nserve.port = 1\n');
    const bad = await runCli(['config', 'check', '--config', file]);
    assert.equal(bad.code, 78);
    assert.match(bad.stderr, coded('STANCH_E_CONFIG'));
    assert.ok(bad.stderr.includes(`${file}:1:1: `) && bad.stderr.includes(`${file}:2:1: `));
    const json = await runCli(['config', 'check', '--json', '--config', file]);
    assert.equal(json.code, 78);
    assert.deepEqual(
      JSON.parse(json.stdout).problems.map(({ line }: { line: number }) => line),
      [1, 2],
    );
    const run = await runCli(['run', '--config', file]);
    assert.equal(run.code, 78);
  });

  test('what the configuration names has to be there', async (t) => {
    const dir = testFolder(t);
    const file = join(dir, 'stanch.toml');
    const secret = join(dir, 'url');
    const channels = `[[notify.channels]]
name = "chat"
kind = "slack"
url = { file = ${JSON.stringify(secret)} }
[[notify.channels]]
name = "own"
kind = "hook"
command = [${JSON.stringify(join(dir, 'told'))}]
`;
    writeFileSync(file, channels);
    const absent = await runCli(['config', 'check', '--config', file]);
    assert.equal(absent.code, 78);
    assert.match(absent.stderr, /channel chat needs; found .*ENOENT[\s\S]*channel own needs; found .*ENOENT/);
    writeFileSync(secret, 'https://chat.example.com/TOPSECRET\n');
    writeFileSync(join(dir, 'told'), '#!/bin/sh\n', { mode: 0o755 });
    const there = await runCli(['config', 'check', '--json', '--config', file]);
    assert.deepEqual([there.code, /TOPSECRET/.test(there.stdout)], [0, false], there.stderr);
    writeFileSync(secret, '\n');
    const running = await startRun(t, ['--data', join(dir, 'data'), '--config', file]);
    await running.said(/the channel chat tells nobody: .* is empty/);
    writeFileSync(file, `serve.tls_cert = "${dir}/none"\nserve.tls_key = "${dir}/none"\n`);
    assert.match((await runCli(['config', 'check', '--config', file])).stderr, /toml:1:1: expected the certificate for TLS/);
  });
});

describe('run', () => {
  test('status asks it; its token is kept for its owner; SIGHUP and SIGTERM are obeyed', async (t) => {
    const dir = testFolder(t);
    const config = join(dir, 'stanch.toml');
    writeFileSync(config, 'serve.allow_loopback_read = false\n');
    const data = join(dir, 'data');
    const running = await startRun(t, ['--data', data, '--config', config, '--interval', '1s']);
    const refused = await runCli(['status', '--url', running.url]);
    assert.equal(refused.code, 77);
    assert.match(refused.stderr, coded('STANCH_E_UNAUTHORISED'));
    const token = readFileSync(join(data, 'token'), 'utf8').trim();
    const status = await runCli(['status', '--json', '--url', running.url], { STANCH_TOKEN: token });
    assert.equal(status.code, 0, status.stderr);
    assert.ok(v.parse(statusSchema, JSON.parse(status.stdout)).self.processCount > 0);
    writeFileSync(config, 'interval = "2s"\nserve.allow_loopback_read = true\nstore.max_age = "1d"\n');
    running.signal('SIGHUP');
    await running.said(/read again; a restart is needed for store\.max_age/);
    const text = await runCli(['status', '--url', running.url]);
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, /memory .*\n[\s\S]*next /);
    writeFileSync(config, 'interval = 1\n');
    running.signal('SIGHUP');
    await running.said(/stays as it was[\s\S]*STANCH_E_CONFIG/);
    running.signal('SIGTERM');
    const ended = await running.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(ended.stdout, '');
    const files = readdirSync(data).map((name) => ({ name, ...statSync(join(data, name)) }));
    assert.deepEqual(
      files.filter(({ size, mode }) => size > 0 && (mode & 0o077) !== 0).map(({ name }) => name),
      [],
    );
  });

  test('a reader that leaves early is no error', async (t) => {
    const running = await startRun(t, ['--data', testFolder(t)]);
    const ended = await runCliUnread(['status', '--json', '--url', running.url]);
    assert.deepEqual(ended, { code: 0, stdout: '', stderr: '' });
  });

  test('a port in use, a folder in use, and a folder that cannot be', async (t) => {
    const dir = testFolder(t);
    const data = join(dir, 'data');
    const running = await startRun(t, ['--data', data]);
    const samePort = await runCli(['run', '--data', join(dir, 'other'), '--listen', running.url.replace('http://', '')]);
    assert.equal(samePort.code, 73);
    assert.match(samePort.stderr, coded('STANCH_E_PORT_IN_USE'));
    const sameFolder = await runCli(['run', '--data', data, '--listen', '127.0.0.1:0']);
    assert.equal(sameFolder.code, 75);
    assert.match(sameFolder.stderr, coded('STANCH_E_STORE_LOCKED'));
    const file = join(dir, 'file');
    writeFileSync(file, '');
    const noFolder = await runCli(['run', '--data', join(file, 'below'), '--listen', '127.0.0.1:0']);
    assert.equal(noFolder.code, 73);
    assert.match(noFolder.stderr, coded('STANCH_E_DATA_DIR'));
  });

  test('Ctrl-C under npm, which passes on what the terminal has sent already, ends it as cleanly', async (t) => {
    const data = join(testFolder(t), 'data');
    const running = await startRun(t, ['--data', data]);
    running.signal('SIGINT');
    await running.said(/SIGINT: saving and ending/);
    running.signal('SIGINT');
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      readdirSync(data).filter((name) => name.endsWith('-wal')),
      [],
    );
  });

  test('under systemd every line carries its level', async (t) => {
    const running = await startRun(t, ['--data', testFolder(t)], { JOURNAL_STREAM: '8:1' });
    running.signal('SIGINT');
    const { code, stderr } = await running.ended;
    assert.equal(code, 0);
    for (const line of stderr.trim().split('\n')) assert.match(line, /^<[46]>/);
  });
});
