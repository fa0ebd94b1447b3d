import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePidCgroup } from '../../kernel/pidCgroup.ts';
import { identifyWorkload } from './identify.ts';
import type { ProcessFacts, WorkloadIdentity } from './workloadRule.ts';

const id = `${'f'.repeat(40)}0123456789abcdef01234567`;

function identify(cgroup: string, argv: string[] = ['/usr/bin/thing'], more: Partial<ProcessFacts> = {}): WorkloadIdentity {
  return identifyWorkload({
    kernelThread: false,
    comm: argv[0]?.split('/').at(-1) ?? 'thing',
    argv,
    cgroup: parsePidCgroup(cgroup),
    user: 'deploy',
    workingDirectory: () => '/srv/app',
    containerName: () => null,
    ...more,
  });
}

const name = (argv: string[], more: Partial<ProcessFacts> = {}) =>
  identify('0::/user.slice/user-1000.slice/session-3.scope', argv, more).name;

test('systemd units: v2, v1, templates, slices in between, what a unit makes below itself', () => {
  const units: [string, string][] = [
    ['0::/system.slice/nginx.service', 'nginx.service'],
    ['1:name=systemd:/system.slice/nginx.service\n4:memory:/\n0::/', 'nginx.service'],
    ['0::/system.slice/system-postgresql.slice/postgresql@15-main.service', 'postgresql@15-main.service'],
    ['0::/system.slice/app.service/supervise/worker', 'app.service'],
    ['0::/system.slice/dev-disk\\x2droot.swap', 'dev-disk-root.swap'],
    ['0::/system.slice/sshd@3-10.0.0.5:22-10.0.0.9:5123.service', 'sshd@*.service'],
    [`0::/system.slice/web.service/libpod-payload-${id}`, 'web.service'],
  ];
  for (const [cgroup, expected] of units) {
    assert.deepEqual(identify(cgroup), { origin: 'systemd-unit', key: expected, name: expected });
  }
});

test('units of a user are of that user', () => {
  const unit = identify('0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service');
  assert.deepEqual(unit, { origin: 'systemd-unit', key: 'user@1000.service/sync.service', name: 'sync.service', user: 'deploy' });
});

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
    assert.deepEqual(identify(cgroup), { origin: 'executable', key: 'thing', name: 'thing (deploy)', user: 'deploy' }, cgroup);
  }
  assert.equal(identify('0::/system.slice/cron.service', ['/usr/sbin/cron', '-f']).name, 'cron.service');
});

test('containers of every runtime', () => {
  const paths: [string, string][] = [
    [`0::/system.slice/docker-${id}.scope`, 'docker ffffffffffff'],
    [`4:memory:/docker/${id}\n1:name=systemd:/docker/${id}`, 'docker ffffffffffff'],
    [`0::/machine.slice/libpod-${id}.scope/container`, 'podman ffffffffffff'],
    [`0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`, 'podman ffffffffffff'],
    [
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f3c5b7a_0d2e_4c66_9a51_7e1f00aa11bb.slice/cri-containerd-${id}.scope`,
      'containerd ffffffffffff',
    ],
    [`0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/crio-${id}.scope`, 'cri-o ffffffffffff'],
    [`4:memory:/kubepods/burstable/pod1f3c5b7a-0d2e-4c66-9a51-7e1f00aa11bb/${id}`, 'kubernetes ffffffffffff'],
    ['0::/lxc.payload.web/init.scope', 'lxc web'],
    ['0::/lxc.payload.web/system.slice/nginx.service', 'lxc web: nginx.service'],
    ['4:memory:/lxc/web', 'lxc web'],
    ['0::/machine.slice/systemd-nspawn@mail.service/payload/system.slice/postfix.service', 'nspawn mail: postfix.service'],
  ];
  for (const [cgroup, expected] of paths) {
    const found = identify(cgroup);
    assert.deepEqual([found.origin, found.name], ['container', expected], cgroup);
  }
});

test('a container that was made anew is the same workload when it has the same name', () => {
  const named = (containerId: string) => identify(`0::/system.slice/docker-${containerId}.scope`, ['x'], { containerName: () => 'shop' });
  assert.deepEqual(named(id), named('0'.repeat(64)));
  assert.equal(named(id).name, 'docker shop');
});

test('two services with a pool of the same name are two workloads, and so are two users', () => {
  const pool = (unit: string, user: string) => identify(`0::/system.slice/${unit}`, ['php-fpm: pool www'], { user, comm: 'php-fpm8.2' });
  const keys = [pool('php8.1-fpm.service', 'a'), pool('php8.2-fpm.service', 'a'), pool('php8.2-fpm.service', 'b')];
  assert.equal(new Set(keys.map((one) => `${one.key} ${one.user}`)).size, 3);
  assert.ok(keys.every((one) => one.name === 'php-fpm: pool www' && one.origin === 'php-fpm-pool'));
  const master = identify('0::/system.slice/php8.2-fpm.service', ['php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)']);
  assert.equal(master.name, 'php8.2-fpm.service');
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
    [['-bash'], 'bash (deploy)'],
    [['perl', '-w', 'munin-node'], 'perl munin-node (deploy)'],
  ];
  for (const [argv, expected] of lines) assert.equal(name(argv), expected);
});

test('titles that programs set: the program in front of the colon', () => {
  assert.equal(name(['nginx: worker process']), 'nginx (deploy)');
  assert.equal(name(['postgres: 15/main: walwriter ']), 'postgres (deploy)');
  assert.equal(name(['sshd: deploy [priv]']), 'sshd (deploy)');
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

test('whatever a process calls itself, there is one workload with a name that fits a line', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }), fc.string({ maxLength: 15 }), (argv, comm) => {
      const found = identify('0::/', argv, { comm });
      assert.ok(found.name.length > 0 && found.name.length < 260);
      assert.doesNotMatch(found.name, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});
