import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pm2AppName } from './pm2Apps.ts';

const home = mkdtempSync(join(tmpdir(), 'stanch-pm2-'));
after(() => rmSync(home, { recursive: true }));
mkdirSync(join(home, 'pids'));

test('the name of the app whose file has the pid; instances of a cluster have one name', () => {
  writeFileSync(join(home, 'pids/my-api-0.pid'), '4242');
  writeFileSync(join(home, 'pids/my-api-1.pid'), '4243\n');
  assert.equal(pm2AppName(home, 4242), 'my-api');
  assert.equal(pm2AppName(home, 4243), 'my-api');
  assert.equal(pm2AppName(home, 42), null);
  assert.equal(pm2AppName(join(home, 'none'), 42), null);
});

test('what a user put in place of a file is not waited for and not opened', () => {
  // A read of it would never end.
  execFileSync('mkfifo', [join(home, 'pids/a-0.pid')]);
  symlinkSync('/dev/zero', join(home, 'pids/b-0.pid'));
  mkdirSync(join(home, 'pids/c-0.pid'));
  writeFileSync(join(home, 'pids/\u001b[31m-0.pid'), '99');
  assert.equal(pm2AppName(home, 99), null);
});
