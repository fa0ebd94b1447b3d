import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { absent, isValue } from '../model/reading.ts';
import { parseLoadavg, readLoadavg } from './loadavg.ts';
import { readMeminfo } from './meminfo.ts';
import { readMountinfo } from './mountinfo.ts';
import { readPidSmapsRollup } from './pidSmapsRollup.ts';
import { parsePressure, readPressure } from './pressure.ts';
import { readStat } from './stat.ts';
import { readSysvShmBytes } from './sysvipcShm.ts';
import { readVmstat } from './vmstat.ts';
import { readCpuFreePages } from './zoneinfo.ts';

const debian = fileURLToPath(new URL('./fixtures/debian12', import.meta.url));
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
  assert.deepEqual(pressure, { some10: 0.1234, full10: 0.04 });
  assert.equal(readPressure(older, 'memory'), absent);
  assert.deepEqual(parsePressure('some avg10=1.00 avg60=0.00 avg300=0.00 total=0\n'), { some10: 0.01, full10: absent });
});

test('stat: boot time, busy CPU time without idle and waiting, CPUs', () => {
  assert.deepEqual(readStat(debian), { busySeconds: 141, bootTimeMs: 1795000000000, cpuCount: 2 });
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

test('vmstat, free lists of CPUs, System V segments, shares of one process', () => {
  assert.deepEqual(readVmstat(debian), { compressedPages: 2500, anonPages: 375000 });
  assert.equal(readCpuFreePages(debian), 1500);
  assert.equal(readSysvShmBytes(debian), 9437184);
  assert.equal(readSysvShmBytes(older), absent);
  assert.deepEqual(readPidSmapsRollup(`${debian}/1/smaps_rollup`), { pssAnonBytes: 3500 * 1024, swapPssBytes: 4096 });
});
