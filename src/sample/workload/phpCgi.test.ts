import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify, loginSession } from './factsForTests.ts';

test('lsphp: one workload for each account, whatever script it serves and however its title is cut', () => {
  const titles = ['lsphp', 'lsphp:/home/alice/public_html/index.php', 'lsphp:ce/addon.example/wp-admin/admin-ajax.php'];
  for (const cgroup of ['0::/system.slice/lsws.service', '0::/system.slice/httpd.service', loginSession]) {
    const ids = titles.map((title) => identify(cgroup, [title], { comm: 'lsphp', user: 'alice', uid: 1001 }));
    for (const found of ids) assert.deepEqual(found, { origin: 'php-cgi', key: '/lsphp', name: 'lsphp (alice)', user: 'alice' });
  }
  assert.equal(identify('0::/system.slice/lsws.service', ['lsphp'], { user: 'bob', uid: 1002 }).user, 'bob');
});

test('php-cgi under suEXEC: by account and version, and not by script', () => {
  const served = (script: string) =>
    identify('0::/system.slice/apache2.service', ['/usr/bin/php-cgi8.2', script], { user: 'alice', uid: 1001 });
  assert.deepEqual(served('/home/alice/www/a.php'), served('/home/alice/www/b.php'));
  assert.deepEqual(served('x'), { origin: 'php-cgi', key: '/php-cgi8.2', name: 'php-cgi8.2 (alice)', user: 'alice' });
});
