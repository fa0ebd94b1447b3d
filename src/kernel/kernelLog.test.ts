/** The kernel's log and its reports of kills: recorded ones of several kernels, in every form that people have them, and hostile ones. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { Kill } from '../model/kill.ts';
import { absent, isValue } from '../model/reading.ts';
import { parseKernelLogLine } from './kernelLogText.ts';
import { KernelLog, parseKmsgRecord } from './kmsg.ts';
import { isFailedAllocation, OomReader } from './oomReport.ts';

const nowMs = Date.parse('2026-03-04T00:00:00Z');
const recorded = (name: string) => readFileSync(fileURLToPath(new URL(`./fixtures/logs/${name}`, import.meta.url)), 'utf8');

function killsIn(text: string): Kill[] {
  const reader = new OomReader();
  return text.split('\n').flatMap((row) => {
    const line = parseKernelLogLine(row, nowMs);
    return (line === null ? null : reader.push(line)) ?? [];
  });
}

const KiB = 1024;

test('dmesg tells the same with its levels shown, raw, and with the time in ISO 8601', () => {
  const log = recorded('oom-6.18-cgroup.dmesg');
  const [plain] = killsIn(log);
  for (const prefix of ['kern  :err   : ', 'user  :warn  : ', '<3>']) {
    assert.deepEqual(killsIn(log.replaceAll(/^/gm, prefix)), [plain], prefix);
  }
  const [iso] = killsIn(log.replaceAll(/^\[ *\d+\.\d+\]/gm, '2026-03-01T10:00:00,500000+00:00'));
  assert.deepEqual([iso?.atMs, iso?.victim.pid], [Date.parse('2026-03-01T10:00:00.500Z'), plain?.victim.pid]);
});

test('Linux 6.18, a cgroup at its limit: whose limit, the victim, what each process had', () => {
  const kills = killsIn(recorded('oom-6.18-cgroup.dmesg'));
  assert.equal(kills.length, 1);
  const [kill] = kills;
  assert.ok(kill);
  assert.deepEqual(
    [kill.by, kill.scope, kill.limitCgroup, kill.limitBytes],
    ['kernel', 'cgroup', '/system.slice/appd.service', 49152 * KiB],
  );
  assert.equal(kill.askedBy, 'python3');
  assert.deepEqual(kill.victim, {
    pid: 22508,
    name: 'python3',
    cgroup: '/system.slice/appd.service',
    uid: 0,
    anonBytes: 55936 * KiB,
    fileBytes: 6700 * KiB,
    shmemBytes: 0,
    swapBytes: 0,
    oomScoreAdj: 0,
  });
  assert.deepEqual(kill.tasks, [{ pid: 22508, name: 'python3', uid: 0, residentBytes: 15659 * 4 * KiB, swapBytes: 0, oomScoreAdj: 0 }]);
  assert.equal(kill.sinceBootMs, 2_533_433);
});

test('Linux 6.1, a whole server, as journalctl shows it: four kills, each in its unit', () => {
  const kills = killsIn(recorded('oom-6.1-host.journal'));
  assert.deepEqual(
    kills.map(({ scope, victim }) => [scope, victim.pid, victim.name, victim.cgroup]),
    [
      ['host', 172, 'mariadbd', '/system.slice/mariadb.service'],
      ['host', 254, 'systemd', '/user.slice/user-0.slice/user@0.service/init.scope'],
      ['host', 259, '(sd-pam)', '/user.slice/user-0.slice/user@0.service/init.scope'],
      ['host', 389, 'php-fpm8.2', '/system.slice/php8.2-fpm.service'],
    ],
  );
  assert.deepEqual(kills[1]?.victim.oomScoreAdj, 100);
  assert.deepEqual(kills[0]?.aftermath.slice(0, 2), [
    'mariadb.service: Main process exited, code=killed, status=9/KILL',
    "mariadb.service: Failed with result 'oom-kill'.",
  ]);
});

test('Linux 5.0, in two lines: sizes from the table, swap of the host, and what another program writes is not the kernel', () => {
  const kills = killsIn(recorded('oom-5.0-host.kern.log'));
  assert.equal(kills.length, 1);
  const [kill] = kills;
  assert.ok(kill);
  assert.deepEqual([kill.scope, kill.swapFreeBytes, kill.swapTotalBytes], ['host', 128 * KiB, 524284 * KiB]);
  assert.deepEqual([kill.victim.pid, kill.victim.uid, kill.victim.swapBytes], [500, 106, 20000 * 4 * KiB]);
  assert.deepEqual(kill.atMs, new Date(2026, 2, 3, 4, 5, 6).getTime());
  assert.deepEqual(
    kill.tasks.map(({ name }) => name),
    ['mysqld', 'php-fpm7.3', 'php-fpm7.3', 'web server', 'sshd'],
  );
  assert.equal(kill.taskCount, 5);
  assert.equal(kill.aftermath.length, 2, 'what happened to another unit is not of this kill');
});

test('every form of a line: moment, time since boot, who wrote it', () => {
  const forms: [text: string, sinceBootMs: number | null, atMs: number | null][] = [
    ['[  336.104992] Out of memory', 336_105, null],
    ['[Sat Nov 22 08:44:12 2025] Out of memory', null, new Date(2025, 10, 22, 8, 44, 12).getTime()],
    ['[  336.104992] host kernel: Out of memory', 336_105, null],
    ['[  336.104992] kernel: Out of memory', 336_105, null],
    ['Nov 22 08:44:12 host kernel: [  336.104992] Out of memory', 336_105, new Date(2025, 10, 22, 8, 44, 12).getTime()],
    ['Mar  1 08:44:12 host kernel: Out of memory', null, new Date(2026, 2, 1, 8, 44, 12).getTime()],
    ['2025-11-22T08:44:12.345678+01:00 host kernel: [ 3.5] Out of memory', 3500, Date.parse('2025-11-22T07:44:12.345Z')],
    ['2025-11-22T08:44:12Z host kernel: Out of memory', null, Date.parse('2025-11-22T08:44:12Z')],
  ];
  for (const [text, sinceBootMs, atMs] of forms) {
    assert.deepEqual(parseKernelLogLine(text, nowMs), { source: 'kernel', sinceBootMs, atMs, message: 'Out of memory' }, text);
  }
  for (const text of ['', 'Out of memory', 'Mar  1 08:44:12 host cron[1]: kernel: Out of memory', '-- Boot 1234 --']) {
    assert.equal(parseKernelLogLine(text, nowMs), null, text);
  }
});

test('records of /dev/kmsg: those of the kernel, and not what programs put there', () => {
  assert.deepEqual(parseKmsgRecord('6,1043,336104992,-;Out of memory: x\n SUBSYSTEM=net\n'), {
    source: 'kernel',
    sinceBootMs: 336_105,
    atMs: null,
    message: 'Out of memory: x',
  });
  assert.ok(isValue(parseKmsgRecord('4,1,2,-,caller=T1;text')));
  assert.equal(parseKmsgRecord('12,1043,336104992,-;Out of memory: Killed process 1 (init) total-vm:1kB'), absent);
  assert.equal(parseKmsgRecord('no record'), absent);
});

test('the kernel that gets no memory itself, which is not want of pages that lie together', () => {
  const isFailed = (message: string, source: 'kernel' | 'systemd' = 'kernel') =>
    isFailedAllocation({ source, message, atMs: null, sinceBootMs: 1 });
  assert.ok(isFailed('kswapd0: page allocation failure: order:0, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null),cpuset=/'));
  assert.ok(!isFailed('node: page allocation failure: order:4, mode:0x40cc0'));
  assert.ok(!isFailed('kswapd0: page allocation failure: order:0, mode:0x40cc0', 'systemd'));
});

test("a device that is not the kernel's log is none", () => {
  for (const path of ['/dev/null', '/dev/zero', '/no/such/device']) assert.equal(KernelLog.open(path), absent, path);
});

test('systemd-oomd and earlyoom are told apart from the kernel', () => {
  const kills = killsIn(
    [
      'Dec 18 19:34:56 desk systemd-oomd[840]: Killed /user.slice/user-1.slice/a b.scope due to memory pressure for /user.slice being 51.07% > 50.00% for > 20s with reclaim activity',
      'Dec 18 19:34:56 desk earlyoom[77]: sending SIGTERM to process 1234 uid 33 "php-fpm": badness 812, VmRSS 900 MiB',
      'Dec 18 19:34:56 desk earlyoom[77]: mem avail: 300 of 4000 MiB',
    ].join('\n'),
  );
  assert.deepEqual(
    kills.map(({ by, victim }) => [by, victim.pid, victim.name, victim.anonBytes]),
    [
      ['systemd-oomd', null, 'a b.scope', null],
      ['earlyoom', 1234, 'php-fpm', 900 * KiB * KiB],
    ],
  );
});

test('a process whose name looks like the log deceives nobody', () => {
  const name = 'a) total-vm:9kB';
  const [kill] = killsIn(`[ 1.0] Out of memory: Killed process 7 (${name}) total-vm:400kB, anon-rss:300kB, file-rss:20kB, shmem-rss:0kB`);
  assert.deepEqual([kill?.victim.name, kill?.victim.anonBytes], [name, 300 * KiB]);
});

test('whatever stands in a log: it is read to the end, without an error and without a number that is none', () => {
  const words = [
    'Killed process',
    '(a)',
    'total-vm:1kB, anon-rss:',
    '1kB',
    'oom-kill:constraint=',
    'CONSTRAINT_MEMCG,',
    ',task=',
    ',pid=1,uid=1',
  ];
  words.push(
    '[ 1.0] ',
    '[  pid  ]',
    'uid tgid total_vm rss swapents oom_score_adj name',
    '[ 12] 1 2 3 4 5 6 x',
    ' kernel: ',
    'Out of memory: ',
    '99999999999999999999',
  );
  const logs = ['oom-6.18-cgroup.dmesg', 'oom-6.1-host.journal', 'oom-5.0-host.kern.log'].map(recorded);
  const text = fc.oneof(
    fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom(...logs), fc.nat(), fc.string({ unit: 'binary', maxLength: 6 })).map(([log, at, noise]) => {
      const place = at % log.length;
      return log.slice(0, place) + noise + log.slice(place + noise.length);
    }),
  );
  fc.assert(
    fc.property(text, (log) => {
      for (const kill of killsIn(log)) assert.equal(JSON.stringify(kill).includes('NaN'), false);
      assert.ok(isValue(parseKmsgRecord(log)) || !isValue(parseKmsgRecord(log)));
    }),
    { numRuns: 300 },
  );
});
