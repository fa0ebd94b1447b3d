/** What a day of samples takes on disk and how soon it is read, in stanch's store and, where it is installed, in VictoriaMetrics. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { get, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { emptySample, type Gauge } from '../../model/gauge.ts';
import type { Subject } from '../../model/subject.ts';
import { openStore } from '../../series/embeddedStore.ts';
import { createRng } from '../leakbench/rng.ts';
import { freePort } from './exporter.ts';
import { median } from './statistics.ts';

const subjectCount = 100;
const intervalMs = 10_000;
const ticks = (24 * 3600 * 1000) / intervalMs;
const firstMs = Date.parse('2026-03-01T00:00:00Z');
const lastMs = firstMs + (ticks - 1) * intervalMs;
const page = 4096;
const retention = { maxAgeMs: 365 * 24 * 3600 * 1000, maxBytes: 1024 ** 3 };
const startPatienceMs = 30_000;
const readSubjects = 25;

const fed = [
  'anonBytes',
  'swapBytes',
  'shmemBytes',
  'fileBytes',
  'fds',
  'threads',
  'processes',
  'cpuSeconds',
] as const satisfies readonly Gauge[];
type Series = Record<(typeof fed)[number], Float64Array>;

interface StoreCost {
  bytesPerSample: number;
  /** ms to read one gauge of one subject, all samples of the day. */
  gaugeMs: number;
  /** ms to read all that is fed of one subject. */
  subjectMs: number;
}

/** Rows of the table of costs. */
export async function benchStore(runs: number): Promise<string[][]> {
  const day = Array.from({ length: subjectCount }, (_, index) => seriesOf(index));
  const own: StoreCost[] = [];
  const victoria: StoreCost[] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`cost: store: run ${run} of ${runs} …\n`);
    own.push(await inFolder((folder) => storeIn(folder, day)));
    if (existsSync(victoriaProgram)) victoria.push(await inFolder((folder) => victoriaIn(folder, day)));
  }
  const row = (name: string, unit: string, pick: (cost: StoreCost) => number, target: string) => {
    const ours = median(own.map(pick));
    const line = [`store: ${name}`, `${ours.toFixed(2)} ${unit}`, '', '', '', target];
    if (victoria.length === 0) return [line];
    const theirs = median(victoria.map(pick));
    return [line, ['… VictoriaMetrics', `${theirs.toFixed(2)} ${unit}`, `${(ours / theirs).toFixed(2)} of it`]];
  };
  return [
    ...row('a sample on disk, all tiers', 'bytes', ({ bytesPerSample }) => bytesPerSample, '< 0.3 bytes'),
    ...row('24 h of one gauge read', 'ms', ({ gaugeMs }) => gaugeMs, '< 5 ms'),
    ...row(`24 h of one subject, ${fed.length} gauges, read`, 'ms', ({ subjectMs }) => subjectMs, ''),
  ];
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

const victoriaProgram = '/usr/bin/victoria-metrics';

async function victoriaIn(folder: string, day: readonly Series[]): Promise<StoreCost> {
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`-storageDataPath=${folder}`, `-httpListenAddr=${address}`, '-retentionPeriod=100y', '-search.latencyOffset=0s'];
  const child = spawn(victoriaProgram, args, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const url = `http://${address}`;
  try {
    for (const endMs = performance.now() + startPatienceMs; !(await answers(`${url}/health`)); await wait(100))
      if (performance.now() > endMs) throw new Error('expected VictoriaMetrics to answer; found that it does not');
    for (const [index, series] of day.entries()) await post(`${url}/api/v1/import`, importLines(index, series));
    await ask(`${url}/internal/force_flush`);
    await ask(`${url}/internal/force_merge`);
    await ask(`${url}/internal/resetRollupResultCache`);
    const read = (name: string) =>
      medianMs(async (subject) => {
        const match = encodeURIComponent(`{__name__=~"${name}",subject="w-${subject}"}`);
        const answer = await ask(`${url}/api/v1/export?match[]=${match}&start=${firstMs / 1000}&end=${lastMs / 1000}`);
        if (answer.length < ticks) throw new Error(`expected a day of samples of VictoriaMetrics; found ${answer.length} bytes`);
      });
    const [gaugeMs, subjectMs] = [await read('anonBytes'), await read('.+')];
    child.kill('SIGTERM');
    await exited;
    return { bytesPerSample: bytesIn(join(folder, 'data')) / samplesIn(day), gaugeMs, subjectMs };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

function importLines(index: number, series: Series): string {
  const timestamps = Array.from({ length: ticks }, (_, tick) => firstMs + tick * intervalMs);
  const line = (gauge: (typeof fed)[number]) =>
    JSON.stringify({ metric: { __name__: gauge, subject: `w-${index}` }, values: [...series[gauge]], timestamps });
  return `${fed.map(line).join('\n')}\n`;
}

async function medianMs(read: (subject: number) => Promise<void>): Promise<number> {
  const ms: number[] = [];
  for (let subject = 0; subject < readSubjects; subject += 1) {
    const startMs = performance.now();
    await read(subject * Math.floor(subjectCount / readSubjects));
    ms.push(performance.now() - startMs);
  }
  return median(ms);
}

function samplesIn(day: readonly Series[]): number {
  return day.length * fed.length * ticks;
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

async function inFolder(work: (folder: string) => Promise<StoreCost>): Promise<StoreCost> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await ask(url);
    return true;
  } catch {
    return false;
  }
}

function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(`${url}: ${response.statusCode} ${body}`))));
    }).on('error', reject);
  });
}

function post(url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST' }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 204 ? resolve() : reject(new Error(`${url}: ${response.statusCode}`))));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
