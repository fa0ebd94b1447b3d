import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { absent } from '../model/reading.ts';
import { accountForMemory, type HostMemoryFacts, reclaimTotals } from './hostMemory.ts';
import type { KernelMemory } from './kernelMemory.ts';
import { assertAddsUp, MiB, meminfoOf, noKernel, noShared } from './memoryForTests.ts';
import type { MemoryNode } from './memoryTree.ts';
import type { SegmentMemory, SharedMemory } from './sharedMemory.ts';
import type { WorkloadMemory } from './workloadMemory.ts';

const server = meminfoOf({
  MemTotal: 4000,
  MemFree: 500,
  Buffers: 50,
  Cached: 1200,
  SwapCached: 30,
  'Active(anon)': 900,
  'Inactive(anon)': 820,
  AnonPages: 1500,
  Shmem: 200,
  KReclaimable: 120,
  SReclaimable: 110,
  SUnreclaim: 90,
  KernelStack: 8,
  PageTables: 20,
  VmallocUsed: 30,
  Percpu: 4,
  HugePages_Total: 50,
  HugePages_Free: 20,
  Hugepagesize: 2,
  Hugetlb: 100,
  SwapTotal: 1000,
  SwapFree: 700,
});

function workload(name: string, anon: number, swap = 0, processes = 1): WorkloadMemory {
  return { name, anonBytes: anon * MiB, swapBytes: swap * MiB, processes };
}

function facts(more: Partial<HostMemoryFacts>): HostMemoryFacts {
  return { meminfo: server, workloads: [], shared: noShared, kernel: noKernel, cpuFreeBytes: absent, ...more };
}

function segment(id: number, resident: number, attached: number, swap = 0): SegmentMemory {
  const owner = { owner: 'postgres', creator: 'postgres (pid 12)' };
  return { id, residentBytes: resident * MiB, swapBytes: swap * MiB, attached, ...owner };
}

function child(node: MemoryNode, name: string): MemoryNode {
  const found = node.children?.find((one) => one.name.startsWith(name));
  assert.ok(found, `${name} in ${JSON.stringify(node.children)}`);
  return found;
}

test('every MiB of a server has a place, and what has none is named as the remainder', () => {
  const { ram } = accountForMemory(
    facts({
      workloads: [workload('web', 900), workload('db', 500)],
      shared: { ...noShared, tmpfs: [{ mountPoint: '/run', usedBytes: 40 * MiB, files: [], deleted: [] }], segments: [segment(1, 8, 1)] },
      kernel: { ...noKernel, compressedBytes: 10 * MiB },
      cpuFreeBytes: 6 * MiB,
    }),
  );
  assertAddsUp(ram);
  assert.equal(ram.bytes, 4000 * MiB);
  assert.equal(child(ram, 'free').bytes, 500 * MiB);
  const workloads = child(ram, 'workloads');
  assert.equal(workloads.bytes, 1500 * MiB);
  assert.deepEqual(
    workloads.children?.map((one) => [one.name, one.bytes / MiB]),
    [
      ['web', 900],
      ['db', 500],
      ['in no process that is seen', 100],
    ],
  );
  assert.equal(child(child(ram, 'shared memory'), 'tmpfs /run').bytes, 40 * MiB);
  assert.equal(child(ram, 'page cache').bytes, 1050 * MiB);
  // 900 + 820 on the lists, of which 1500 are mapped and 200 are shared: 20 of the 30 are nobody's.
  assert.equal(child(ram, 'swap cache').bytes, 20 * MiB);
  const kernel = child(ram, 'kernel');
  assert.equal(kernel.bytes, (110 + 90 + 20 + 8 + 22 + 4 + 10 + 10) * MiB);
  assert.equal(child(child(ram, 'huge pages'), 'in use').bytes, 60 * MiB);
  assert.equal(child(ram, 'remainder').bytes, (4000 - 500 - 6 - 1500 - 200 - 1050 - 20 - 274 - 100) * MiB);
});

test('pages that forked processes share are counted once: only what can be shared yields', () => {
  const { ram } = accountForMemory(facts({ workloads: [workload('pool', 1400, 0, 20), workload('db', 500)] }));
  assertAddsUp(ram);
  const workloads = child(ram, 'workloads');
  assert.equal(child(workloads, 'db').bytes, 500 * MiB);
  assert.equal(child(workloads, 'db').note, undefined);
  const pool = child(workloads, 'pool');
  assert.ok(Math.abs(pool.bytes - 1000 * MiB) < MiB);
  assert.match(pool.note ?? '', /share/);
});

test('more than the kernel counts in single processes is said to be counted twice or moved', () => {
  const { ram } = accountForMemory(facts({ workloads: [workload('a', 1600), workload('b', 400)] }));
  assertAddsUp(ram);
  const workloads = child(ram, 'workloads');
  assert.equal(workloads.bytes, 1500 * MiB);
  assert.match(workloads.note ?? '', /500 MiB counted twice or moved while reading/);
  assert.equal(child(workloads, 'a').bytes, 1200 * MiB);
});

