/** What a day of samples takes on disk and how soon it is read, in stanch's store and beside it in those of the field that are installed. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptySample, type Gauge } from '../../model/gauge.ts';
import type { Subject } from '../../model/subject.ts';
import { openStore } from '../../series/embeddedStore.ts';
import { prometheusIn, prometheusIsInstalled } from './prometheusStore.ts';
import { median } from './statistics.ts';
import { bytesIn, fed, firstMs, intervalMs, lastMs, makeDay, medianMs, type Series, type StoreCost, samplesIn, ticks } from './storeDay.ts';
import { table } from './table.ts';
import { victoriaIn, victoriaProgram } from './victoriaStore.ts';

const retention = { maxAgeMs: 365 * 24 * 3600 * 1000, maxBytes: 1024 ** 3 };

/** Rows of the table of costs. */
export async function benchStore(runs: number): Promise<string[][]> {
  const day = makeDay();
  const own: StoreCost[] = [];
  const others = new Map<string, StoreCost[]>();
  const add = (name: string, cost: StoreCost) => others.set(name, [...(others.get(name) ?? []), cost]);
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`cost: store: run ${run} of ${runs} …\n`);
    own.push(await inFolder((folder) => storeIn(folder, day)));
    if (existsSync(victoriaProgram)) add('VictoriaMetrics', await inFolder((folder) => victoriaIn(folder, day)));
  }
  // Once: promtool reads the day anew for every block, and writes the same ones each time.
  if (prometheusIsInstalled()) add('Prometheus', await inFolder((folder) => prometheusIn(folder, day)));
  const row = (name: string, unit: string, pick: (cost: StoreCost) => number, target: string) => {
    const ours = median(own.map(pick));
    const line = [`store: ${name}`, `${ours.toFixed(2)} ${unit}`, '', '', '', target];
    const beside = [...others].map(([other, costs]) => {
      const theirs = median(costs.map(pick));
      return [`… ${other}`, `${theirs.toFixed(2)} ${unit}`, `${(ours / theirs).toFixed(2)} of it`];
    });
    return [line, ...beside];
  };
  return [
    ...row('a sample on disk, all tiers', 'bytes', ({ bytesPerSample }) => bytesPerSample, '< 0.3 bytes'),
    ...row('24 h of one gauge read', 'ms', ({ gaugeMs }) => gaugeMs, '< 5 ms'),
    ...row(`24 h of one subject, ${fed.length} gauges, read`, 'ms', ({ subjectMs }) => subjectMs, '< 5 ms'),
  ];
}

/** The same rows by themselves. */
export async function storeTable(runs: number): Promise<string> {
  return `The store, a day of 100 subjects; median of ${runs} runs\n${table(['', '', 'stanch is', '', '', 'target'], await benchStore(runs))}`;
}

/** The limits and start times that stanch keeps with them are in its bytes and not in its samples. */
async function storeIn(folder: string, day: readonly Series[]): Promise<StoreCost> {
  let nowMs = firstMs;
  const store = openStore({ dir: folder, retention, now: () => nowMs });
  const rows = day.map((_, index) => ({
    subjectId: `w-${index}`,
    sample: { ...emptySample(0), startTimeMs: firstMs - index * 1000, fdLimit: 1024 },
  }));
  for (const [index, { subjectId }] of rows.entries()) store.putSubject(subjectOf(subjectId, index), firstMs);
  for (let tick = 0; tick < ticks; tick += 1) {
    nowMs = firstMs + tick * intervalMs;
    for (const [index, { sample }] of rows.entries()) {
      sample.timeMs = nowMs;
      for (const gauge of fed) sample[gauge] = day[index]?.[gauge][tick] ?? Number.NaN;
    }
    store.append(nowMs, rows);
    while (store.maintain(nowMs));
  }
  const read = (gauges: readonly Gauge[]) =>
    medianMs(async (subject) => {
      for (const gauge of gauges) {
        const { timeMs } = store.read(`w-${subject}`, gauge, firstMs, lastMs, ticks);
        if (timeMs.length < ticks * 0.99) throw new Error(`expected ${ticks} points of a day; found ${timeMs.length}`);
      }
    });
  const [gaugeMs, subjectMs] = [await read(['anonBytes']), await read(fed)];
  store.close();
  return { bytesPerSample: bytesIn(folder) / samplesIn(day), gaugeMs, subjectMs };
}

function subjectOf(id: string, index: number): Subject {
  return { id, kind: 'workload', name: `service-${index}`, origin: 'systemd-unit' };
}

async function inFolder(work: (folder: string) => Promise<StoreCost>): Promise<StoreCost> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
