import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifyLast, loginSession } from './factsForTests.ts';
import { noNames } from './workloadRule.ts';

const daemon = { argv: ['PM2 v5.4.2: God Daemon (/home/deploy/.pm2)'], comm: 'PM2 v5.4.2: God', user: 'deploy' };
const app = { argv: ['node /srv/app/server.js'], comm: 'node /srv/app/s', user: 'deploy', pid: 4242 };
const apps = { ...noNames, pm2App: (home: string, pid: number) => (home === '/home/deploy/.pm2' && pid === 4242 ? 'shop' : null) };

test('an app is known by the name that pm2 has for it, in a session, the unit of pm2, or without systemd', () => {
  for (const cgroup of [loginSession, '0::/system.slice/pm2-deploy.service', '0::/']) {
    const found = identifyLast(cgroup, daemon, { ...app, names: apps });
    assert.deepEqual(found, { origin: 'pm2', key: '/home/deploy/.pm2/shop', name: 'pm2: shop (deploy)', user: 'deploy' });
  }
});

test('what an app starts belongs to it', () => {
  const npm = { argv: ['npm run start'], user: 'deploy', pid: 4242 };
  const found = identifyLast(loginSession, daemon, npm, { argv: ['sh', '-c', 'node x.js'] }, { argv: ['node', 'x.js'], names: apps });
  assert.equal(found.name, 'pm2: shop (deploy)');
});

test('without a name that can be read, by its command', () => {
  assert.equal(identifyLast(loginSession, daemon, app).name, 'pm2: node /srv/app/server.js (deploy)');
});

test('the daemon is the same workload after an upgrade, and of its unit where it has one', () => {
  const upgraded = { ...daemon, argv: ['PM2 v6.0.1: God Daemon (/home/deploy/.pm2)'] };
  assert.deepEqual(identifyLast(loginSession, daemon), identifyLast(loginSession, upgraded));
  assert.equal(identifyLast(loginSession, daemon).name, 'pm2 daemon (deploy)');
  assert.equal(identifyLast('0::/system.slice/pm2-deploy.service', daemon).name, 'pm2-deploy.service');
});
