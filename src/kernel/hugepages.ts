/**
 * /sys/kernel/mm/hugepages/hugepages-NkB/: `nr_hugepages` of that size set aside, `free_hugepages` not in use, `resv_hugepages`
 * promised to a mapping and not yet touched. All in pages of that size, and all gone for everything else.
 * https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
 */
import { readdirSync } from 'node:fs';
import { absent, isValue, type Reading } from '../model/reading.ts';
import { missingFor, readText } from './read.ts';

export interface HugePagePool {
  pageBytes: number;
  pages: number;
  freePages: number;
  reservedPages: number;
}

const maxPools = 16;

export function readHugePagePools(sysRoot: string): Reading<HugePagePool[]> {
  const root = `${sysRoot}/kernel/mm/hugepages`;
  let names: string[];
  try {
    names = readdirSync(root);
  } catch (error) {
    return missingFor(error);
  }
  return names.slice(0, maxPools).flatMap((name) => {
    const pageBytes = parseHugePageBytes(name);
    if (!isValue(pageBytes)) return [];
    const countOf = (file: string) => {
      const text = readText(`${root}/${name}/${file}`, 32);
      return isValue(text) ? parseHugePageCount(text) : 0;
    };
    const pages = countOf('nr_hugepages');
    return [{ pageBytes, pages, freePages: Math.min(pages, countOf('free_hugepages')), reservedPages: countOf('resv_hugepages') }];
  });
}

/** `hugepages-2048kB` → bytes. */
export function parseHugePageBytes(name: string): Reading<number> {
  const match = /^hugepages-(\d{1,12})kB$/.exec(name);
  return match === null ? absent : Number(match[1]) * 1024;
}

export function parseHugePageCount(text: string): number {
  return /^\d{1,15}\s*$/.test(text) ? Number(text) : 0;
}
