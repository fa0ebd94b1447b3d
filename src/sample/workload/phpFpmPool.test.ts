import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify, identifyLast, loginSession } from './factsForTests.ts';
import { noNames } from './workloadRule.ts';

const unit = (name: string) => `0::/system.slice/${name}`;

test('two services with a pool of the same name are two workloads, and so are two users', () => {
  const pool = (name: string, user: string) => identify(unit(name), ['php-fpm: pool www'], { user, comm: 'php-fpm8.2' });
  const pools = [pool('php8.1-fpm.service', 'a'), pool('php8.2-fpm.service', 'a'), pool('php8.2-fpm.service', 'b')];
  assert.equal(new Set(pools.map(({ key, user }) => `${key} ${user}`)).size, 3);
  assert.ok(pools.every(({ origin }) => origin === 'php-fpm-pool'));
  const master = identify(unit('php8.2-fpm.service'), ['php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)']);
  assert.equal(master.name, 'php8.2-fpm.service');
});

test('the version, from the service, the program or the configuration of the master', () => {
  const title = ['php-fpm: pool www'];
  const names: [string, string, string][] = [
    [unit('ea-php82-php-fpm.service'), 'php-fpm', 'php-fpm: pool www, PHP 8.2'],
    [unit('plesk-php83-fpm.service'), 'php-fpm', 'php-fpm: pool www, PHP 8.3'],
    [unit('php-fpm.service'), 'php-fpm8.2', 'php-fpm: pool www, PHP 8.2'],
    [unit('php-fpm.service'), 'php-fpm', 'php-fpm: pool www'],
  ];
  for (const [cgroup, comm, expected] of names) assert.equal(identify(cgroup, title, { comm }).name, expected);
});

test('without a service, masters are told apart by their configuration', () => {
  const pool = (config: string) =>
    identifyLast(
      loginSession,
      { argv: [`php-fpm: master process (${config})`], comm: 'php-fpm' },
      { argv: ['php-fpm: pool www'], comm: 'php-fpm' },
    );
  assert.equal(pool('/opt/cpanel/ea-php81/root/etc/php-fpm.conf').name, 'php-fpm: pool www, PHP 8.1');
  assert.equal(pool('/etc/opt/remi/php74/php-fpm.conf').name, 'php-fpm: pool www, PHP 7.4');
  assert.notEqual(pool('/srv/a/php-fpm.conf').key, pool('/srv/b/php-fpm.conf').key);
});

test('in a container it says in which', () => {
  const names = { ...noNames, container: () => 'shop' };
  const found = identify(`4:memory:/docker/${'a1'.repeat(32)}`, ['php-fpm: pool www'], { comm: 'php-fpm', names });
  assert.equal(found.name, 'php-fpm: pool www, docker shop');
});

test('on cPanel the pool tells the domain, and the user the account', () => {
  const account = { name: 'alice', domains: ['example.com', 'my-shop.example.org'] };
  const names = { ...noNames, account: (user: string) => (user === 'alice' ? account : null) };
  const pool = (name: string) => identify(unit('ea-php82-php-fpm.service'), [`php-fpm: pool ${name}`], { user: 'alice', names });
  assert.deepEqual(pool('my-shop_example_org'), {
    origin: 'php-fpm-pool',
    key: 'ea-php82-php-fpm.service/my-shop_example_org',
    name: 'php-fpm: pool my-shop_example_org, PHP 8.2',
    user: 'alice',
    account: 'alice',
    domain: 'my-shop.example.org',
  });
  assert.equal(pool('alice').domain, 'example.com');
});
