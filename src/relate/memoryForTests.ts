/** What tests on the memory of a host begin with. */
import assert from 'node:assert/strict';
import { type Meminfo, parseMeminfo } from '../kernel/meminfo.ts';
import { absent } from '../model/reading.ts';
import type { KernelMemory } from './kernelMemory.ts';
import type { SharedMemory } from './sharedMemory.ts';

export const MiB = 1024 ** 2;

/** Sizes in MiB, numbers of huge pages; what is not named is 0, as far as this machine tells it at all. */
export function meminfoOf(sizes: Record<string, number>): Meminfo {
  const lines = Object.entries(sizes).map(([key, size]) =>
    key.startsWith('HugePages_') ? `${key}: ${size}` : `${key}: ${size * 1024} kB`,
  );
  return parseMeminfo(lines.join('\n'));
}

export const noShared: SharedMemory = { tmpfs: [], segments: absent, nameless: [] };

export const noKernel: KernelMemory = {
  slab: absent,
  vmalloc: absent,
  tcpBytes: absent,
  udpBytes: absent,
  fragmentBytes: absent,
  ipv6FragmentBytes: absent,
  arc: absent,
  zram: absent,
  compressedBytes: absent,
  hugePages: absent,
};

interface Part {
  name: string;
  bytes: number;
  children?: readonly Part[] | undefined;
}

/** Every part is a whole number of bytes and the sum of its parts. */
export function assertAddsUp(node: Part): void {
  assert.ok(Number.isInteger(node.bytes) && node.bytes >= 0, `${node.name}: ${node.bytes}`);
  if (node.children === undefined) return;
  assert.equal(
    node.children.reduce((total, one) => total + one.bytes, 0),
    node.bytes,
    node.name,
  );
  for (const one of node.children) assertAddsUp(one);
}
