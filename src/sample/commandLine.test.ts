import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shownCommand } from './commandLine.ts';
import { shownText } from './shownText.ts';

const secret = 's3cr3t-Value';

test('no secret of the usual kinds is shown, and what stands around it is', () => {
  const lines: [string[], string][] = [
    [['app', `--password=${secret}`], 'app --password=***'],
    [['app', `--password=${secret},more and more`, '-v'], 'app --password=*** -v'],
    [['app', '--db-password', secret, '-v'], 'app --db-password *** -v'],
    [['app', '--api-key', secret], 'app --api-key ***'],
    [['app', '--password', '--verbose'], 'app --password --verbose'],
    [['app', '--no-password', 'shown'], 'app --no-password shown'],
    [['app', '--password-file=/etc/pw'], 'app --password-file=/etc/pw'],
    [['mysql', '-u', 'root', `-p${secret}`, 'db'], 'mysql -u root -p*** db'],
    [['/usr/bin/mysqldump', `-p${secret}`], '/usr/bin/mysqldump -p***'],
    [['ssh', '-p2222', 'host'], 'ssh -p2222 host'],
    [['sshpass', '-p', secret, 'ssh', 'host'], 'sshpass -p *** ssh host'],
    [['redis-cli', '-a', secret, 'ping'], 'redis-cli -a *** ping'],
    [['curl', '-u', `me:${secret}`, 'https://host/'], 'curl -u me:*** https://host/'],
    [['curl', '-H', `Authorization: Bearer ${secret}`], 'curl -H Authorization: Bearer ***'],
    [['curl', `https://host/x?a=1&token=${secret}&b=2`], 'curl https://host/x?a=1&token=***&b=2'],
    [['app', `postgres://me:${secret}@host/db`], 'app postgres://me:***@host/db'],
    [['app', `redis://:${secret}@host:6379/0`], 'app redis://:***@host:6379/0'],
    [
      ['env', `PGPASSWORD=${secret}`, `AWS_SECRET_ACCESS_KEY=${secret}`, 'HOME=/root', 'psql'],
      'env PGPASSWORD=*** AWS_SECRET_ACCESS_KEY=*** HOME=/root psql',
    ],
    [['java', `-Dspring.datasource.password=${secret}`, '-jar', 'x.jar'], 'java -Dspring.datasource.password=*** -jar x.jar'],
    [['app', `{"user": "me", "password": "${secret} x", "port": 1}`], 'app {"user": "me", "password": ***, "port": 1}'],
    [['sh', '-c', `mysql -u root -p${secret} db | gzip > x.gz`], 'sh -c mysql -u root -p*** db | gzip > x.gz'],
    [['bash', '-c', `ssh host 'mysql -p${secret} db'`], "bash -c ssh host 'mysql -p*** db'"],
    [['git', 'clone', `https://ghp_${'a1'.repeat(18)}@host/x`], 'git clone https://***@host/x'],
  ];
  for (const [argv, expected] of lines) assert.equal(shownCommand(argv, 'x'), expected);
});

test('without arguments the name stands in brackets', () => {
  assert.equal(shownCommand([], 'kworker/0:1'), '[kworker/0:1]');
});

test('nothing that moves a cursor, hides or turns text passes; UTF-8 does', () => {
  assert.equal(shownText('a\x1b[2Jb\r\n\tc', 100), 'a\\x1b[2Jb\\r\\n\\tc');
  assert.equal(shownText(Buffer.from('zoë 日本 \u202e evil \u200b').toString('latin1'), 100), 'zoë 日本 \\u{202e} evil \\u{200b}');
  assert.equal(shownText('\xff\xfe', 100), '\\xff\\xfe');
});

test('a command line of any bytes and length is shown safely, in one line, within its bound', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3000 }), { maxLength: 8 }), (argv) => {
      const shown = shownCommand(argv, 'x');
      assert.ok(shown.length <= 512);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test('an argument made to be slow to search is not', { timeout: 60_000 }, () => {
  const slow = [
    'app',
    '"'.repeat(2000),
    "'a".repeat(1000),
    'a://'.repeat(500),
    `${'a'.repeat(2000)}`,
    'Bearer '.repeat(300),
    'a='.repeat(1000),
  ];
  for (let round = 0; round < 20; round += 1) shownCommand(slow, 'x');
});
