import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, testFolder } from './spawnForTests.ts';

const few = ['bench', 'detect', '--seeds', '0..3', '--only', 'P0', '--detectors', 'lbr,precog-mf'];

test('the work shared by two processes gives what one gives, table and picture', async (t) => {
  const picture = join(testFolder(t), 'leaderboard.svg');
  const alone = await runCli([...few, '--jobs', '1']);
  const shared = await runCli([...few, '--jobs', '2', '--picture', picture]);
  assert.equal(alone.code, 0, alone.stderr);
  assert.equal(shared.code, 0, shared.stderr);
  assert.match(alone.stdout, /lbr +100\.0 %/);
  assert.equal(shared.stdout, alone.stdout);
  assert.match(readFileSync(picture, 'utf8'), /^<svg /);
});

test('test seeds are run only when asked for', async () => {
  const count = async (set: string) => {
    const { stdout } = await runCli([...few, '--jobs', '1', '--set', set, '--json']);
    return Number(JSON.parse(stdout).standings[0].series);
  };
  const [tune, held, all] = [await count('tune'), await count('test'), await count('all')];
  assert.equal(tune + held, all);
  assert.ok(tune > 0 && held > 0);
});

test('a detector that is not known, a range that is none, a folder that is not there', async () => {
  for (const args of [
    ['--detectors', 'oracle'],
    ['--seeds', '5'],
    ['--jobs', '0'],
  ]) {
    const ended = await runCli(['bench', 'detect', ...args]);
    assert.equal(ended.code, 64, ended.stderr);
    assert.match(ended.stderr, /STANCH_E_USAGE/);
  }
  const missing = await runCli([...few, '--data', '/nonexistent']);
  assert.equal(missing.code, 66, missing.stderr);
});
