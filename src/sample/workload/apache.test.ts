import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifyLast } from './factsForTests.ts';

const scope = '0::/user.slice/user-0.slice/session-3.scope';

test('master and children are one workload, however it was started', () => {
  const start = { argv: ['/usr/sbin/apache2', '-k', 'start'] };
  const graceful = { argv: ['/usr/sbin/apache2', '-k', 'graceful'] };
  const master = identifyLast(scope, start);
  assert.deepEqual(master, { origin: 'apache', key: 'apache2', name: 'apache2' });
  assert.deepEqual(identifyLast(scope, start, { ...start, user: 'www-data' }), master);
  assert.deepEqual(identifyLast(scope, graceful), master);
});

test('two instances are two workloads, told by folder and configuration', () => {
  const names = [
    ['/usr/sbin/apache2', '-d', '/etc/apache2-shop', '-k', 'start'],
    ['/usr/sbin/apache2', '-d/etc/apache2-blog', '-k', 'start'],
    ['/usr/sbin/httpd', '-f', '/srv/own/httpd.conf', '-DFOREGROUND'],
  ].map((argv) => identifyLast(scope, { argv }).name);
  assert.deepEqual(names, ['apache2 -d /etc/apache2-shop', 'apache2 -d /etc/apache2-blog', 'httpd -f /srv/own/httpd.conf']);
});

test('one that somebody runs without root is of that user', () => {
  const argv = ['httpd', '-f', '/home/deploy/httpd.conf'];
  const found = identifyLast(scope, { argv: ['-bash'], user: 'deploy' }, { argv, user: 'deploy' }, { argv, user: 'deploy' });
  assert.deepEqual([found.name, found.user], ['httpd -f /home/deploy/httpd.conf (deploy)', 'deploy']);
});

test('a child of mpm-itk that serves as the user of a site is of that user, inside a unit as well', () => {
  const argv = ['/usr/sbin/apache2', '-k', 'start'];
  for (const cgroup of [scope, '0::/system.slice/apache2.service']) {
    const found = identifyLast(cgroup, { argv }, { argv, user: 'alice' });
    assert.deepEqual([found.origin, found.name, found.user], ['apache', 'apache2 (alice)', 'alice']);
  }
  const idle = identifyLast('0::/system.slice/apache2.service', { argv }, { argv });
  assert.equal(idle.name, 'apache2.service');
});
