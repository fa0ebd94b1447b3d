/** `stanch why` says what it would do, what that costs and whether there is room for it, before it does anything. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, testFolder } from './spawnForTests.ts';

test('a dry run tells pause, CPU, memory, disk and room, and leaves nothing behind', async (t) => {
  const folder = join(testFolder(t), 'data');
  const { code, stdout, stderr } = await runCli(['why', String(process.pid), '--dry-run', '--data', folder]);
  assert.match(stderr, /pause: none.* of CPU time, niced, .* of memory, and 64 KiB of disk\. There is (?:room|no room) for it: /);
  assert.ok(code === 0 || code === 75);
  assert.equal(stdout, '');
  assert.equal(existsSync(folder), false);
});

test('a process that is not there is said so', async (t) => {
  const { code, stderr } = await runCli(['why', '4194305', '--dry-run', '--data', testFolder(t)]);
  assert.equal(code, 66);
  assert.match(stderr, /STANCH_E_NO_SUBJECT/);
});
