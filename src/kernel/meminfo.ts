/**
 * /proc/meminfo: lines `Key: N kB`, HugePages_* without unit. Which keys there are depends on version and configuration.
 * https://docs.kernel.org/filesystems/proc.html#meminfo
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { parseKeyedNumbers } from './keyedNumbers.ts';
import { readText } from './read.ts';

/** Sizes in bytes, named as in the file. The counts of huge pages are in pages of `Hugepagesize`. */
export interface Meminfo {
  MemTotal: Reading<number>;
  MemFree: Reading<number>;
  MemAvailable: Reading<number>;
  Buffers: Reading<number>;
  Cached: Reading<number>;
  SwapCached: Reading<number>;
  'Active(anon)': Reading<number>;
  'Inactive(anon)': Reading<number>;
  SwapTotal: Reading<number>;
  SwapFree: Reading<number>;
  Zswap: Reading<number>;
  Zswapped: Reading<number>;
  Balloon: Reading<number>;
  AnonPages: Reading<number>;
  Shmem: Reading<number>;
  KReclaimable: Reading<number>;
  SReclaimable: Reading<number>;
  SUnreclaim: Reading<number>;
  KernelStack: Reading<number>;
  PageTables: Reading<number>;
  SecPageTables: Reading<number>;
  VmallocUsed: Reading<number>;
  Percpu: Reading<number>;
  Hugetlb: Reading<number>;
  Hugepagesize: Reading<number>;
  HugePages_Total: Reading<number>;
  HugePages_Free: Reading<number>;
}

export function readMeminfo(procRoot: string): Reading<Meminfo> {
  const text = readText(`${procRoot}/meminfo`, 65536);
  return isValue(text) ? parseMeminfo(text) : text;
}

export function parseMeminfo(text: string): Meminfo {
  const numbers = parseKeyedNumbers(text);
  const sizeOf = (key: string): Reading<number> => {
    const kibibytes = numbers.get(key);
    return kibibytes === undefined ? absent : kibibytes * 1024;
  };
  const countOf = (key: string): Reading<number> => numbers.get(key) ?? absent;
  return {
    MemTotal: sizeOf('MemTotal'),
    MemFree: sizeOf('MemFree'),
    MemAvailable: sizeOf('MemAvailable'),
    Buffers: sizeOf('Buffers'),
    Cached: sizeOf('Cached'),
    SwapCached: sizeOf('SwapCached'),
    'Active(anon)': sizeOf('Active(anon)'),
    'Inactive(anon)': sizeOf('Inactive(anon)'),
    SwapTotal: sizeOf('SwapTotal'),
    SwapFree: sizeOf('SwapFree'),
    Zswap: sizeOf('Zswap'),
    Zswapped: sizeOf('Zswapped'),
    Balloon: sizeOf('Balloon'),
    AnonPages: sizeOf('AnonPages'),
    Shmem: sizeOf('Shmem'),
    KReclaimable: sizeOf('KReclaimable'),
    SReclaimable: sizeOf('SReclaimable'),
    SUnreclaim: sizeOf('SUnreclaim'),
    KernelStack: sizeOf('KernelStack'),
    PageTables: sizeOf('PageTables'),
    SecPageTables: sizeOf('SecPageTables'),
    VmallocUsed: sizeOf('VmallocUsed'),
    Percpu: sizeOf('Percpu'),
    Hugetlb: sizeOf('Hugetlb'),
    Hugepagesize: sizeOf('Hugepagesize'),
    HugePages_Total: countOf('HugePages_Total'),
    HugePages_Free: countOf('HugePages_Free'),
  };
}
