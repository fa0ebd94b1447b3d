import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { StanchError } from '../../../model/errors.ts';
import { absent } from '../../../model/reading.ts';
import type { BenchCase } from '../case.ts';
import { readRecorded, recordedFiles } from './datasets.ts';

/** The cases of a folder that holds just these files. */
function casesOf(folder: string, files: Record<string, string>): BenchCase[] {
  const root = mkdtempSync(join(tmpdir(), 'stanch-datasets-'));
  try {
    mkdirSync(join(root, folder));
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(root, folder, name), name.endsWith('.gz') ? gzipSync(content) : content);
    }
    return recordedFiles(root).flatMap((file) => readRecorded(root, file));
  } finally {
    rmSync(root, { recursive: true });
  }
}

const procHead =
  't,pid,role,age_s,rss_kb,pss_kb,anon_kb,file_kb,shmem_kb,private_dirty_kb,swap_kb,vmsize_kb,vmdata_kb,pte_kb,threads,fds,minflt,majflt,utime,stime,vctx,nvctx,rchar,wchar,syscr,syscw,nchild,nzombie';
const procRow = (t: number, pid: number, role: string, age: number, anon: number) =>
  `${t},${pid},${role},${age},9000,0,${anon},1000,0,0,4,0,0,0,1,5,0,0,150,50,0,0,0,0,0,0,2,0`;
const system = 't,MemAvailable,SwapFree,Shmem,SUnreclaim,KernelStack,PageTables\n2,1000,24,8,1,2,3\n4,900,24,16,1,2,3\n6,900,24,24,1,2,3\n';
const labels =
  'program,label,resource,signal_column,note\npool,LEAK,anon,sum of anon_kb over role=main+worker,\ncalm,OK,,,\nslots,LEAK,fd,fds,\nshared,LEAK,sysv shm,_system.csv Shmem,\nroot,SUBLINEAR,anon,anon_kb,\n';

test('a pool is the sum of its processes, in bytes and CPU seconds, at both speeds', () => {
  const rows = [
    procHead,
    procRow(2, 7, 'main', 2.1, 100),
    procRow(2, 8, 'worker', 1, 50),
    procRow(4, 7, 'main', 4.1, 110),
    procRow(4, 8, 'worker', 3, 60),
  ];
  const cases = casesOf('recorded_proc', { 'pool.csv.gz': rows.join('\n'), '_system.csv.gz': system, 'labels.csv': labels });
  const [real, fast] = cases;
  assert.deepEqual(
    cases.map(({ id, label, resource }) => [id, label, resource]),
    [
      ['recorded_proc/pool@1', 'leak', 'memory'],
      ['recorded_proc/pool@144', 'leak', 'memory'],
    ],
  );
  const [first, second] = real?.samples ?? [];
  assert.ok(first && second);
  assert.equal(first.anonBytes, 150 * 1024);
  assert.equal(first.swapBytes, 8 * 1024);
  assert.equal(first.cpuSeconds, 4);
  assert.equal(first.processes, 3);
  assert.equal(first.headroomBytes, 1024 * 1024);
  assert.equal(first.limitBytes, absent);
  assert.equal(first.startTimeMs, second.startTimeMs);
  assert.equal(second.timeMs - first.timeMs, 2000);
  const [fastFirst, fastSecond] = fast?.samples ?? [];
  assert.equal((fastSecond?.timeMs ?? 0) - (fastFirst?.timeMs ?? 0), 144 * 2000);
  assert.equal(fastFirst?.headroomBytes, absent);
});

test('a new pid is a restart', () => {
  const rows = [procHead, procRow(2, 7, 'main', 2, 100), procRow(4, 7, 'main', 4, 100), procRow(6, 9, 'main', 0.5, 40)];
  const [real] = casesOf('recorded_proc', { 'calm.csv.gz': rows.join('\n'), '_system.csv.gz': system, 'labels.csv': labels });
  assert.equal(real?.label, 'healthy');
  assert.equal(new Set(real?.samples.map((sample) => sample.startTimeMs)).size, 2);
});

test('each label leads to the resource that leaks', () => {
  const rows = [procHead, procRow(2, 7, 'main', 2, 100), procRow(4, 7, 'main', 4, 100)].join('\n');
  const files = Object.fromEntries(['slots', 'shared', 'root'].map((name) => [`${name}.csv.gz`, rows]));
  const cases = casesOf('recorded_proc', { ...files, '_system.csv.gz': system, 'labels.csv': labels }).filter(({ id }) =>
    id.endsWith('@1'),
  );
  assert.deepEqual(
    cases.map(({ id, label, resource }) => [id, label, resource]),
    [
      ['recorded_proc/root@1', 'healthy', 'memory'],
      ['recorded_proc/shared@1', 'healthy', 'memory'],
      ['recorded_proc/shared (host)@1', 'leak', 'shmem'],
      ['recorded_proc/slots@1', 'leak', 'fds'],
    ],
  );
  assert.equal(cases[2]?.samples[1]?.shmemBytes, 16 * 1024);
});

