/** Reading of another process's memory, tried on this very process; and its maps, whatever they say. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMaps, readPresent, TargetMemory } from './targetMemory.ts';

const recorded = [
  '5602cb130000-5602cb8bc000 rw-p 00000000 00:00 0                          [heap]',
  '7fb3ab357000-7fb3ab35a000 r-xp 00026000 fe:00 1234                       /usr/lib/a file (deleted)',
  'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
].join('\n');

test('maps are read with their paths, and what lies beyond a number is left out', () => {
  assert.deepEqual(parseMaps(recorded), [
    { start: 0x5602cb130000, end: 0x5602cb8bc000, writable: true, path: '[heap]', fileOffset: 0 },
    { start: 0x7fb3ab357000, end: 0x7fb3ab35a000, writable: false, path: '/usr/lib/a file (deleted)', fileOffset: 0x26000 },
  ]);
  fc.assert(fc.property(fc.string(), (text) => parseMaps(text).length === 0 || text.includes('-')));
});

test('what is in memory is read, what is not is neither brought in nor an error', () => {
  const memory = new TargetMemory(process.pid);
  try {
    const stack = memory.regions().find(({ path }) => path === '[stack]');
    assert.ok(stack !== undefined);
    const [range] = memory.present(stack.start, stack.end);
    assert.ok(range !== undefined);
    assert.equal(memory.read(range[0], Buffer.alloc(64)), 64);
    assert.ok(memory.isPresent(range[0]));
    assert.equal(memory.read(8, Buffer.alloc(64)), 0);
    assert.ok(!memory.isPresent(4096));
  } finally {
    memory.close();
  }
});

test('whatever number is taken for an address, nothing is read there and nothing is thrown', () => {
  const memory = new TargetMemory(process.pid);
  try {
    const unlikely = fc.oneof(fc.double(), fc.double({ min: 2 ** 47, max: 2 ** 64 }), fc.maxSafeInteger());
    fc.assert(
      fc.property(unlikely, (address) => {
        if (address > 0 && address < 2 ** 47) return;
        assert.equal(memory.read(address, Buffer.alloc(64)), 0);
        assert.ok(!memory.isPresent(address));
      }),
    );
  } finally {
    memory.close();
  }
});

test('what is not in memory reads as zeros, wherever a reading begins and ends', () => {
  const asked: [number, number][] = [];
  const memory = {
    // The second of three pages is not there.
    present: (): [number, number][] => [
      [4_096, 8_192],
      [12_288, 16_384],
    ],
    read: (address: number, into: Uint8Array) => {
      asked.push([address, into.length]);
      into.fill(7);
      return into.length;
    },
  };
  const into = new Uint8Array(10_000).fill(1);
  readPresent(memory, 5_000, into);
  assert.deepEqual(asked, [
    [5_000, 3_192],
    [12_288, 2_712],
  ]);
  assert.deepEqual([into[0], into[3_191], into[3_192], into[7_287], into[7_288], into[9_999]], [7, 7, 0, 0, 7, 7]);
});

/** Writes to 4 MiB, asks the kernel to put them out (MADV_PAGEOUT, 21), says where they are, and waits. */
const swappedOut = `
import ctypes, mmap, sys
memory = mmap.mmap(-1, 4 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.write(b"x" * (4 << 20))
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
ctypes.CDLL(None).madvise(ctypes.c_void_p(address), ctypes.c_size_t(4 << 20), 21)
print(address, flush=True)
sys.stdin.read()
`;

const hasSwap = /^SwapFree: +[1-9]\d{4}/m.test(readFileSync('/proc/meminfo', 'latin1'));

test('what is in swap is not brought back, whatever is asked for', { skip: hasSwap ? false : 'no swap here' }, async () => {
  const target = spawn('python3', ['-c', swappedOut], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [said] = (await once(target.stdout, 'data')) as [Buffer];
    const address = Number(said);
    const swapped = () => Number(/^VmSwap:\s+(\d+)/m.exec(readFileSync(`/proc/${target.pid}/status`, 'latin1'))?.[1]);
    const before = swapped();
    assert.ok(before >= 2_048, `of 4 MiB, ${before} KiB were put out`);
    const memory = new TargetMemory(target.pid ?? 0);
    try {
      const pages = Array.from({ length: 1_024 }, (_, page) => address + page * 4_096);
      const read = pages.filter((page) => memory.read(page + 16, Buffer.alloc(8)) === 8);
      assert.equal(read.length, pages.filter((page) => memory.isPresent(page)).length);
      assert.equal(memory.read(address + 2_048, Buffer.alloc(8_192)), memory.isPresent(address) ? 2_048 : 0);
    } finally {
      memory.close();
    }
    assert.equal(swapped(), before);
  } finally {
    target.kill();
  }
});
