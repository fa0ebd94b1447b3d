/** A day of samples to store, and what is measured of a store that holds it. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Gauge } from '../../model/gauge.ts';
import { createRng } from '../leakbench/rng.ts';
import { median } from './statistics.ts';

const subjectCount = 100;
export const intervalMs = 10_000;
export const ticks = (24 * 3600 * 1000) / intervalMs;
export const firstMs = Date.parse('2026-03-01T00:00:00Z');
export const lastMs = firstMs + (ticks - 1) * intervalMs;
const page = 4096;
const readSubjects = 25;

export const fed = [
  'anonBytes',
  'swapBytes',
  'shmemBytes',
  'fileBytes',
  'fds',
  'threads',
  'processes',
  'cpuSeconds',
] as const satisfies readonly Gauge[];
export type Series = Record<(typeof fed)[number], Float64Array>;

export interface StoreCost {
  bytesPerSample: number;
  /** ms to read one gauge of one subject, all samples of the day. */
  gaugeMs: number;
  /** ms to read all that is fed of one subject. */
  subjectMs: number;
}

export function makeDay(): Series[] {
  return Array.from({ length: subjectCount }, (_, index) => seriesOf(index));
}

/** A day of a workload: three in ten take and give back memory all the time, the others now and then; one in ten leaks. */
function seriesOf(index: number): Series {
  const rng = createRng(`store/${index}`);
  const activity = index % 10 < 3 ? 0.6 : 0.03;
  const leak = index % 10 === 5 ? 2 : 0;
  const state = {
    anonBytes: rng.integer(1000, 200_000) * page,
    swapBytes: 0,
    shmemBytes: rng.integer(0, 500) * page,
    fileBytes: rng.integer(500, 5000) * page,
  };
  const counts = { fds: rng.integer(5, 100), threads: rng.integer(1, 30), processes: rng.integer(1, 8), cpuSeconds: 0 };
  const now = { ...state, ...counts };
  const series = Object.fromEntries(fed.map((gauge) => [gauge, new Float64Array(ticks)])) as Series;
  for (let tick = 0; tick < ticks; tick += 1) {
    if (rng.chance(activity)) {
      now.anonBytes = Math.max(page, now.anonBytes + (rng.integer(-60, 60) + leak) * page);
      now.fds = counts.fds + rng.poisson(2);
      now.cpuSeconds = Math.round((now.cpuSeconds + rng.exponential(0.2)) * 100) / 100;
    }
    if (rng.chance(activity / 10)) now.fileBytes = Math.max(page, now.fileBytes + rng.integer(-8, 9) * page);
    if (rng.chance(activity / 20)) now.threads = counts.threads + rng.poisson(1);
    for (const gauge of fed) series[gauge][tick] = now[gauge];
  }
  return series;
}

export async function medianMs(read: (subject: number) => Promise<void>): Promise<number> {
  const ms: number[] = [];
  for (let subject = 0; subject < readSubjects; subject += 1) {
    const startMs = performance.now();
    await read(subject * Math.floor(subjectCount / readSubjects));
    ms.push(performance.now() - startMs);
  }
  return median(ms);
}

export function samplesIn(day: readonly Series[]): number {
  return day.length * fed.length * ticks;
}

export function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
