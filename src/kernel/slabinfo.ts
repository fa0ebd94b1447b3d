/**
 * /proc/slabinfo 2.x: `name active_objs num_objs objsize objperslab pagesperslab : tunables … : slabdata active_slabs num_slabs …`.
 * For root only. Caches of like objects are merged and stand under one of their names. Costs the kernel some 0.5 ms: on demand only.
 * https://man7.org/linux/man-pages/man5/slabinfo.5.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface SlabCache {
  name: string;
  /** In use. */
  activeObjects: number;
  objectBytes: number;
  /** What the cache takes: whole slabs, with the free objects in them. */
  pages: number;
}

const maxCaches = 4096;
const line =
  /^(\S{1,128}) {1,64}(\d{1,15}) {1,64}\d{1,15} {1,64}(\d{1,9}) {1,64}\d{1,9} {1,64}(\d{1,6}) : tunables[^:]{0,99}: slabdata {1,64}\d{1,15} {1,64}(\d{1,15}) /;

export function readSlabinfo(procRoot: string): Reading<SlabCache[]> {
  const text = readText(`${procRoot}/slabinfo`, 1 << 20);
  return isValue(text) ? parseSlabinfo(text) : text;
}

/** Absent when it is another version of the table. */
export function parseSlabinfo(text: string): Reading<SlabCache[]> {
  if (!text.startsWith('slabinfo - version: 2.')) return absent;
  const caches: SlabCache[] = [];
  for (const row of text.split('\n', maxCaches)) {
    const match = line.exec(row);
    if (match === null) continue;
    const [name = '', active, size, pagesPerSlab, slabs] = match.slice(1);
    caches.push({ name, activeObjects: Number(active), objectBytes: Number(size), pages: Number(pagesPerSlab) * Number(slabs) });
  }
  return caches;
}