test('many workloads: the largest by name, the others in one line', () => {
  const many = Array.from({ length: 50 }, (_, index) => workload(`w${index}`, index + 1, index + 1));
  const { ram, swap } = accountForMemory(facts({ workloads: many }));
  assertAddsUp(ram);
  assertAddsUp(swap);
  const workloads = child(ram, 'workloads');
  assert.equal(workloads.children?.[0]?.name, 'w49');
  assert.equal(child(workloads, '30 other workloads').bytes, 465 * MiB);
});

test('the kernel by kind: caches and callers by name, sockets and ARC out of what meminfo does not have', () => {
  const kernel: KernelMemory = {
    ...noKernel,
    slab: [
      { name: 'dentry', bytes: 60 * MiB, reclaimable: true },
      { name: 'kmalloc-1k', bytes: 70 * MiB, reclaimable: false },
      { name: 'kmalloc-8', bytes: 1024, reclaimable: false },
      { name: 'hidden', bytes: 9 * MiB, reclaimable: absent },
    ],
    vmalloc: [{ caller: 'load_module [zfs]', bytes: 12 * MiB }],
    tcpBytes: 40 * MiB,
    udpBytes: 2 * MiB,
    arc: { sizeBytes: 400 * MiB, leastBytes: 60 * MiB, mostBytes: 800 * MiB, dataBytes: 250 * MiB, metadataBytes: 50 * MiB },
    zram: { storedBytes: 30 * MiB, usedBytes: 10 * MiB },
    compressedBytes: 10 * MiB,
    hugePages: [{ pageBytes: 2 * MiB, pages: 50, freePages: 20, reservedPages: 5 }],
  };
  const { ram } = accountForMemory(facts({ kernel }));
  assertAddsUp(ram);
  const tree = child(ram, 'kernel');
  const reclaimable = child(tree, 'slab, reclaimable');
  assert.deepEqual([child(reclaimable, 'dentry').bytes, child(reclaimable, 'other caches').bytes], [60 * MiB, 50 * MiB]);
  assert.match(child(reclaimable, 'dentry').note ?? '', /do not exist/);
  const kept = child(tree, 'slab, unreclaimable');
  assert.deepEqual(
    kept.children?.map(({ name, bytes }) => [name, bytes / MiB]),
    [
      ['kmalloc-1k', 70],
      ['other caches, and what is too large for one', 20],
    ],
  );
  assert.equal(child(child(tree, 'vmalloc'), 'for load_module [zfs]').bytes, 12 * MiB);
  assert.equal(child(child(tree, 'socket buffers'), 'TCP').bytes, 40 * MiB);
  const arc = child(tree, 'ZFS ARC');
  assert.deepEqual([child(arc, 'can be given back').bytes / MiB, child(arc, 'its minimum').bytes / MiB], [240, 60]);
  assert.match(arc.note ?? '', /may grow to 800 MiB/);
  assert.match(child(child(tree, 'compressed'), 'zram').note ?? '', /holds 30 MiB/);
  const huge = child(ram, 'huge pages');
  assert.deepEqual(
    huge.children?.map(({ bytes }) => bytes / MiB),
    [60, 10, 30],
  );
  const totals = reclaimTotals(ram);
  assert.equal(totals.free, 500 * MiB);
  assert.equal(totals.swappable, 1700 * MiB);
  // Page cache, the swap cache, slab, the rest of KReclaimable, and what ZFS has above its minimum.
  assert.equal(totals.reclaimable, (1050 + 20 + 110 + 10 + 240) * MiB);
  assert.equal(totals.free + totals.reclaimable + totals.swappable + totals.unreclaimable, ram.bytes);
});

test('buffers and caches that meminfo does not have are never more than what it leaves open', () => {
  const kernel = { ...noKernel, tcpBytes: 3000 * MiB, udpBytes: 3000 * MiB };
  const { ram } = accountForMemory(facts({ kernel }));
  assertAddsUp(ram);
  const sockets = child(child(ram, 'kernel'), 'socket buffers');
  assert.match(sockets.note ?? '', /in slab/);
  assert.equal(
    ram.children?.some(({ name }) => name.startsWith('remainder')),
    false,
  );
});

