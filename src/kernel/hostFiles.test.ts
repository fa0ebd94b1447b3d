import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { absent, isValue } from '../model/reading.ts';
import { readArcstats } from './arcstats.ts';
import { isSysvSegment, parseDeletedMappings } from './heldFiles.ts';
import { readHugePagePools } from './hugepages.ts';
import { parseLoadavg, readLoadavg } from './loadavg.ts';
import { readMeminfo } from './meminfo.ts';
import { readMountinfo } from './mountinfo.ts';
import { readPidSmapsRollup } from './pidSmapsRollup.ts';
import { parsePressure, readPressure } from './pressure.ts';
import { readMemoryCgroupCount } from './procCgroups.ts';
import { readText } from './read.ts';
import { parseSlabinfo, readSlabinfo } from './slabinfo.ts';
import { readSlabReclaimable } from './slabReclaimAccount.ts';
import { parseSockstat, readIpv6FragmentBytes, readSockstat } from './sockstat.ts';
import { readStat } from './stat.ts';
import { parseSysvShm, readSysvShm } from './sysvipcShm.ts';
import { readVmallocCallers } from './vmallocinfo.ts';
import { readVmstat } from './vmstat.ts';
import { readCpuFreePages } from './zoneinfo.ts';
import { readZram } from './zram.ts';

const debian = fileURLToPath(new URL('./fixtures/debian12', import.meta.url));
const sysfs = fileURLToPath(new URL('./fixtures/sysfs', import.meta.url));
const older = fileURLToPath(new URL('./fixtures/linux-4.18', import.meta.url));

test('meminfo: sizes in bytes, counts of huge pages as they are', () => {
  const info = readMeminfo(debian);
  assert.ok(isValue(info));
  assert.equal(info.MemTotal, 4000000 * 1024);
  assert.equal(info['Active(anon)'], 900000 * 1024);
  assert.equal(info.HugePages_Free, 20);
});

test('meminfo of an older kernel: keys that came later are absent', () => {
  const info = readMeminfo(older);
  assert.ok(isValue(info));
  assert.deepEqual([info.Percpu, info.KReclaimable, info.Hugetlb, info.SecPageTables], [absent, absent, absent, absent]);
  assert.equal(info.SwapTotal, 0);
});

test('pressure as a share of time; absent where the kernel does not account for it', () => {
  const pressure = readPressure(debian, 'memory');
  assert.deepEqual(pressure, { some10: 0.1234, full10: 0.04, someSeconds: 10.552097, fullSeconds: 0.00321 });
  assert.equal(readPressure(older, 'memory'), absent);
  assert.deepEqual(parsePressure('some avg10=1.00 avg60=0.00 avg300=0.00 total=0\n'), {
    some10: 0.01,
    full10: absent,
    someSeconds: 0,
    fullSeconds: absent,
  });
});

test('stat: boot time, what the CPUs did, and the tasks that want them', () => {
  assert.deepEqual(readStat(debian), {
    busySeconds: 141,
    ioWaitSeconds: 3,
    stealSeconds: 0.4,
    idleSeconds: 5000,
    runningTasks: 1,
    blockedTasks: 0,
    bootTimeMs: 1795000000000,
    cpuCount: 2,
  });
});

test('loadavg: load, threads of the machine, the last pid', () => {
  assert.deepEqual(readLoadavg(debian), { load1: 0.52, threads: 19, lastPid: 4321 });
  assert.equal(parseLoadavg('0.1 0.2\n'), absent);
});

test('mountinfo: blanks in paths, options of mount and file system', () => {
  const mounts = readMountinfo(debian);
  assert.ok(isValue(mounts));
  assert.deepEqual(
    mounts.map((mount) => [mount.mountPoint, mount.fileSystem]),
    [
      ['/proc', 'proc'],
      ['/sys', 'sysfs'],
      ['/dev/shm', 'tmpfs'],
      ['/mnt/with blank', 'tmpfs'],
      ['/', 'ext4'],
    ],
  );
});

test('vmstat, free lists of CPUs, shares of one process', () => {
  assert.deepEqual(readVmstat(debian), { compressedPages: 2500, anonPages: 375000 });
  assert.equal(readCpuFreePages(debian), 1500);
  assert.deepEqual(readPidSmapsRollup(`${debian}/1/smaps_rollup`), { pssAnonBytes: 3500 * 1024, swapPssBytes: 4096 });
});

