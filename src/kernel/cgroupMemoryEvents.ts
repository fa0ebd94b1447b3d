/**
 * How often a cgroup met its limits. v2: memory.events, lines `high 0`, `max 3`, `oom_kill 1`, with the cgroups below it.
 * v1: memory.failcnt, and `oom_kill N` in memory.oom_control since Linux 4.13, of the cgroup alone. All from zero when it is made.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import type { CgroupVersion } from './cgroupMemory.ts';
import { parseKeyedNumbers } from './keyedNumbers.ts';
import { readText } from './read.ts';

export interface CgroupMemoryEvents {
  /** Throttled for being above memory.high. */
  throttled: Reading<number>;
  /** Met the hard limit, and had to give something back. */
  atLimit: Reading<number>;
  /** Processes of it that were killed for want of memory. */
  oomKills: Reading<number>;
}

export function readCgroupMemoryEvents(directory: string, version: CgroupVersion): CgroupMemoryEvents {
  if (version === 'v2') {
    const events = readText(`${directory}/memory.events`, 4096);
    if (isValue(events)) return parseCgroupMemoryEvents(events);
    return { throttled: events, atLimit: events, oomKills: events };
  }
  const failures = readText(`${directory}/memory.failcnt`, 64);
  const control = readText(`${directory}/memory.oom_control`, 4096);
  return {
    throttled: absent,
    atLimit: isValue(failures) ? parseFailcnt(failures) : failures,
    oomKills: isValue(control) ? (parseKeyedNumbers(control).get('oom_kill') ?? absent) : control,
  };
}

export function parseCgroupMemoryEvents(text: string): CgroupMemoryEvents {
  const numbers = parseKeyedNumbers(text);
  return { throttled: numbers.get('high') ?? absent, atLimit: numbers.get('max') ?? absent, oomKills: numbers.get('oom_kill') ?? absent };
}

function parseFailcnt(text: string): Reading<number> {
  return /^\d{1,15}\s*$/.test(text) ? Number(text) : absent;
}
