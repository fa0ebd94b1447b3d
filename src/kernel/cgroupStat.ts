/**
 * cgroup.stat of v2: `nr_descendants N`, `nr_dying_descendants N`. A dying cgroup was removed, and stays in the kernel for as long as
 * memory is charged to it: thousands of them are a leak of their own kind. Since Linux 4.14.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#core-interface-files
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { parseKeyedNumbers } from './keyedNumbers.ts';
import { readText } from './read.ts';

export interface CgroupStat {
  descendants: Reading<number>;
  dying: Reading<number>;
}

export function readCgroupStat(directory: string): Reading<CgroupStat> {
  const text = readText(`${directory}/cgroup.stat`, 4096);
  return isValue(text) ? parseCgroupStat(text) : text;
}

export function parseCgroupStat(text: string): CgroupStat {
  const numbers = parseKeyedNumbers(text);
  return { descendants: numbers.get('nr_descendants') ?? absent, dying: numbers.get('nr_dying_descendants') ?? absent };
}