test('shared memory: files, who holds deleted ones and memfds, who made segments, orphans said', () => {
  const holder = { name: 'python3 app.py (pid 7)', others: 1, subjectId: 'w-app' };
  const deleted = [{ kind: 'deleted file' as const, name: 'old.log', bytes: 20 * MiB, holder }];
  const shared: SharedMemory = {
    tmpfs: [{ mountPoint: '/dev/shm', usedBytes: 60 * MiB, files: [{ path: 'a/b', bytes: 30 * MiB }], deleted }],
    segments: [segment(1, 16, 2), segment(2, 8, 0, 5)],
    nameless: [{ kind: 'memfd', name: 'memfd cache', bytes: 40 * MiB, holder: { name: 'x (pid 8)', others: 0 } }],
  };
  const { ram, swap } = accountForMemory(facts({ shared }));
  assertAddsUp(ram);
  const tree = child(ram, 'shared memory and tmpfs');
  const tmpfs = child(tree, 'tmpfs /dev/shm');
  assert.deepEqual(
    tmpfs.children?.map(({ name, bytes }) => [name, bytes / MiB]),
    [
      ['a/b', 30],
      ['old.log, deleted, still open in python3 app.py (pid 7) and 1 other', 20],
      ['other files', 10],
    ],
  );
  assert.equal(tmpfs.children?.[1]?.subjectId, 'w-app');
  const segments = child(tree, 'System V');
  assert.equal(child(segments, 'segment 1 of postgres, made by postgres (pid 12)').note, undefined);
  assert.match(child(segments, 'segment 2').note ?? '', /orphan/);
  assert.equal(child(tree, 'memfd').children?.[0]?.name, 'memfd cache of x (pid 8)');
  assert.equal(child(tree, 'of processes that may not').bytes, 76 * MiB);
  assert.equal(child(swap, 'System V segments').bytes, 5 * MiB);
});

test('swap: what workloads hold, what is back in RAM, and what neither explains', () => {
  const { swap } = accountForMemory(facts({ workloads: [workload('web', 1, 180), workload('db', 1, 60)] }));
  assertAddsUp(swap);
  assert.equal(swap.bytes, 1000 * MiB);
  assert.equal(child(swap, 'free').bytes, 700 * MiB);
  assert.equal(child(child(swap, 'workloads'), 'web').bytes, 180 * MiB);
  assert.equal(child(swap, 'swap cache').bytes, 30 * MiB);
  assert.equal(child(swap, 'remainder').bytes, 30 * MiB);
});

test('without swap there is none, and nothing in it', () => {
  const { swap } = accountForMemory(facts({ meminfo: meminfoOf({ MemTotal: 100, SwapTotal: 0, SwapFree: 0 }) }));
  assert.deepEqual(swap, { name: 'swap', bytes: 0, children: [] });
});

test('whatever the kernel and the processes say at once, every tree adds up', () => {
  const size = fc.integer({ min: 0, max: 8000 });
  const keys = Object.keys({
    MemTotal: 0,
    MemFree: 0,
    Buffers: 0,
    Cached: 0,
    SwapCached: 0,
    'Active(anon)': 0,
    'Inactive(anon)': 0,
    AnonPages: 0,
  });
  const more = [
    'Shmem',
    'KReclaimable',
    'SReclaimable',
    'SUnreclaim',
    'KernelStack',
    'PageTables',
    'VmallocUsed',
    'Percpu',
    'SwapTotal',
    'SwapFree',
  ];
  const huge = ['HugePages_Total', 'HugePages_Free', 'Hugepagesize', 'Hugetlb'];
  const anyMeminfo = fc.dictionary(fc.constantFrom(...keys, ...more, ...huge), size).map(meminfoOf);
  const bytes = fc.integer({ min: 0, max: 2 ** 36 });
  const anyWorkload = fc.record({ name: fc.string(), anonBytes: bytes, swapBytes: bytes, processes: fc.integer({ min: 0, max: 300 }) });
  fc.assert(
    fc.property(anyMeminfo, fc.array(anyWorkload, { maxLength: 40 }), bytes, bytes, fc.boolean(), (info, workloads, tmpfs, other, told) => {
      const reading = told ? other : absent;
      const holder = { name: 'x (pid 1)', others: 0 };
      const file = { kind: 'deleted file' as const, name: '/x', bytes: other, holder };
      const trees = accountForMemory({
        meminfo: info,
        workloads,
        shared: {
          tmpfs: [{ mountPoint: '/run', usedBytes: tmpfs, files: [{ path: 'a', bytes: other }], deleted: [file] }],
          segments: told ? [segment(1, other / MiB, 0, tmpfs / MiB)] : absent,
          nameless: [{ ...file, kind: 'memfd' }],
        },
        kernel: {
          slab: told ? [{ name: 'dentry', bytes: other, reclaimable: true }] : absent,
          vmalloc: told ? [{ caller: 'load_module', bytes: tmpfs }] : absent,
          tcpBytes: reading,
          udpBytes: reading,
          fragmentBytes: reading,
          ipv6FragmentBytes: reading,
          arc: told ? { sizeBytes: other, leastBytes: tmpfs, mostBytes: other, dataBytes: tmpfs, metadataBytes: other } : absent,
          zram: told ? { storedBytes: other, usedBytes: tmpfs } : absent,
          compressedBytes: reading,
          hugePages: told ? [{ pageBytes: 2 * MiB, pages: 9, freePages: 5, reservedPages: 2 }] : absent,
        },
        cpuFreeBytes: reading,
      });
      assertAddsUp(trees.ram);
      assertAddsUp(trees.swap);
      const { free, reclaimable, swappable, unreclaimable } = reclaimTotals(trees.ram);
      assert.equal(free + reclaimable + swappable + unreclaimable, trees.ram.bytes);
    }),
    { numRuns: 500 },
  );
});
