/** bin/stanch, as people call it: from anywhere, through links, with what they have in their environment. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const architecture = process.arch;

/** A checkout in a folder with a blank in its name, whose program prints how it was called. */
function standIn(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stanch launcher-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(join(root, 'bin', 'stanch'), join(folder, 'bin', 'stanch'));
  const nodeFolder = join(folder, 'node_modules', `node-linux-${architecture}`, 'bin');
  mkdirSync(nodeFolder, { recursive: true });
  symlinkSync(process.execPath, join(nodeFolder, 'node'));
  return folder;
}

function addProgram(folder: string): void {
  mkdirSync(join(folder, 'dist'));
  const report = '{ args: process.argv.slice(2), flags: process.execArgv, options: process.env.NODE_OPTIONS }';
  writeFileSync(join(folder, 'dist', 'stanch.cjs'), `console.log(JSON.stringify(${report}))`);
}

function call(program: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: '/', ...options });
  return { status, stdout, stderr };
}

test('arguments arrive as they were given', (context) => {
  const folder = standIn(context);
  addProgram(folder);
  const { stdout } = call(join(folder, 'bin', 'stanch'), ['scan', 'a b', '', '$(id)', '*']);
  assert.deepEqual(JSON.parse(stdout).args, ['scan', 'a b', '', '$(id)', '*']);
});

test('it finds its checkout through links, relative and absolute, from any folder', (context) => {
  const folder = standIn(context);
  addProgram(folder);
  const links = join(folder, 'links');
  mkdirSync(links);
  symlinkSync(join(folder, 'bin', 'stanch'), join(links, 'absolute'));
  symlinkSync('absolute', join(links, 'twice'));
  symlinkSync('../bin/stanch', join(links, 'relative'));
  for (const name of ['absolute', 'twice', 'relative']) {
    assert.equal(call(join(links, name), ['status']).status, 0, name);
    assert.equal(call(`./${name}`, ['status'], { cwd: links }).status, 0, `./${name}`);
  }
});

test('the daemon runs with small memory, everything else with the whole of V8', (context) => {
  const folder = standIn(context);
  addProgram(folder);
  const flagsOf = (command: string): string[] => JSON.parse(call(join(folder, 'bin', 'stanch'), [command]).stdout).flags;
  assert.ok(flagsOf('run').includes('--single-threaded'));
  assert.deepEqual(flagsOf('scan'), []);
});

test('options meant for another Node do not reach it', (context) => {
  const folder = standIn(context);
  addProgram(folder);
  const env = { ...process.env, NODE_OPTIONS: '--no-such-option' };
  const { status, stdout } = call(join(folder, 'bin', 'stanch'), ['run'], { env });
  assert.equal(status, 0);
  assert.equal(JSON.parse(stdout).options, undefined);
});

test('before set-up it says which command to run', (context) => {
  const folder = standIn(context);
  const { status, stderr } = call(join(folder, 'bin', 'stanch'), ['status']);
  assert.equal(status, 69);
  assert.match(stderr, /not set up yet\. Run this once: cd ".*stanch launcher-.*" && npm run build/);
});
