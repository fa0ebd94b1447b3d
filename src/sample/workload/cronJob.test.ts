import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedArguments } from '../commandLine.ts';
import { identifyLast } from './factsForTests.ts';

const unit = '0::/system.slice/cron.service';
const cron = { argv: ['/usr/sbin/cron', '-f'], comm: 'cron' };
const child = { argv: ['/usr/sbin/CRON', '-f'], comm: 'cron' };
const shell = (line: string, user = 'deploy') => ({ argv: ['/bin/sh', '-c', line], user });
const job = (line: string) => identifyLast(unit, cron, child, shell(line));

test('one workload over all its runs, with all that it starts, in the unit of cron, a session or without systemd', () => {
  const line = '/srv/backup.sh --full > /var/log/backup.log 2>&1';
  const expected = { origin: 'cron-job', key: '/srv/backup.sh --full', name: 'cron: /srv/backup.sh --full (deploy)', user: 'deploy' };
  const crond = { argv: ['/usr/sbin/crond', '-n'], comm: 'crond' };
  const cronie = { argv: ['/usr/sbin/CROND', '-n'], comm: 'crond' };
  const gzip = { argv: ['gzip', '-9'], user: 'deploy' };
  assert.deepEqual(job(line), expected);
  assert.deepEqual(
    identifyLast(unit, cron, child, shell(line), { argv: ['/bin/bash', '/srv/backup.sh', '--full'], user: 'deploy' }, gzip),
    expected,
  );
  assert.deepEqual(identifyLast('0::/user.slice/user-1000.slice/session-c12.scope', crond, cronie, shell(line)), expected);
  assert.deepEqual(identifyLast('0::/', { argv: ['busybox', 'crond'], comm: 'crond' }, shell(line)), expected);
});

test('a shell that became its command is the same job', () => {
  const became = (argv: string[]) => identifyLast(unit, cron, child, { argv, user: 'deploy' });
  assert.deepEqual(became(['/usr/bin/thing', '-x']), job('/usr/bin/thing -x >/dev/null 2>&1'));
  assert.deepEqual(became(['/bin/bash', '/srv/backup.sh']), job('/srv/backup.sh'));
});

test('what another user runs for the job is the job', () => {
  const found = identifyLast(unit, cron, child, shell('su deploy -c /srv/x', 'root'), { argv: ['/srv/x'], user: 'deploy' });
  assert.deepEqual([found.name, found.user], ['cron: su deploy -c /srv/x (root)', 'root']);
});

test('each script of cron.daily and its kin is a job, also under anacron', () => {
  const line = shell('cd / && run-parts --report /etc/cron.daily', 'root');
  const runParts = { argv: ['run-parts', '--report', '/etc/cron.daily'] };
  const script = { argv: ['/bin/sh', '/etc/cron.daily/logrotate'] };
  const program = { argv: ['/usr/sbin/logrotate', '/etc/logrotate.conf'] };
  assert.equal(identifyLast(unit, cron, child, line, runParts, script, program).name, 'cron: /etc/cron.daily/logrotate (root)');
  assert.equal(identifyLast(unit, cron, child, line, runParts).name, 'cron: run-parts --report /etc/cron.daily (root)');
  const anacron = { argv: ['/usr/sbin/anacron', '-dsq'] };
  const redHat = { argv: ['/bin/bash', '/usr/bin/run-parts', '/etc/cron.daily'] };
  assert.equal(identifyLast('0::/', anacron, redHat, script).name, 'cron: /etc/cron.daily/logrotate (root)');
});

test('the next run is the same job, and secrets stay secret', () => {
  assert.deepEqual(job('/srv/x --at 1781000000 --pid 4711'), job('/srv/x --at 1781003600 --pid 99'));
  const masked = maskedArguments(['/bin/sh', '-c', 'mysqldump -u root -pS3cret shop | gzip > /srv/x.gz']);
  const { key, name } = identifyLast(unit, cron, child, { argv: masked, user: 'deploy' });
  assert.doesNotMatch(`${key} ${name}`, /S3cret/);
  assert.match(name, /^cron: mysqldump -u root -p\*\*\* shop \| gzip/);
});

test('cron itself is its unit', () => {
  assert.equal(identifyLast(unit, cron).name, 'cron.service');
  assert.equal(identifyLast(unit, cron, child).name, 'cron.service');
});
