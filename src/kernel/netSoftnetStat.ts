/**
 * /proc/net/softnet_stat: a line for each CPU, hexadecimal: packets processed, packets dropped because the backlog of that CPU was full,
 * and times its turn ended with packets left.
 *
 *   0000009f 00000000 00000000 …
 *
 * Of the whole machine. https://docs.kernel.org/networking/scaling.html and net/core/net-procfs.c
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

const maxCpus = 8192;

/** Packets dropped since boot. */
export function readBacklogDrops(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/net/softnet_stat`, 1 << 20);
  return isValue(text) ? parseBacklogDrops(text) : text;
}

export function parseBacklogDrops(text: string): Reading<number> {
  const drops = text.split('\n', maxCpus).flatMap((line) => {
    const match = /^[0-9a-f]{8} ([0-9a-f]{8}) /.exec(line);
    return match?.[1] === undefined ? [] : [Number.parseInt(match[1], 16)];
  });
  return drops.length === 0 ? absent : drops.reduce((sum, count) => sum + count);
}
