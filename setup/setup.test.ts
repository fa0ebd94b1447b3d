/** The set-up in a checkout of its own, with a stand-in for npm that writes down how it was called. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const standInForNpm = `
// Before it is seen to run: whoever waits for that may kill its parent at once.
const parent = process.ppid;
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs');
const { dirname } = require('node:path');
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
if (process.env.NPM_HANGS) setInterval(() => process.ppid !== parent && process.exit(), 50);
else {
  const node = 'node_modules/node-linux-' + process.arch + '/bin/node';
  mkdirSync(dirname(node), { recursive: true });
  writeFileSync(node, '', { mode: 0o755 });
}
`;

class Checkout {
  readonly folder: string;

  constructor(context: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'stanch-setup-'));
    context.after(() => rmSync(this.folder, { recursive: true, force: true }));
    mkdirSync(join(this.folder, 'setup'));
    for (const name of readdirSync(import.meta.dirname).filter((each) => each.endsWith('.mjs'))) {
      cpSync(join(import.meta.dirname, name), join(this.folder, 'setup', name));
    }
    writeFileSync(join(this.folder, 'npm.cjs'), standInForNpm);
    writeFileSync(join(this.folder, 'package-lock.json'), '{}');
  }

  start(env: NodeJS.ProcessEnv = {}) {
    const npm = { npm_execpath: join(this.folder, 'npm.cjs'), npm_node_execpath: process.execPath };
    const args = [join(this.folder, 'setup', 'setup.mjs'), '--dependencies'];
    return spawn(process.execPath, args, { env: { ...process.env, ...npm, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  async run(env: NodeJS.ProcessEnv = {}) {
    const child = this.start(env);
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    return { code, stderr };
  }

  get npmCalls(): string[] {
    const file = join(this.folder, 'npm-calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  async untilNpmRuns(): Promise<void> {
    while (this.npmCalls.length === 0) await sleep(20);
  }

  get lockFile(): string {
    return join(this.folder, 'dist', '.setup-lock');
  }
}

test('the first run installs, the second has nothing to do or to say, a changed lock file installs anew', async (context) => {
  const checkout = new Checkout(context);
  assert.equal((await checkout.run()).code, 0);
  assert.equal(checkout.npmCalls.length, 1);
  assert.deepEqual(await checkout.run(), { code: 0, stderr: '' });
  assert.equal(checkout.npmCalls.length, 1);
  writeFileSync(join(checkout.folder, 'package-lock.json'), '{ }');
  assert.equal((await checkout.run()).code, 0);
  assert.equal(checkout.npmCalls.length, 2);
});

test('what builds stanch is installed even where the environment asks for production only', async (context) => {
  const checkout = new Checkout(context);
  await checkout.run({ NODE_ENV: 'production' });
  assert.match(checkout.npmCalls[0] ?? '', /^ci --include=dev --include=optional /);
});

test('two set-ups side by side install once', async (context) => {
  const checkout = new Checkout(context);
  const outcomes = await Promise.all([checkout.run(), checkout.run(), checkout.run()]);
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    [0, 0, 0],
  );
  assert.equal(checkout.npmCalls.length, 1);
});

test('a set-up that was killed does not stand in the way of the next', async (context) => {
  const checkout = new Checkout(context);
  const killed = checkout.start({ NPM_HANGS: '1' });
  await checkout.untilNpmRuns();
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  assert.ok(existsSync(checkout.lockFile), 'its lock is still there');
  assert.equal((await checkout.run()).code, 0);
  assert.ok(!existsSync(checkout.lockFile));
});

test('SIGTERM ends the set-up, npm and all', async (context) => {
  const checkout = new Checkout(context);
  const child = checkout.start({ NPM_HANGS: '1' });
  await checkout.untilNpmRuns();
  child.kill('SIGTERM');
  // stderr is npm's as well: it ends when both have.
  const [, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(code, 130);
  assert.ok(!existsSync(checkout.lockFile));
});
