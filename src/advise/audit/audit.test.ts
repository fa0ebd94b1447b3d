import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readUnitConfig, unitValue } from '../unitFiles.ts';
import { type Audit, audit } from './audit.ts';
import { mayKillEarly, readAuditFacts } from './readAuditFacts.ts';
import { debianTree } from './treeForTests.ts';

function of(root: string, isRoot = true): Audit {
  return audit(readAuditFacts({ root, isRoot }));
}

function check(result: Audit, id: string): Audit['checks'][number] {
  const found = result.checks.find((each) => each.id === id);
  assert.ok(found !== undefined, id);
  return found;
}

test('a server as it is installed: what is open, the fix as a command, the risk of each; nothing is written', (t) => {
  const root = debianTree(t);
  const before = snapshot(root);
  const result = of(root);
  assert.deepEqual(snapshot(root), before);
  const states = Object.fromEntries(result.checks.map(({ id, state }) => [id, state]));
  assert.deepEqual(states, {
    limits: 'bad',
    vital: 'bad',
    swap: 'warning',
    'early-killer': 'warning',
    'panic-on-oom': 'good',
    'comes-back': 'warning',
    unused: 'warning',
    overcommit: 'good',
    'open-files': 'good',
    journal: 'warning',
    swappiness: 'good',
    'core-dumps': 'good',
    'huge-pages': 'good',
  });
  assert.match(check(result, 'limits').found, /php8\.2-fpm\.service \(381 MiB\), mariadb\.service/);
  assert.match(check(result, 'comes-back').found, /^php8\.2-fpm\.service stay down/);
  for (const { fixes } of result.checks) for (const { command, risk } of fixes) assert.ok(command !== '' && risk !== '');
});

test('unused: a service that listens, that nobody is connected to and that did hardly anything; never ssh', (t) => {
  const { found, fixes } = check(of(debianTree(t)), 'unused');
  assert.match(found, /forgotten\.service \(57\.2 MiB\): listens at 8081, has no connection now, and used 2\.0 s of CPU in 5 d/);
  assert.match(found, /avahi-daemon\.service/);
  assert.doesNotMatch(found, /ssh\.service|mariadb/);
  assert.ok(fixes.some(({ command }) => command === 'systemctl disable --now forgotten.service'));
});

test('each fix that is made raises the score, and its check is good', (t) => {
  const before = of(debianTree(t)).score;
  const made: Record<string, string> = {
    'sys/fs/cgroup/system.slice/php8.2-fpm.service/memory.max': '800000000\n',
    'sys/fs/cgroup/system.slice/mariadb.service/memory.max': '800000000\n',
    'sys/fs/cgroup/system.slice/forgotten.service/memory.max': '80000000\n',
    'sys/fs/cgroup/system.slice/avahi-daemon.service/memory.max': '80000000\n',
    'proc/500/oom_score_adj': '-900\n',
    'proc/600/oom_score_adj': '-600\n',
    'etc/systemd/journald.conf.d/50-stanch.conf': '[Journal]\nSystemMaxUse=500M\n',
    'etc/systemd/system/php8.2-fpm.service.d/50-stanch.conf': '[Service]\nRestart=on-failure\n',
    'proc/950/comm': 'earlyoom\n',
    'proc/950/cmdline': '/usr/bin/earlyoom\0-m\x005\0',
  };
  const after = of(debianTree(t, made));
  for (const id of ['limits', 'vital', 'journal', 'comes-back', 'early-killer']) assert.equal(check(after, id).state, 'good', id);
  assert.ok(after.score > before + 30, `${before} → ${after.score}`);
});

test('what is set badly is bad: overcommit that is nearly used up, panic, journal in RAM, earlyoom too late', (t) => {
  const result = of(
    debianTree(t, {
      'proc/sys/vm/overcommit_memory': '2\n',
      'proc/meminfo': 'MemTotal: 2000000 kB\nSwapTotal: 90000000 kB\nCommitLimit: 1000000 kB\nCommitted_AS: 950000 kB\n',
      'proc/sys/vm/panic_on_oom': '1\n',
      'proc/sys/vm/swappiness': '0\n',
      'var/log/journal/.keep': null,
      'proc/950/comm': 'earlyoom\n',
      'proc/950/cmdline': 'earlyoom\0-m\x001\0',
      'proc/sys/kernel/core_pattern': '|/lib/systemd/systemd-coredump %P\n',
    }),
  );
  const bad = ['overcommit', 'panic-on-oom'];
  for (const id of bad) assert.equal(check(result, id).state, 'bad', id);
  for (const id of ['swap', 'swappiness', 'journal', 'early-killer', 'core-dumps']) assert.equal(check(result, id).state, 'warning', id);
  assert.match(check(result, 'journal').found, /in RAM/);
});

test('what it could not see it says, and does not count', (t) => {
  const withoutSystemd = of(debianTree(t, { 'run/systemd/system/.keep': null }), false);
  assert.ok(withoutSystemd.notices.some((text) => /No systemd/.test(text)));
  assert.ok(withoutSystemd.notices.some((text) => /Not run as root/.test(text)));
  assert.equal(check(withoutSystemd, 'limits').state, 'unknown');
  const nothing = of(join(debianTree(t), 'nowhere'));
  assert.ok(nothing.checks.every(({ state }) => state === 'unknown' || state === 'good'));
  assert.ok(nothing.notices.some((text) => /meminfo/.test(text)));
});

test('drop-ins: by name, the folder of the owner before that of the package, an empty value takes back', (t) => {
  const root = debianTree(t, {
    'usr/lib/systemd/system/ssh.service.d/10-a.conf': '[Service]\nMemoryMax=1G\nTasksMax=5\n',
    'etc/systemd/system/ssh.service.d/10-a.conf': '[Service]\nMemoryMax=2G\n',
    'etc/systemd/system/service.d/90-all.conf': '[Service]\nRestart=\n',
  });
  const config = readUnitConfig('ssh.service', root);
  assert.equal(unitValue(config, 'Service.MemoryMax'), '2G');
  assert.equal(unitValue(config, 'Service.TasksMax'), null);
  assert.equal(unitValue(config, 'Service.Restart'), null);
});

test('this machine', () => {
  const result = audit(readAuditFacts());
  assert.ok(result.score >= 0 && result.score <= 100);
  assert.ok(result.checks.length > 10);
});

function snapshot(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(root, name);
      return /\/fd\//.test(path) || !statSync(path).isFile() ? name : `${name} ${readFileSync(path, 'latin1')}`;
    });
}

test('whoever knows the processes need not have all of them asked for their name', (t) => {
  const root = debianTree(t);
  const all = readAuditFacts({ root, isRoot: true });
  assert.ok(all.programs.size > 1);
  const pid = Number(readdirSync(join(root, 'proc')).find((name) => /^\d+$/.test(name)));
  assert.equal(readAuditFacts({ root, isRoot: true, pids: [pid] }).programs.size, 1);
  const processes = [
    { id: { pid: 5 }, command: '/usr/bin/earlyoom -m 5' },
    { id: { pid: 6 }, command: 'nginx: worker process' },
    { id: { pid: 7 }, command: '/lib/systemd/systemd-oomd' },
    { id: { pid: 8 }, command: 'python3 /usr/bin/nohang --monitor' },
  ];
  assert.deepEqual(mayKillEarly(processes), [process.pid, 5, 7, 8]);
});