test('telescope: the leaking revisions of the one program leak, moments and gone processes are left out', () => {
  const line = (pid: number, name: string, second: number, size: number) =>
    `${pid},${name},2024-04-26 12:43:${String(second).padStart(2, '0')}.260145,${size}`;
  const rows = ['Process ID,Process Name,Time,Memory Usage', line(9, 'brief', 1, 5)];
  for (let second = 0; second < 40; second += 1)
    rows.push(line(1, 'tdcsarvControl', second, 1000 + second), line(2, 'msgServer', second, 500));
  rows.push(line(1, 'tdcsarvControl', 41, 0));
  const cases = casesOf('eso_vlt', { 'tdcsarv_1s_377208.csv': rows.join('\n') }).filter(({ id }) => id.endsWith('@1'));
  assert.deepEqual(
    cases.map(({ id, label, samples }) => [id, label, samples.length]),
    [
      ['eso_vlt/377208/tdcsarvControl-1@1', 'leak', 40],
      ['eso_vlt/377208/msgServer-2@1', 'healthy', 40],
    ],
  );
});

test('percent of a machine becomes bytes with a limit, and shares of CPU add up', () => {
  const [edge] = casesOf('kubeedge_aging', {
    'a_aging_constant.csv': 'time,cpu_usage,memory_usage,response_time\n2024-05-05 00:01:00,50,25,1\n2024-05-05 00:01:20,50,26,1\n,,,\n',
  });
  assert.ok(edge);
  const [first, second] = edge.samples;
  assert.equal(Number(first?.anonBytes) / Number(first?.limitBytes), 0.25);
  assert.equal(second?.cpuSeconds, 10);
  assert.equal(edge.exhaustionMs, second?.timeMs);
});

test('observed machines are watched as healthy ones', () => {
  const servers = casesOf('alibaba2018_machines', {
    'm_1.csv.gz': 'timestamp,mem_util_percent\n2011-05-01 14:49:30,84\n2011-05-01 14:50:30,0\n2011-05-01 14:51:30,85\n',
  });
  assert.deepEqual([servers[0]?.group, servers[0]?.label, servers[0]?.samples.length], ['observed', 'healthy', 2]);
  const vms = casesOf('bitbrains_rnd', { 'vm1.csv.gz': 'unix_s,mem_used_kb,mem_provisioned_kb,cpu_pct\n100,10,0,50\n400,20,40,50\n' });
  assert.deepEqual([vms[0]?.samples[0]?.limitBytes, vms[0]?.samples[1]?.limitBytes, vms[0]?.samples[1]?.cpuSeconds], [absent, 40960, 150]);
  const pods = casesOf('nezha', {
    'd.csv.gz':
      'time,PodName,CpuUsage(m),MemoryUsage(Mi),MemoryUsageRate(%)\n2022-08-22 03:51:19,pod-a,500,100,50\n2022-08-22 03:52:19,pod-a,500,101,50.5\n',
  });
  assert.deepEqual([pods[0]?.id, pods[0]?.samples[0]?.limitBytes, pods[0]?.samples[1]?.cpuSeconds], ['nezha/d/pod-a@1', 200 * 1048576, 30]);
});

test('of a phone, the longest run; its dates begin with the day', () => {
  const [phone] = casesOf('android_aging', {
    'teste_1.csv.gz':
      'timestamps,system_server_PSS\n17-04-2023 11:49:43,100\n21-03-2023 01:42:01,200\n21-03-2023 01:42:07,201\n21-03-2023 01:42:13,202\n',
  });
  assert.deepEqual([phone?.samples.length, phone?.samples[0]?.timeMs], [3, Date.UTC(2023, 2, 21, 1, 42, 1)]);
});

test('a folder that is not there is said so', () => {
  assert.throws(
    () => recordedFiles(join(tmpdir(), 'stanch-no-such-folder')),
    (error: unknown) => error instanceof StanchError && error.code === 'STANCH_E_NO_INPUT',
  );
});

test('series of another generator are read with the labels that stand beside them; what has none is left out', () => {
  const [leak, calm, ...others] = casesOf('labelled-other', {
    'part-0.csv.gz': 'time,subject,anon_bytes\n100,a,4096\n100,b,8192\n160,a,8192\n160,b,8192\n160,unknown,1\n220,a,\n',
    'labels.csv':
      'subject,family,label,onset_unix,exhaustion_unix,slope_bytes_per_hour\na,linear,leak,100,9000,245760\nb,flat,healthy,,,\ngone,flat,healthy,,,\n',
  });
  assert.equal(others.length, 0);
  assert.equal(leak?.label, 'leak');
  assert.equal(leak?.group, 'labelled');
  assert.equal(leak?.onsetMs, 100_000);
  assert.equal(leak?.exhaustionMs, 9_000_000);
  assert.equal(leak?.trueSlopePerHour, 245_760);
  assert.deepEqual(
    leak?.samples.map(({ anonBytes }) => anonBytes),
    [4096, 8192, absent],
  );
  assert.equal(calm?.label, 'healthy');
  assert.equal(calm?.trueSlopePerHour, null);
});
