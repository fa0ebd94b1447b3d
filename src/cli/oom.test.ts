import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { killForTests } from '../relate/conditionForTests.ts';
import { postMortemDocument } from '../serve/kills.ts';
import { killsSchema } from '../serve/schema.ts';
import { oomReport } from './oomReport.ts';
import { runCli, testFolder } from './spawnForTests.ts';

const log = (name: string) => fileURLToPath(new URL(`../kernel/fixtures/logs/${name}`, import.meta.url));

test('a recorded log: the latest kill in full, what was lost, and by whose sizes', async () => {
  const { code, stdout } = await runCli(['oom', log('oom-5.0-host.kern.log')]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^KILLED {2}The kernel killed mysql\.service \(193 MiB\) because the server was out of memory; the largest was php-fpm7\.3, 300 MiB in 2 processes\./,
  );
  assert.match(stdout, /^ {2}where +the whole server was out of memory, 128 KiB of 512 MiB of swap free$/m);
  assert.match(stdout, /^ {2}lost +process 500 \(mysqld\) of mysql\.service ended at once/m);
  assert.match(stdout, /^ +mysql\.service: Failed with result 'oom-kill'\.$/m);
  assert.match(stdout, /117 MiB +78\.1 MiB +0 {2}500 mysqld {2}killed/);
});

test('the same through a pipe, as one document', () => {
  const main = join(import.meta.dirname, 'main.ts');
  const shown = spawnSync(process.execPath, [main, 'oom', '-', '--json'], {
    input: '[ 1.0] Out of memory: Killed process 7 (x) total-vm:400kB, anon-rss:300kB, file-rss:20kB, shmem-rss:0kB\n[ 2.0] usb 1-1\n',
    encoding: 'utf8',
  });
  const { kills } = v.parse(killsSchema, JSON.parse(shown.stdout));
  assert.deepEqual(
    kills.map(({ scope, victim, culprit }) => [scope, victim.pid, culprit]),
    [['host', 7, null]],
  );
});

test('a log without a kill is good news; what is no log, and no file, is not', async (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, 'calm.log'), 'Mar  1 08:44:12 host kernel: [ 1.0] usb 1-1: new device\n');
  writeFileSync(join(folder, 'no.log'), 'GET / HTTP/1.1\n');
  const calm = await runCli(['oom', join(folder, 'calm.log')]);
  assert.deepEqual([calm.code, calm.stdout], [0, 'No process was killed for want of memory, as far as the log reaches.\n']);
  const no = await runCli(['oom', join(folder, 'no.log')]);
  assert.equal(no.code, 66);
  assert.match(no.stderr, /STANCH_E_NO_INPUT[\s\S]*journalctl -k \| stanch oom -/);
  assert.equal((await runCli(['oom', join(folder, 'none.log')])).code, 66);
});

test('with history: the culprit and the growth, commands as they stand, hostile names escaped', () => {
  const document = { schema: 'stanch.kills/1' as const, time: '2026-01-02T03:04:05Z', kills: [postMortemDocument(killForTests())] };
  const text = oomReport(document, { paint: (_colour, shown) => shown, width: 100 });
  assert.match(text, /^ {2}culprit +php-fpm: pool www: 490 MiB in 16 processes, grew by 360 MiB in 1 h 30 min$/m);
  assert.match(text, /^ {2}prevent +Protected, mariadb\.service would not have been chosen: stanch do protect mariadb\.service$/m);
  assert.match(text, /mariadbd\\x1b\[2J/);
  assert.ok(!text.includes('\u001b'));
});
