/** The demo as people run it, and as people end it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli, testFolder } from './spawnForTests.ts';

test('the leak is caught with reasons, the healthy programs are not accused, nothing is left behind', async (context) => {
  const folder = testFolder(context);
  const { code, stdout, stderr } = await runCli(['demo'], { TMPDIR: folder });
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, /every second: http:\/\/127\.0\.0\.1:\d+\/\n/);
  assert.match(stdout, /Caught after [^\n]+:\nleak .*programs\/node\/leak\.mjs/);
  assert.match(stdout, /grows +\+.*\/h \(.* to .*\)\n/);
  assert.match(stdout, /because +\S/);
  assert.match(stdout, /accused none of the healthy programs: /);
  assert.equal(stderr, '');
  assert.deepEqual(readdirSync(folder), []);
});

for (const [signal, exitCode] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGKILL', null],
] as const) {
  test(`ended by ${signal} it leaves nothing behind`, async (context) => {
    const demo = await startDemo(context);
    assert.equal(readdirSync(demo.folder).length, 1);
    assert.ok(demo.programs().length >= 5);
    const programs = demo.programs();
    demo.child.kill(signal);
    const [code] = await once(demo.child, 'exit');
    assert.equal(code, exitCode);
    // After kill -9 it is the kernel that tells the programs and the folder's keeper.
    while (programs.some(isAlive) || readdirSync(demo.folder).length > 0) await sleep(50);
  });
}

/** Running, its page up and all its programs started. */
async function startDemo(context: TestContext) {
  const folder = testFolder(context);
  const { PATH = '', HOME = '/' } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'demo'], {
    env: { PATH, HOME, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.stdout.resume();
  const { pid } = child;
  assert.ok(pid !== undefined);
  const programs = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  return { folder, child, programs };
}

function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // It ended between the two looks.
    return false;
  }
}
