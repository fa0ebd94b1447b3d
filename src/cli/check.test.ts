/** `stanch check` as CI runs it. That its answers are right is measured by `npm run bench -- check`; here, that it gives them. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { allocatorEnvironment, programCommand } from '../lab/programs.ts';
import { answerOf, type Check, junitXml, sarif } from './checkReport.ts';
import { runCli } from './spawnForTests.ts';

const hostile = 'a"b<c>&\u0000\u001b\ud800\nx';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-check-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

function checkOf(changes: Partial<Check> & { word?: 'leak' | 'suspect' | 'no-leak' | 'undecided' } = {}): Check {
  const { word = 'leak', ...rest } = changes;
  const verdict = {
    resource: 'memory',
    verdict: word,
    class: 'leak',
    probability: 0.9,
    onset: null,
    detectedAt: null,
    slope: null,
    exhaustion: null,
    urgency: { level: 'none', text: '' },
    reasons: [{ rule: 'x', for: 'leak', text: hostile }],
  } as const;
  const subject = {
    ...verdict,
    reasons: [...verdict.reasons],
    subject: hostile,
    resources: [{ ...verdict, reasons: [...verdict.reasons] }],
  };
  return {
    name: hostile,
    command: ['x'],
    failOn: 'leak',
    verdict: subject,
    points: [],
    judgedMs: 60_000,
    ended: null,
    loadRuns: 0,
    loadFailures: 0,
    ...rest,
  };
}

test('a leak fails, a command that fails is no healthy one, and what was too short is neither', () => {
  assert.equal(answerOf(checkOf()), 'leak');
  assert.equal(answerOf(checkOf({ word: 'suspect' })), 'passed');
  assert.equal(answerOf(checkOf({ word: 'suspect', failOn: 'suspect' })), 'leak');
  assert.equal(answerOf(checkOf({ word: 'no-leak', ended: { code: 1, signal: null } })), 'failed');
  assert.equal(answerOf(checkOf({ word: 'no-leak', ended: { code: 0, signal: null } })), 'passed');
  assert.equal(answerOf(checkOf({ word: 'undecided' })), 'undecided');
  assert.equal(answerOf(checkOf({ word: 'no-leak', judgedMs: 30_000 })), 'undecided');
  assert.equal(answerOf(checkOf({ judgedMs: 30_000 })), 'leak');
});

test('what its load never got to drive has not passed', () => {
  const undriven = { word: 'no-leak', loadFailures: 3 } as const;
  assert.equal(answerOf(checkOf(undriven)), 'undecided');
  assert.match(junitXml(checkOf(undriven)), /skipped="1"[\s\S]*the load failed each time, 3 times/);
  assert.equal(answerOf(checkOf({ ...undriven, loadRuns: 1 })), 'passed');
  assert.equal(answerOf(checkOf({ loadFailures: 3 })), 'leak');
});

test('JUnit and SARIF stay what they are whatever the name; rule and fingerprint are the same in each run', () => {
  const xml = junitXml(checkOf());
  assert.doesNotMatch(xml, /[\p{Cc}--\n]|<c>/v);
  assert.match(xml, /failures="1"[\s\S]*<failure type="leak"/);
  if (
    spawnSync('python3', ['-c', 'import sys,xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())'], { input: xml }).error ===
    undefined
  ) {
    assert.equal(
      spawnSync('python3', ['-c', 'import sys,xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())'], { input: xml }).status,
      0,
    );
  }
  const [first] = sarif(checkOf(), '1').runs;
  assert.deepEqual([first?.results[0]?.ruleId, first?.results[0]?.level], ['stanch/leak-memory', 'error']);
  assert.ok(first?.tool.driver.rules.some(({ id }) => id === 'stanch/leak-memory'));
  assert.deepEqual(sarif(checkOf({ word: 'no-leak' }), '1').runs[0]?.results, []);
});

test('a program that leaks in a grandchild is caught, and nothing of it is left', { timeout: 600_000 }, async (t) => {
  const dir = folder(t);
  const leak = programCommand({ language: 'node', kind: 'leak', rateBytesPerSecond: 2 * 1024 ** 2 });
  // The shell's child starts it and goes; it belongs to init then.
  const script = `setsid "$@" & echo $! > ${dir}/pid; sleep 1000`;
  const { PATH = '', MALLOC_ARENA_MAX = '', MALLOC_MMAP_THRESHOLD_ = '' } = allocatorEnvironment();
  const flags = ['--for', '1min', '--name', 'grandchild', '--junit', join(dir, 'j.xml'), '--json'];
  const ended = await runCli(['check', ...flags, '--', 'sh', '-c', script, 'sh', ...leak], {
    PATH,
    MALLOC_ARENA_MAX,
    MALLOC_MMAP_THRESHOLD_,
  });
  assert.equal(ended.code, 1, ended.stderr);
  const document = JSON.parse(ended.stdout);
  assert.deepEqual([document.schema, document.answer, document.subjects[0].subject], ['stanch.check/1', 'leak', 'grandchild']);
  assert.ok(document.points.length > 50);
  assert.match(readFileSync(join(dir, 'j.xml'), 'utf8'), /name="grandchild"/);
  const stat = `/proc/${readFileSync(join(dir, 'pid'), 'utf8').trim()}/stat`;
  // Where init does not wait for it, what is left is a zombie.
  assert.ok(!existsSync(stat) || /\) Z /.test(readFileSync(stat, 'utf8')));
});

test('a check that is cancelled says so, and is no bug', async (t) => {
  const args = [join(import.meta.dirname, 'main.ts'), 'check', '--', 'sh', '-c', 'echo started; exec sleep 1000'];
  const check = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => check.kill('SIGKILL'));
  const ended = once(check, 'close');
  let said = '';
  check.stderr.on('data', (chunk) => {
    // A second signal would end it at once.
    const isFirst = !/started/.test(said);
    said += chunk;
    if (isFirst && /started/.test(said)) check.kill('SIGTERM');
  });
  const [code] = await ended;
  assert.deepEqual([code, /interrupted before there was an answer/.test(said)], [143, true], said);
});

test('a command or a load that cannot be started, one that fails at once, and a time too short', async () => {
  assert.equal((await runCli(['check', '--', '/nonexistent/program'])).code, 66);
  const noLoad = await runCli(['check', '--load', '/nonexistent/load', '--', 'sleep', '1000']);
  assert.deepEqual([noLoad.code, /a load that can be started/.test(noLoad.stderr)], [66, true], noLoad.stderr);
  assert.equal((await runCli(['check', '--load', ' ', '--', 'true'])).code, 64);
  const failed = await runCli(['check', '--', 'sh', '-c', 'exit 3']);
  assert.deepEqual([failed.code, /FAILED.*ended by itself with 3/.test(failed.stdout)], [1, true]);
  assert.equal((await runCli(['check', '--for', '5s', '--', 'true'])).code, 64);
});
