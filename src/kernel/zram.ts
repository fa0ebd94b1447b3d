/**
 * /sys/block/zram[N]/mm_stat: `orig_data_size compr_data_size mem_used_total mem_limit …`, in bytes. A zram device is a disk in RAM,
 * mostly for swap: what it holds takes `mem_used_total`.
 * https://docs.kernel.org/admin-guide/blockdev/zram.html#stats
 */
import { readdirSync } from 'node:fs';
import { absent, isValue, type Reading } from '../model/reading.ts';
import { missingFor, readText } from './read.ts';

export interface ZramUse {
  /** Before compression. */
  storedBytes: number;
  /** In RAM. */
  usedBytes: number;
}

const maxDevices = 64;

/** Of all devices together. */
export function readZram(sysRoot: string): Reading<ZramUse> {
  let names: string[];
  try {
    names = readdirSync(`${sysRoot}/block`);
  } catch (error) {
    return missingFor(error);
  }
  const uses = names
    .filter((name) => /^zram\d{1,4}$/.test(name))
    .slice(0, maxDevices)
    .map((name) => readText(`${sysRoot}/block/${name}/mm_stat`, 512))
    .map((text) => (isValue(text) ? parseZramMmStat(text) : text))
    .filter(isValue);
  if (uses.length === 0) return absent;
  const sum = (size: keyof ZramUse) => uses.reduce((total, use) => total + use[size], 0);
  return { storedBytes: sum('storedBytes'), usedBytes: sum('usedBytes') };
}

export function parseZramMmStat(text: string): Reading<ZramUse> {
  const match = /^\s{0,32}(\d{1,18})\s{1,32}\d{1,18}\s{1,32}(\d{1,18})(?:\s|$)/.exec(text);
  return match === null ? absent : { storedBytes: Number(match[1]), usedBytes: Number(match[2]) };
}
