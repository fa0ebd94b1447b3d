import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifyLast, loginSession } from './factsForTests.ts';

const listener = { argv: ['sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups'], comm: 'sshd' };
const monitor = { argv: ['sshd: deploy [priv]'], comm: 'sshd' };
const connection = { argv: ['sshd: deploy@pts/0'], comm: 'sshd', user: 'deploy' };
const bash = { argv: ['-bash'], user: 'deploy' };

test('what a login by ssh is made of is one workload of the user, with and without systemd', () => {
  const expected = { origin: 'user-session', key: 'ssh', name: 'session of deploy (ssh)', user: 'deploy' };
  for (const cgroup of [loginSession, '0::/system.slice/ssh.service', '0::/']) {
    assert.deepEqual(identifyLast(cgroup, listener, monitor), expected, cgroup);
    assert.deepEqual(identifyLast(cgroup, listener, monitor, connection), expected, cgroup);
    assert.deepEqual(identifyLast(cgroup, listener, monitor, connection, bash), expected, cgroup);
  }
  const session = { argv: ['sshd-session: deploy@notty'], comm: 'sshd-session', user: 'deploy' };
  const sftp = { argv: ['/usr/lib/openssh/sftp-server'], user: 'deploy' };
  assert.deepEqual(identifyLast(loginSession, listener, session, sftp), expected);
});

test('the one that listens is the service', () => {
  assert.equal(identifyLast('0::/system.slice/ssh.service', listener).name, 'ssh.service');
});

test('consoles, tmux, the manager of the user', () => {
  const login = { argv: ['/bin/login', '-p', '--'], comm: 'login' };
  assert.equal(identifyLast(loginSession, login, bash).name, 'session of deploy (console)');
  const tmux = { argv: ['tmux', 'new', '-s', 'work'], comm: 'tmux: server', user: 'deploy' };
  assert.equal(identifyLast(loginSession, tmux, bash).name, 'session of deploy (tmux)');
  const manager = '0::/user.slice/user-1000.slice/user@1000.service/init.scope';
  const systemd = { argv: ['/lib/systemd/systemd', '--user'], user: 'deploy' };
  assert.equal(identifyLast(manager, systemd).name, 'session of deploy');
  assert.equal(identifyLast(manager, systemd, { argv: ['(sd-pam)'], user: 'deploy' }).name, 'session of deploy');
});

test('a program that was started in a session is known by itself, and so is a script', () => {
  const node = { argv: ['node', '/srv/app/server.js'], user: 'deploy' };
  assert.equal(identifyLast(loginSession, listener, monitor, connection, bash, node).name, 'node /srv/app/server.js (deploy)');
  const script = { argv: ['bash', '/srv/run.sh'], user: 'deploy' };
  assert.equal(identifyLast(loginSession, listener, monitor, connection, script).name, 'bash /srv/run.sh (deploy)');
  assert.equal(identifyLast('0::/', bash).name, 'bash (deploy)');
});
