import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { absent } from '../model/reading.ts';
import { readCgroupLimit, readCgroupMemory } from './cgroupMemory.ts';
import { readCgroupMemoryEvents } from './cgroupMemoryEvents.ts';
import { readCgroupStat } from './cgroupStat.ts';
import { parsePidCgroup } from './pidCgroup.ts';
import { readCgroupPressure } from './pressure.ts';

const fixture = (path: string) => fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));

test('v2: the hard limit, the throttling one where it is lower, none where both are max or the files are missing', () => {
  assert.equal(readCgroupLimit(fixture('cgroup-v2/system.slice/nginx.service'), 'v2'), 256 * 1024 ** 2);
  assert.equal(readCgroupLimit(fixture('cgroup-v2/system.slice/php8.2-fpm.service'), 'v2'), 768 * 1024 ** 2);
  assert.equal(readCgroupLimit(fixture('cgroup-v2/system.slice'), 'v2'), absent);
  assert.equal(readCgroupLimit(fixture('cgroup-v2'), 'v2'), absent);
});

test('v1: the largest number there is stands for no limit', () => {
  assert.equal(readCgroupLimit(fixture('cgroup-v1/memory/system.slice/mariadb.service'), 'v1'), 512 * 1024 ** 2);
  assert.equal(readCgroupLimit(fixture('cgroup-v1/memory/system.slice'), 'v1'), absent);
});

test('memory of a cgroup: v1 takes the figures of the whole tree', () => {
  assert.deepEqual(readCgroupMemory(fixture('cgroup-v2/system.slice/nginx.service'), 'v2'), {
    usageBytes: 12345678,
    peakBytes: 23456789,
    anonBytes: 7168000,
    fileBytes: 4096000,
    shmemBytes: 204800,
    slabReclaimableBytes: 200000,
    slabUnreclaimableBytes: 300000,
    socketBytes: 40960,
    pageTableBytes: 131072,
  });
  const v1 = readCgroupMemory(fixture('cgroup-v1/memory/system.slice/mariadb.service'), 'v1');
  assert.deepEqual([v1.usageBytes, v1.peakBytes, v1.anonBytes, v1.fileBytes], [220000000, 250000000, 204800000, 10240000]);
  assert.equal(v1.slabUnreclaimableBytes, absent);
});

test('how often a cgroup met its limits and lost processes, and how long it waits for memory', () => {
  const nginx = fixture('cgroup-v2/system.slice/nginx.service');
  assert.deepEqual(readCgroupMemoryEvents(nginx, 'v2'), { throttled: 12, atLimit: 345, oomKills: 1 });
  const mariadb = fixture('cgroup-v1/memory/system.slice/mariadb.service');
  assert.deepEqual(readCgroupMemoryEvents(mariadb, 'v1'), { throttled: absent, atLimit: 17, oomKills: 3 });
  assert.deepEqual(readCgroupPressure(nginx), { some10: 0.045, full10: 0.0125, someSeconds: 0.123456, fullSeconds: 0.023456 });
  assert.equal(readCgroupPressure(mariadb), absent);
});

test('removed cgroups that still hold memory', () => {
  assert.deepEqual(readCgroupStat(fixture('cgroup-v2')), { descendants: 6, dying: 1234 });
  assert.equal(readCgroupStat(fixture('cgroup-v1')), absent);
});

test('paths of a process: v2, hybrid, colons in names, deleted cgroups', () => {
  assert.deepEqual(parsePidCgroup('0::/system.slice/sshd@3-10.0.0.5:22-10.0.0.9:5123.service\n'), {
    unified: '/system.slice/sshd@3-10.0.0.5:22-10.0.0.9:5123.service',
    systemd: null,
    memory: null,
  });
  assert.deepEqual(parsePidCgroup('9:name=systemd:/a.service\n4:cpu,memory:/m (deleted)\n0::/\n'), {
    unified: '/',
    systemd: '/a.service',
    memory: '/m',
  });
});
