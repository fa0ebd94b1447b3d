/**
 * /proc/loadavg: `0.20 0.18 0.12 1/80 11206`: loads over 1, 5 and 15 min, runnable/all tasks of the machine,
 * and the pid given out last in the pid namespace of the reader.
 * https://man7.org/linux/man-pages/man5/proc_loadavg.5.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface Loadavg {
  load1: number;
  /** Threads on the machine, those of the kernel included, whatever this account may see. */
  threads: number;
  lastPid: number;
}

export function readLoadavg(procRoot: string): Reading<Loadavg> {
  const text = readText(`${procRoot}/loadavg`, 4096);
  return isValue(text) ? parseLoadavg(text) : text;
}

export function parseLoadavg(text: string): Reading<Loadavg> {
  const match = /^(\d{1,9}\.\d{1,4}) \S{1,16} \S{1,16} \d{1,10}\/(\d{1,10}) (\d{1,10})\s*$/.exec(text);
  if (match === null) return absent;
  return { load1: Number(match[1]), threads: Number(match[2]), lastPid: Number(match[3]) };
}
