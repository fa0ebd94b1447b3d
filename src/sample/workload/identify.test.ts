import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { identify, identifyLast, loginSession } from './factsForTests.ts';
import type { ProcessFacts } from './workloadRule.ts';

const thing = ['/usr/bin/thing'];

const name = (argv: string[], more: Partial<ProcessFacts> = {}) => identify(loginSession, argv, more).name;

test('sessions, made-up names and services that only start others: the program is the workload', () => {
  for (const cgroup of [
    '0::/user.slice/user-1000.slice/session-3.scope',
    '0::/system.slice/run-u123.service',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-x-77.scope',
    '0::/user.slice/user-1000.slice/user@1000.service/init.scope',
    '0::/system.slice/cron.service',
    '0::/system.slice/pm2-root.service',
    '0::/init.scope',
    '0::/',
  ]) {
    assert.deepEqual(identify(cgroup, thing), { origin: 'executable', key: 'thing', name: 'thing (deploy)', user: 'deploy' }, cgroup);
  }
  assert.equal(identify('0::/system.slice/cron.service', ['/usr/sbin/cron', '-f']).name, 'cron.service');
});

test('interpreters: the script, module, jar or class, wherever it stands among the options', () => {
  const lines: [string[], string][] = [
    [['node', '/srv/app/server.js'], 'node /srv/app/server.js (deploy)'],
    [['/usr/bin/node', '--inspect', '-r', 'x/register', 'server.js', 'web'], 'node /srv/app/server.js web (deploy)'],
    [['python3.11', '-u', '-W', 'ignore', 'app.py'], 'python3 /srv/app/app.py (deploy)'],
    [['/opt/venv/bin/python', '-m', 'http.server', '8000'], 'python -m http.server N (deploy)'],
    [['/usr/bin/python3', '/usr/local/bin/celery', '-A', 'proj', 'worker'], 'python3 /usr/local/bin/celery -A proj worker (deploy)'],
    [['java', '-Xmx512m', '-cp', '/opt/a.jar:/opt/b.jar', '-jar', '/opt/app-1.4.2.jar'], 'java -jar /opt/app-*.jar (deploy)'],
    [['java', '-Dx=y', '-cp', 'lib/*', 'org.example.Main', '--port=8080'], 'java org.example.Main --port=N (deploy)'],
    [['php', 'artisan', 'queue:work', '--tries=3'], 'php artisan queue:work --tries=N (deploy)'],
    [['/bin/bash', '/srv/run.sh'], 'bash /srv/run.sh (deploy)'],
    [['-bash'], 'session of deploy'],
    [['perl', '-w', 'munin-node'], 'perl munin-node (deploy)'],
  ];
  for (const [argv, expected] of lines) assert.equal(name(argv), expected);
});

test('titles that programs set: the program in front of the colon', () => {
  assert.equal(name(['nginx: worker process']), 'nginx (deploy)');
  assert.equal(name(['postgres: 15/main: walwriter ']), 'postgres (deploy)');
  assert.equal(name(['dovecot/imap-login: proxying']), 'dovecot/imap-login (deploy)');
  assert.equal(name([], { comm: 'defunct' }), 'defunct (deploy)');
});

test('a relative script without a visible folder stays as it was given', () => {
  assert.equal(name(['python3', 'app.py'], { workingDirectory: () => null }), 'python3 app.py (deploy)');
});

test('the next start is the same workload: ports, pids, temporary names, hashes, moments, versions', () => {
  const pairs: [string[], string[]][] = [
    [
      ['srv', '--port=3000', '--pid', '771'],
      ['srv', '--port=3999', '--pid', '12'],
    ],
    [
      ['srv', '/tmp/tmp.X8s9dKQ2/conf'],
      ['srv', '/tmp/tmp.aB3dE5fG/conf'],
    ],
    [
      ['srv', '--id', '1f3c5b7a-0d2e-4c66-9a51-7e1f00aa11bb'],
      ['srv', '--id', '00000000-0d2e-4c66-9a51-7e1f00aa11bb'],
    ],
    [['/srv/releases/20260101120000/bin/app'], ['/srv/releases/20260607080910/bin/app']],
    [
      ['srv', '0.0.0.0:8080', '512m'],
      ['srv', '0.0.0.0:9090', '1g'],
    ],
    [
      ['srv', '--build', 'a1b2c3d4e5f60718'],
      ['srv', '--build', '99b2c3d4e5f6071a'],
    ],
  ];
  for (const [first, second] of pairs) assert.equal(name(first), name(second));
});

test('two installations are two workloads', () => {
  const pairs: [string[], string[]][] = [
    [
      ['node', '/srv/app1/server.js'],
      ['node', '/srv/app2/server.js'],
    ],
    [
      ['node', '/home/user12/app.js'],
      ['node', '/home/user13/app.js'],
    ],
    [
      ['mysqld', '--defaults-file=/etc/mysql/a.cnf'],
      ['mysqld', '--defaults-file=/etc/mysql/b.cnf'],
    ],
    [
      ['python3', '/srv/manage.py', 'runserver'],
      ['python3', '/srv/manage.py', 'worker'],
    ],
  ];
  for (const [first, second] of pairs) assert.notEqual(name(first), name(second));
});

const launcherTitles = [
  'PM2 v5: God Daemon (/x)',
  '/usr/sbin/cron',
  'supervisord',
  'sshd: x [priv]',
  '/bin/sh',
  '-c',
  'php-fpm: pool x',
  'lsphp:',
];
const wildArguments = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom(...launcherTitles)), {
  maxLength: 20,
});

test('whatever a process and its parent call themselves, there is one workload with a name that fits a line', () => {
  fc.assert(
    fc.property(wildArguments, wildArguments, fc.string({ maxLength: 15 }), (argv, parentArgv, comm) => {
      const found = identifyLast('0::/', { argv: parentArgv, user: 'deploy' }, { argv, comm });
      assert.ok(found.name.length > 0 && found.name.length < 260);
      assert.doesNotMatch(found.name, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});