test('System V segments: whose they are, what of them is in memory, who has them attached', () => {
  const segments = readSysvShm(debian);
  assert.ok(isValue(segments));
  assert.deepEqual(segments[0], {
    id: 0,
    sizeBytes: 16777216,
    residentBytes: 8388608,
    swapBytes: 0,
    creatorPid: 340,
    changedSeconds: 1795000000,
    ownerUid: 104,
    creatorUid: 104,
    attached: 9,
  });
  assert.equal(segments.length, 2);
  assert.equal(readSysvShm(older), absent);
  assert.equal(
    parseSysvShm('key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime\n0 1 600 5 1 1 1 0 0 0 0 1 1 1\n'),
    absent,
  );
});

test('slab: pages of whole caches, and whether their objects can be given back', () => {
  const caches = readSlabinfo(debian);
  assert.ok(isValue(caches));
  const inodes = caches.find(({ name }) => name === 'ext4_inode_cache');
  assert.deepEqual(inodes, { name: 'ext4_inode_cache', activeObjects: 40000, objectBytes: 1176, pages: 11912 });
  assert.ok(caches.length > 10);
  assert.equal(readSlabReclaimable(sysfs, 'ext4_inode_cache'), true);
  assert.equal(readSlabReclaimable(sysfs, 'kmalloc-256'), false);
  assert.equal(readSlabReclaimable(sysfs, 'no-such-cache'), absent);
  assert.equal(readSlabReclaimable(sysfs, '../slab/dentry'), absent);
  assert.equal(parseSlabinfo('slabinfo - version: 9.0\n'), absent);
});

test('sockets: how many there are, pages of TCP and UDP of the machine, fragments of both protocols; what a kernel does not tell is absent', () => {
  assert.deepEqual(readSockstat(debian), {
    used: 312,
    tcpAllocated: 58,
    tcpOrphaned: 0,
    tcpTimeWait: 12,
    tcpPages: 2048,
    udpPages: 12,
    fragmentBytes: 4096,
  });
  assert.equal(readIpv6FragmentBytes(debian), 2048);
  const { used, ...untold } = parseSockstat('sockets: used 5\nTCP: inuse 5 alloc\n');
  assert.equal(used, 5);
  assert.deepEqual(new Set(Object.values(untold)), new Set([absent]));
  assert.equal(readSockstat(older), absent);
  assert.equal(readIpv6FragmentBytes(older), absent);
});

test('vmalloc by who asked, largest first, without stacks of threads and what is only mapped', () => {
  assert.deepEqual(readVmallocCallers(debian), [
    { caller: 'htab_map_alloc', pages: 1090 },
    { caller: 'load_module [nf_tables]', pages: 128 },
    { caller: 'bpf_prog_alloc_no_stats', pages: 1 },
  ]);
});

test('huge pages of each size, the cache of ZFS, zram', () => {
  const pools = readHugePagePools(sysfs);
  assert.ok(isValue(pools));
  assert.deepEqual(
    pools.find(({ pageBytes }) => pageBytes === 2 << 20),
    { pageBytes: 2 << 20, pages: 50, freePages: 20, reservedPages: 5 },
  );
  const arc = readArcstats(debian);
  assert.ok(isValue(arc));
  assert.deepEqual(
    [arc.sizeBytes, arc.leastBytes, arc.dataBytes, arc.metadataBytes],
    [100 * 2 ** 20, 32 * 2 ** 20, 80 * 2 ** 20, 12 * 2 ** 20],
  );
  assert.equal(readArcstats(older), absent);
  assert.deepEqual(readZram(sysfs), { storedBytes: 32 * 2 ** 20, usedBytes: 9 * 2 ** 20 });
  assert.equal(readZram(debian), absent);
});

test('mappings without a name: once for each file, blanks kept, addresses as map_files has them', () => {
  const text = readText(`${debian}/341/maps`);
  assert.ok(isValue(text));
  assert.deepEqual(
    parseDeletedMappings(text, 'map_files').map(({ kind, name, path }) => [kind, name, path]),
    [
      ['deleted', '/SYSV61009f80', 'map_files/7f2a00000000-7f2a01000000'],
      ['deleted', '/dev/zero', 'map_files/7f2a02800000-7f2a02900000'],
      ['deleted', '/dev/shm/with blank', 'map_files/7f2a03000000-7f2a03100000'],
      ['deleted', '/usr/lib/libold.so', 'map_files/7f2a04000000-7f2a04001000'],
      ['memfd', 'cache', 'map_files/400000-500000'],
    ],
  );
  assert.ok(isSysvSegment({ kind: 'deleted', name: '/SYSV61009f80', path: '' }));
  assert.ok(!isSysvSegment({ kind: 'memfd', name: '/SYSV61009f80', path: '' }), 'a memfd may be called like one');
});

test('cgroups of the memory controller, the dying ones among them', () => {
  assert.equal(readMemoryCgroupCount(debian), 97);
  assert.equal(readMemoryCgroupCount(older), absent);
});
