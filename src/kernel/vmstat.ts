/**
 * /proc/vmstat: lines `name N`, in pages or events.
 * https://docs.kernel.org/admin-guide/mm/ and mm/vmstat.c
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { parseKeyedNumbers } from './keyedNumbers.ts';
import { readText } from './read.ts';

export interface Vmstat {
  /** Pages of the allocator behind zram and zswap: what compressed memory takes. */
  compressedPages: Reading<number>;
  /** Anonymous pages mapped by processes: AnonPages of meminfo in pages. */
  anonPages: Reading<number>;
}

export function readVmstat(procRoot: string): Reading<Vmstat> {
  const text = readText(`${procRoot}/vmstat`, 65536);
  return isValue(text) ? parseVmstat(text) : text;
}

export function parseVmstat(text: string): Vmstat {
  const numbers = parseKeyedNumbers(text);
  return { compressedPages: numbers.get('nr_zspages') ?? absent, anonPages: numbers.get('nr_anon_pages') ?? absent };
}

/** Events in which memory changes that its process did not change: anonymous pages reclaimed and swapped out, huge pages put together. */
const takings = /^(?:pgsteal_anon|pswpout|zswpout|swpout_zero|thp_collapse_alloc) (\d{1,20})$/gm;

/** How many of these there were since boot; for comparing with an earlier number. */
export function readTakenPages(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/vmstat`, 65536);
  return isValue(text) ? parseTakenPages(text) : text;
}

export function parseTakenPages(text: string): Reading<number> {
  const counts = Array.from(text.matchAll(takings), ([, count]) => Number(count));
  return counts.length === 0 ? absent : counts.reduce((sum, count) => sum + count);
}

/** What the kernel did for want of memory, counted since boot. Absent where this kernel does not count it. */
export interface VmEvents {
  swapInPages: Reading<number>;
  swapOutPages: Reading<number>;
  /** Pages of files and of processes that were read again shortly after they had been given up: more memory would have kept them. */
  refaultPages: Reading<number>;
  /** Times a task had to free memory itself before it got some. Reclaim inside one cgroup at its own limit does not count. */
  directReclaims: Reading<number>;
  /** Pages given up, by the kernel's own threads and by such tasks. */
  reclaimedPages: Reading<number>;
  majorFaults: Reading<number>;
  /** Processes killed for want of memory, of the whole machine and inside cgroups. Since Linux 4.13. */
  oomKills: Reading<number>;
}

/** Names differ between versions, and some are counted for each zone: what a name begins with, up to the number. */
const eventNames: readonly [keyof VmEvents, RegExp][] = [
  ['swapInPages', /^pswpin$/],
  ['swapOutPages', /^pswpout$/],
  ['refaultPages', /^workingset_refault(?:_anon|_file)?$/],
  ['directReclaims', /^allocstall(?:_\w+)?$/],
  ['reclaimedPages', /^pgsteal_(?:kswapd|direct)(?:_\w+)?$/],
  ['majorFaults', /^pgmajfault$/],
  ['oomKills', /^oom_kill$/],
];
const eventLine = /^(pswp(?:in|out)|workingset_refault\w*|allocstall\w*|pgsteal_\w+|pgmajfault|oom_kill) (\d{1,20})$/gm;

export function readVmEvents(procRoot: string): Reading<VmEvents> {
  const text = readText(`${procRoot}/vmstat`, 65536);
  return isValue(text) ? parseVmEvents(text) : text;
}

export function parseVmEvents(text: string): VmEvents {
  const events: VmEvents = {
    swapInPages: absent,
    swapOutPages: absent,
    refaultPages: absent,
    directReclaims: absent,
    reclaimedPages: absent,
    majorFaults: absent,
    oomKills: absent,
  };
  for (const [, name = '', count] of text.matchAll(eventLine)) {
    const event = eventNames.find(([, pattern]) => pattern.test(name))?.[0];
    if (event === undefined) continue;
    const before = events[event];
    events[event] = (isValue(before) ? before : 0) + Number(count);
  }
  return events;
}
