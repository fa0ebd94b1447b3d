/** Where there can be no test server. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const program = join(import.meta.dirname, 'main.ts');

test('without QEMU it says that nothing was tested, and is no failure', () => {
  const ran = spawnSync(process.execPath, [program], { encoding: 'utf8', env: { PATH: '/nowhere' } });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stderr, /no test server here, so nothing is tested on it: .+/);
});

test('a command that there is not is refused', () => {
  const ran = spawnSync(process.execPath, [program, 'tset'], { encoding: 'utf8' });
  assert.equal(ran.status, 64);
  assert.match(ran.stderr, /found "tset"/);
});
