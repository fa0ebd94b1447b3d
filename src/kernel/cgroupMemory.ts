/**
 * Memory files of one cgroup. v2: memory.current, memory.peak, memory.max, memory.high, memory.stat.
 * v1: memory.usage_in_bytes, memory.max_usage_in_bytes, memory.limit_in_bytes, memory.stat. The root cgroup of v2 has no limit files.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory and https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
import { absent, isValue, type Missing, type Reading } from '../model/reading.ts';
import { parseKeyedNumbers } from './keyedNumbers.ts';
import { readText } from './read.ts';

export type CgroupVersion = 'v1' | 'v2';

export interface CgroupMemory {
  usageBytes: Reading<number>;
  /** The most it ever was. v2: since Linux 5.19. */
  peakBytes: Reading<number>;
  anonBytes: Reading<number>;
  fileBytes: Reading<number>;
  shmemBytes: Reading<number>;
  slabReclaimableBytes: Reading<number>;
  slabUnreclaimableBytes: Reading<number>;
  /** Buffers of TCP and UDP. */
  socketBytes: Reading<number>;
  pageTableBytes: Reading<number>;
}

/** The hard limit, or the throttling one where that is lower: growth ends there as well. Absent when there is none. */
export function readCgroupLimit(directory: string, version: CgroupVersion): Reading<number> {
  if (version === 'v1') return limitOf(readText(`${directory}/memory.limit_in_bytes`, 64));
  const max = limitOf(readText(`${directory}/memory.max`, 64));
  const high = limitOf(readText(`${directory}/memory.high`, 64));
  if (!isValue(max)) return isValue(high) ? high : max;
  return isValue(high) ? Math.min(max, high) : max;
}

export function readCgroupMemory(directory: string, version: CgroupVersion): CgroupMemory {
  const stat = readText(`${directory}/memory.stat`, 65536);
  return {
    usageBytes: readCgroupUsage(directory, version),
    peakBytes: limitOf(readText(`${directory}/${version === 'v1' ? 'memory.max_usage_in_bytes' : 'memory.peak'}`, 64)),
    ...(isValue(stat) ? parseCgroupMemoryStat(stat, version) : missingStat(stat)),
  };
}

export function readCgroupUsage(directory: string, version: CgroupVersion): Reading<number> {
  return limitOf(readText(`${directory}/${version === 'v1' ? 'memory.usage_in_bytes' : 'memory.current'}`, 64));
}

function limitOf(text: Reading<string>): Reading<number> {
  return isValue(text) ? parseCgroupLimit(text) : text;
}

/** v1 writes "no limit" as the largest whole number of pages that 63 bits hold. */
const unlimitedFrom = 2 ** 62;

export function parseCgroupLimit(text: string): Reading<number> {
  if (!/^\d{1,20}\s*$/.test(text)) return absent;
  const bytes = Number(text);
  return bytes >= unlimitedFrom ? absent : bytes;
}

type CgroupMemoryStat = Omit<CgroupMemory, 'usageBytes' | 'peakBytes'>;

/** v1 counts the cgroup alone under the plain names and the whole tree below it as `total_…`; it does not itemise the kernel's part. */
export function parseCgroupMemoryStat(text: string, version: CgroupVersion): CgroupMemoryStat {
  const numbers = parseKeyedNumbers(text);
  const bytesOf = (key: string): Reading<number> => numbers.get(key) ?? absent;
  if (version === 'v1') {
    return {
      ...missingStat(absent),
      anonBytes: bytesOf('total_rss'),
      fileBytes: bytesOf('total_cache'),
      shmemBytes: bytesOf('total_shmem'),
    };
  }
  return {
    anonBytes: bytesOf('anon'),
    fileBytes: bytesOf('file'),
    shmemBytes: bytesOf('shmem'),
    slabReclaimableBytes: bytesOf('slab_reclaimable'),
    slabUnreclaimableBytes: bytesOf('slab_unreclaimable'),
    socketBytes: bytesOf('sock'),
    pageTableBytes: bytesOf('pagetables'),
  };
}

function missingStat(why: Missing): CgroupMemoryStat {
  return {
    anonBytes: why,
    fileBytes: why,
    shmemBytes: why,
    slabReclaimableBytes: why,
    slabUnreclaimableBytes: why,
    socketBytes: why,
    pageTableBytes: why,
  };
}
