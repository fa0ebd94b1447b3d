/**
 * /proc/spl/kstat/zfs/arcstats: the cache of ZFS, lines `name type data` after two heading lines. Sizes in bytes. The kernel does not
 * count it as page cache. Data and metadata are in pages of their own; headers, dnodes and the like are in slab and counted there.
 * https://openzfs.github.io/openzfs-docs/man/master/1/arcstat.1.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface Arcstats {
  sizeBytes: Reading<number>;
  /** ZFS gives back what is above. */
  leastBytes: Reading<number>;
  mostBytes: Reading<number>;
  dataBytes: Reading<number>;
  metadataBytes: Reading<number>;
}

export function readArcstats(procRoot: string): Reading<Arcstats> {
  const text = readText(`${procRoot}/spl/kstat/zfs/arcstats`, 65536);
  return isValue(text) ? parseArcstats(text) : text;
}

const maxLines = 1024;

export function parseArcstats(text: string): Arcstats {
  const sizes = new Map<string, number>();
  for (const row of text.split('\n', maxLines)) {
    const match = /^(\w{1,64}) {1,64}\d{1,3} {1,8}(\d{1,20})$/.exec(row);
    if (match?.[1] !== undefined) sizes.set(match[1], Number(match[2]));
  }
  const sizeOf = (name: string): Reading<number> => sizes.get(name) ?? absent;
  return {
    sizeBytes: sizeOf('size'),
    leastBytes: sizeOf('c_min'),
    mostBytes: sizeOf('c_max'),
    dataBytes: sizeOf('data_size'),
    metadataBytes: sizeOf('metadata_size'),
  };
}
