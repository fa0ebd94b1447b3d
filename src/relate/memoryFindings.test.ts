import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { absent } from '../model/reading.ts';
import { type CgroupsReading, readCgroups } from './cgroups.ts';
import { accountForMemory, type HostMemoryFacts } from './hostMemory.ts';
import { findInMemory, type MemoryFinding } from './memoryFindings.ts';
import { MiB, meminfoOf, noKernel, noShared } from './memoryForTests.ts';
import type { SharedMemory } from './sharedMemory.ts';

const healthy = {
  MemTotal: 4000,
  MemFree: 500,
  Cached: 1500,
  AnonPages: 1700,
  Shmem: 40,
  SReclaimable: 100,
  SUnreclaim: 90,
  PageTables: 30,
};

function facts(more: Partial<HostMemoryFacts> = {}, sizes: Record<string, number> = {}): HostMemoryFacts {
  return {
    meminfo: meminfoOf({ ...healthy, ...sizes }),
    workloads: [{ name: 'web', anonBytes: 1700 * MiB, swapBytes: 0, processes: 1 }],
    shared: noShared,
    kernel: noKernel,
    cpuFreeBytes: absent,
    ...more,
  };
}

function found(of: HostMemoryFacts, cgroups: CgroupsReading | null = null): MemoryFinding[] {
  return findInMemory(of, accountForMemory(of).ram, cgroups);
}

function only(findings: MemoryFinding[], kind: MemoryFinding['kind']): MemoryFinding {
  assert.deepEqual(
    findings.map((finding) => finding.kind),
    [kind],
  );
  const [finding] = findings;
  assert.ok(finding);
  return finding;
}

test('a healthy server has nothing to look at', () => {
  assert.deepEqual(found(facts()), []);
});

test('memory is gone but no process has it: in slab, with what shows it', () => {
  const finding = only(found(facts({}, { MemFree: 200, AnonPages: 1000, SUnreclaim: 1100 })), 'no-process-has-it');
  assert.match(finding.text, /^Memory is gone but no process has it: .* 3\d % of RAM\. Most of it is slab, unreclaimable, 1\.07 GiB\.$/);
  assert.match(finding.next, /slabtop/);
});

test('… in files of a tmpfs that nobody has open, wherever that is mounted', () => {
  const next = (mountPoint: string) => {
    const tmpfs = [{ mountPoint, usedBytes: 900 * MiB, files: [], deleted: [] }];
    const shared: SharedMemory = { tmpfs, segments: absent, nameless: [] };
    return only(found(facts({ shared }, { Cached: 1200, Shmem: 950, AnonPages: 1800 })), 'no-process-has-it').next;
  };
  assert.match(next('/run/user/1000'), /du -xh \/run\/user\/1000 \|/);
  assert.equal(next('/mnt/$(reboot) x'), 'Look for what is large there, with du -xh.');
});

test('… in what the kernel does not itemise', () => {
  const finding = only(found(facts({}, { Cached: 500, AnonPages: 900 })), 'no-process-has-it');
  assert.match(finding.text, /Most of it is remainder/);
});

test('what a process holds is not gone: memfd, and deleted files that are open', () => {
  const held = { name: '/x', bytes: 900 * MiB, holder: { name: 'python3 (pid 5)', others: 2 } };
  const memfd = facts({ shared: { tmpfs: [], segments: absent, nameless: [{ ...held, kind: 'memfd' }] } }, { Shmem: 950, AnonPages: 1800 });
  assert.deepEqual(found(memfd), []);
  const deleted = [{ ...held, kind: 'deleted file' as const }];
  const tmpfs = [{ mountPoint: '/run', usedBytes: 900 * MiB, files: [], deleted }];
  const finding = only(
    found(facts({ shared: { tmpfs, segments: absent, nameless: [] } }, { Shmem: 950, AnonPages: 1800 })),
    'deleted-files',
  );
  assert.match(finding.text, /900 MiB .* python3 \(pid 5\) and 2 others/);
});

test('segments that nobody has attached, with how to remove the largest', () => {
  const segment = { residentBytes: 10 * MiB, swapBytes: 0, owner: 'postgres', creator: 'pid 9, which has ended' };
  const segments = [
    { ...segment, id: 1, attached: 4, residentBytes: 500 * MiB },
    { ...segment, id: 2, attached: 0 },
    { ...segment, id: 3, attached: 0, swapBytes: 20 * MiB },
  ];
  const finding = only(found(facts({ shared: { tmpfs: [], segments, nameless: [] } }, { Shmem: 520 })), 'orphaned-segments');
  assert.equal(finding.bytes, 40 * MiB);
  assert.match(
    finding.text,
    /2 System V segments that no process has attached\. The largest is 3 of postgres, made by pid 9, which has ended/,
  );
  assert.match(finding.next, /ipcrm -m 3$/);
});

test('huge pages that nobody asked for; those that are promised are wanted', () => {
  const pool = { pageBytes: 2 * MiB, pages: 100, freePages: 60 };
  const withPool = (reservedPages: number) => {
    const base = facts({}, { Hugetlb: 200, AnonPages: 1500 });
    return found({ ...base, kernel: { ...base.kernel, hugePages: [{ ...pool, reservedPages }] } });
  };
  assert.equal(only(withPool(10), 'idle-huge-pages').bytes, 100 * MiB);
  assert.deepEqual(withPool(60), []);
});

const fixture = (path: string) => fileURLToPath(new URL(`../kernel/fixtures/${path}`, import.meta.url));

test('cgroups of v2: those that hold most, removed ones, who is at its limit and whose processes were killed', () => {
  const cgroups = readCgroups({ procRoot: fixture('debian12'), cgroupRoot: fixture('cgroup-v2'), isLate: () => false });
  assert.ok(cgroups);
  assert.deepEqual([cgroups.version, cgroups.dying, cgroups.complete], ['v2', 1234, true]);
  const [nginx] = cgroups.largest;
  assert.deepEqual([nginx?.path, nginx?.peakBytes, nginx?.oomKills], ['/system.slice/nginx.service', 23456789, 1]);
  assert.deepEqual(nginx?.pressure, { some10: 0.045, full10: 0.0125, someSeconds: 0.123456, fullSeconds: 0.023456 });
  const [dying, killed] = found(facts(), cgroups);
  assert.match(dying?.text ?? '', /1234 cgroups were removed/);
  assert.match(killed?.text ?? '', /1 process of \/system\.slice\/nginx\.service ended for want of memory/);
});

test('cgroups of v1: what is counted and not found is dying', () => {
  const cgroups = readCgroups({ procRoot: fixture('debian12'), cgroupRoot: fixture('cgroup-v1'), isLate: () => false });
  assert.ok(cgroups);
  assert.deepEqual([cgroups.version, cgroups.dying], ['v1', 94]);
  assert.equal(cgroups.largest[0]?.path, '/system.slice/mariadb.service');
  const limited = { ...cgroups, largest: cgroups.largest.map((one) => ({ ...one, usageBytes: 510 * MiB, oomKills: 0 })) };
  const finding = only(found(facts(), limited), 'cgroup-at-limit');
  assert.match(finding.text, /mariadb\.service is at its memory limit: 510 MiB of 512 MiB, met 17 times/);
  const late = readCgroups({ procRoot: fixture('debian12'), cgroupRoot: fixture('cgroup-v1'), isLate: () => true });
  assert.equal(late, null);
});
