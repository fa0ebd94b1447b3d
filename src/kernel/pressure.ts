/**
 * /proc/pressure/{memory,cpu,io}: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and a line `full`.
 * Averages in per cent, the total in microseconds. Absent before Linux 4.20, and when pressure accounting is off.
 * https://docs.kernel.org/accounting/psi.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

/** Share of the last 10 s in which some or all tasks waited, 0 to 1. */
export interface Pressure {
  some10: Reading<number>;
  full10: Reading<number>;
}

/** With how long it was in all. */
export interface PressureTotals extends Pressure {
  someSeconds: Reading<number>;
  fullSeconds: Reading<number>;
}

export function readPressure(procRoot: string, resource: 'memory' | 'cpu' | 'io'): Reading<PressureTotals> {
  const text = readText(`${procRoot}/pressure/${resource}`, 4096);
  return isValue(text) ? parsePressure(text) : text;
}

/** The same of one cgroup: memory.pressure of v2. */
export function readCgroupPressure(directory: string): Reading<PressureTotals> {
  const text = readText(`${directory}/memory.pressure`, 4096);
  return isValue(text) ? parsePressure(text) : text;
}

export function parsePressure(text: string): PressureTotals {
  const [some, full] = [lineOf(text, 'some'), lineOf(text, 'full')];
  return { some10: some.average, full10: full.average, someSeconds: some.seconds, fullSeconds: full.seconds };
}

function lineOf(text: string, kind: 'some' | 'full'): { average: Reading<number>; seconds: Reading<number> } {
  for (const line of text.split('\n', 8)) {
    const match = /^(\w{1,8}) avg10=(\d{1,3}(?:\.\d{1,4})?) (?:.{0,80} total=(\d{1,20})$)?/.exec(line);
    if (match?.[1] !== kind) continue;
    return { average: Math.min(1, Number(match[2]) / 100), seconds: match[3] === undefined ? absent : Number(match[3]) / 1e6 };
  }
  return { average: absent, seconds: absent };
}
