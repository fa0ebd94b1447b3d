/**
 * /sys/kernel/slab/[cache]/reclaim_account: 1 where the objects of the cache can be given back, and count as SReclaimable of meminfo.
 * https://docs.kernel.org/admin-guide/abi-testing.html#abi-sys-kernel-slab-cache-reclaim-account
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export function readSlabReclaimable(sysRoot: string, cache: string): Reading<boolean> {
  if (cache.includes('/')) return absent;
  const text = readText(`${sysRoot}/kernel/slab/${cache}/reclaim_account`, 16);
  return isValue(text) ? parseSlabReclaimable(text) : text;
}

export function parseSlabReclaimable(text: string): Reading<boolean> {
  const flag = text.trim();
  return flag === '1' ? true : flag === '0' ? false : absent;
}
