import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifyLast } from './factsForTests.ts';
import { noNames } from './workloadRule.ts';

const unit = '0::/system.slice/supervisor.service';
const supervisor = {
  argv: ['/usr/bin/python3', '/usr/bin/supervisord', '-n', '-c', '/etc/supervisor/supervisord.conf'],
  comm: 'supervisord',
};
const worker = { argv: ['/usr/bin/python3', '/srv/worker.py', '--queue', 'mail'], user: 'deploy' };

test('a program by its name in the configuration, with what it starts, whoever that runs as', () => {
  const asked: unknown[] = [];
  const supervisorProgram = (file: string, argv: readonly string[]) => {
    asked.push([file, argv]);
    return 'mail';
  };
  const child = { argv: ['/usr/bin/thing'], user: 'nobody', names: { ...noNames, supervisorProgram } };
  const found = identifyLast(unit, supervisor, worker, child);
  assert.deepEqual(found, {
    origin: 'supervisord',
    key: '/etc/supervisor/supervisord.conf/mail',
    name: 'supervisord: mail (deploy)',
    user: 'deploy',
  });
  assert.deepEqual(asked, [['/etc/supervisor/supervisord.conf', worker.argv]]);
});

test('without a name, by its command', () => {
  assert.equal(identifyLast(unit, supervisor, worker).name, 'supervisord: python3 /srv/worker.py --queue mail (deploy)');
});

test('two supervisords with a program of the same name are two workloads', () => {
  const own = (config: string[]) => ({ argv: ['/usr/local/bin/supervisord', ...config] });
  const keys = [['-c/srv/a.conf'], ['--configuration=/srv/b.conf'], ['--configuration', 'c.conf'], []].map(
    (config) => identifyLast('0::/', own(config), { argv: ['web'] }).key,
  );
  assert.deepEqual(keys, ['/srv/a.conf/web', '/srv/b.conf/web', '/srv/app/c.conf/web', '/etc/supervisor/supervisord.conf/web']);
});

test('supervisord itself is its unit, or its command', () => {
  assert.equal(identifyLast(unit, supervisor).name, 'supervisor.service');
  assert.equal(identifyLast('0::/', supervisor).name, 'python3 /usr/bin/supervisord -n -c /etc/supervisor/supervisord.conf (root)');
});
