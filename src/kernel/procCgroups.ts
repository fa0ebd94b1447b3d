/**
 * /proc/cgroups: `subsys_name hierarchy num_cgroups enabled`. The count has the dying ones in it, which v1 tells nowhere else.
 * https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

/** Cgroups of the memory controller, living and dying, the root among them. */
export function readMemoryCgroupCount(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/cgroups`, 8192);
  return isValue(text) ? parseMemoryCgroupCount(text) : text;
}

export function parseMemoryCgroupCount(text: string): Reading<number> {
  const match = /^memory\t(\d{1,9})\t(\d{1,9})\t[01]$/m.exec(text);
  return match === null ? absent : Number(match[2]);
}
