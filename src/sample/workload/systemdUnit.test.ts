import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify } from './factsForTests.ts';

const thing = ['/usr/bin/thing'];
const id = 'f0'.repeat(32);

test('v2, v1, hybrid, templates, slices in between, what a unit makes below itself', () => {
  const units: [string, string][] = [
    ['0::/system.slice/nginx.service', 'nginx.service'],
    ['1:name=systemd:/system.slice/nginx.service\n4:memory:/\n0::/', 'nginx.service'],
    ['1:name=systemd:/system.slice/nginx.service\n4:memory:/system.slice/nginx.service\n0::/system.slice/nginx.service', 'nginx.service'],
    ['4:memory:/system.slice/nginx.service (deleted)', 'nginx.service'],
    ['0::/system.slice/system-postgresql.slice/postgresql@15-main.service', 'postgresql@15-main.service'],
    ['0::/shop.slice/shop-web.slice/web@blue.service', 'web@blue.service'],
    ['0::/system.slice/app.service/supervise/worker', 'app.service'],
    ['0::/system.slice/dev-disk\\x2droot.swap', 'dev-disk-root.swap'],
    [`0::/system.slice/web.service/libpod-payload-${id}`, 'web.service'],
  ];
  for (const [cgroup, expected] of units) {
    assert.deepEqual(identify(cgroup, thing), { origin: 'systemd-unit', key: expected, name: expected });
  }
});

test('instances that are made for one connection or one run are one workload, and their name is no unit that could be restarted', () => {
  const units: [string, string][] = [
    ['sshd@3-10.0.0.5:22-10.0.0.9:5123.service', 'sshd@*.service'],
    ['build@1f3c5b7a-0d2e-4c66-9a51-7e1f00aa11bb.service', 'build@*.service'],
    ['backup-20260601.service', 'backup-*.service'],
  ];
  for (const [unit, expected] of units) assert.equal(identify(`0::/system.slice/${unit}`, thing).name, expected);
  assert.equal(identify(`0::/system.slice/${id}-1f3c5b7a0d2e4c66.service`, thing).origin, 'executable');
});

test('units of a user are of that user', () => {
  const unit = identify('0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service', thing);
  assert.deepEqual(unit, { origin: 'systemd-unit', key: 'user@1000.service/sync.service', name: 'sync.service', user: 'deploy' });
});

test('what a web server runs for its customers is not of its unit, what it runs as itself is', () => {
  const inUnit = (unit: string, argv: string[], uid: number) => identify(`0::/system.slice/${unit}`, argv, { uid }).name;
  assert.equal(inUnit('apache2.service', ['/usr/bin/php-cgi8.2'], 1000), 'php-cgi8.2 (deploy)');
  assert.equal(
    inUnit('httpd.service', ['/usr/bin/perl', '/home/deploy/public_html/cgi-bin/x.pl'], 1000),
    'perl /home/deploy/public_html/cgi-bin/x.pl (deploy)',
  );
  assert.equal(
    inUnit('httpd.service', ['Passenger NodeApp: /home/deploy/app (production)'], 1000),
    'Passenger NodeApp: /home/deploy/app (production) (deploy)',
  );
  assert.equal(inUnit('apache2.service', ['/usr/bin/rotatelogs', '/var/log/x', '86400'], 0), 'apache2.service');
  assert.equal(inUnit('apache2.service', ['/usr/sbin/apache2', '-k', 'start'], 33), 'apache2.service');
  assert.equal(inUnit('php-fcgi.service', ['/usr/bin/php-cgi', '-b', '127.0.0.1:9000'], 1000), 'php-fcgi.service');
});
