import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findOnPath } from '../lab/programs.ts';
import { runCli } from './spawnForTests.ts';

test('a man page for each command, without a word that man takes for a command of its own', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-man-'));
  t.after(() => rmSync(dir, { recursive: true }));
  assert.equal((await runCli(['manual', dir])).code, 0);
  const names = readdirSync(dir);
  for (const name of ['stanch.1', 'stanch-run.1', 'stanch-incidents-ack.1', 'stanch-check.1']) assert.ok(names.includes(name), name);
  const page = readFileSync(join(dir, 'stanch-check.1'), 'utf8');
  for (const heading of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'FLAGS', 'ARGUMENTS', 'EXIT STATUS'])
    assert.ok(page.includes(`.SH ${heading}\n`), heading);
  assert.match(page, /^stanch\\-check \\- Run a command/m);
  if (findOnPath('mandoc') !== null) {
    const pages = names.map((name) => join(dir, name));
    assert.equal(spawnSync('mandoc', ['-T', 'lint', '-W', 'error', ...pages], { encoding: 'utf8' }).stdout, '');
  }
  if (findOnPath('groff') === null) return;
  for (const name of names) {
    const { stderr } = spawnSync('groff', ['-man', '-ww', '-z', '-Tutf8', join(dir, name)], { encoding: 'utf8' });
    assert.doesNotMatch(stderr, /macro .* not defined|unbalanced|escape/, name);
  }
});
