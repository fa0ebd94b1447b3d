/** How fast `stanch scan` reads a large series file and a long log of atop, and in how much memory. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../model/units.ts';
import { rawLogHeader, rawLogRecord } from '../../series/logs/atop/rawLogWriter.ts';
import { readProcessCost } from './processCost.ts';
import { stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

const rowCount = 1_000_000;
/** So many that the start of the program counts for little. */
const longRowCount = 4_000_000;
const subjectCount = 100;
const logRecords = 7 * 144;
const logProcesses = 300;
const pollMs = 20;
const pinToOneCore = ['taskset', '-c', '0'];

interface Outcome {
  seconds: number;
  cpuSeconds: number;
  peakRssBytes: number;
}

export async function benchScan(runs: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  try {
    const plain = join(folder, 'plain.csv');
    const series = join(folder, 'series.csv');
    const long = join(folder, 'long.csv');
    const collected = join(folder, 'collected.csv');
    const log = join(folder, 'atop.raw');
    await writeSeries(plain, rowCount, memoryAlone);
    await writeSeries(series, rowCount, sixGauges);
    await writeSeries(long, longRowCount, memoryAlone);
    await writeSeries(collected, rowCount, collectedHeaps());
    await writeAtopLog(log);
    const rowsOfLog = logRecords * (logProcesses + 1);
    const rows = [
      await measured(plain, `${rowCount} rows of memory alone, ${subjectCount} subjects`, rowCount, [], runs),
      await measured(series, `${rowCount} rows of six gauges`, rowCount, [], runs),
      await measured(collected, `${rowCount} rows of memory that a collector fills and empties`, rowCount, [], runs),
      await measured(log, `atop: ${logRecords} records, ${logProcesses} processes`, rowsOfLog, [], runs),
    ];
    const pinned = canPin();
    if (pinned) {
      rows.splice(2, 0, await measured(series, 'the same on one core', rowCount, pinToOneCore, runs));
      rows.splice(1, 0, await measured(long, `${longRowCount} rows of memory alone on one core`, longRowCount, pinToOneCore, runs));
    }
    const left = pinned ? '' : '\nNot measured on one core: that needs taskset.';
    return `stanch scan; median of ${runs} runs\n${table(['', 'rows a second', 'time', 'CPU time', 'peak RSS'], rows)}${left}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function canPin(): boolean {
  const [program = '', ...options] = pinToOneCore;
  return spawnSync(program, [...options, 'true']).status === 0;
}

/** A row of the table. */
async function measured(file: string, what: string, rows: number, launcher: readonly string[], runs: number): Promise<string[]> {
  const outcomes: Outcome[] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`scan: ${what}: run ${run} of ${runs} …\n`);
    outcomes.push(await scanOnce(launcher, file));
  }
  const of = (pick: (outcome: Outcome) => number) => median(outcomes.map(pick));
  return [
    `${what}, ${formatBytes(statSync(file).size)}`,
    Math.round(of(({ seconds }) => rows / seconds)).toString(),
    `${of(({ seconds }) => seconds).toFixed(1)} s`,
    `${of(({ cpuSeconds }) => cpuSeconds).toFixed(1)} s`,
    formatBytes(of(({ peakRssBytes }) => peakRssBytes)),
  ];
}

interface Content {
  /** What stands in a row behind time and subject. */
  header: string;
  cells: (tick: number, subject: number) => string;
}

const memoryAlone: Content = { header: 'anon_bytes', cells: (tick, subject) => `${hoveringBytes(tick, subject)}` };
const sixGauges: Content = {
  header: 'anon_bytes,swap_bytes,fds,threads,cpu_seconds,start_time',
  cells: (tick, subject) => `${hoveringBytes(tick, subject)},0,${20 + ((tick + subject) % 5)},8,${(tick * 0.2).toFixed(1)},1699999000`,
};

/** Every fourth subject leaks, the others hover. */
function hoveringBytes(tick: number, subject: number): number {
  return 50_000_000 + leakedBytes(tick, subject) + chance(tick, subject) * 4096;
}

function leakedBytes(tick: number, subject: number): number {
  return subject % 4 === 0 ? tick * 2048 : 0;
}

/** 0 to 996, the same in each run. */
function chance(tick: number, subject: number): number {
  return (tick * 7919 + subject * 104_729) % 997;
}

/** Each heap fills at a rate of its own, now slower, now faster, until some 30 to 60 MB are collected; beneath, every fourth leaks. */
function collectedHeaps(): Content {
  const garbage = new Float64Array(subjectCount);
  const cells = (tick: number, subject: number) => {
    const filled = (garbage[subject] ?? 0) + (500 + chance(tick, subject)) * (200 + 20 * subject);
    garbage[subject] = filled > 30_000_000 + 30_000 * chance(subject, tick) ? 0 : filled;
    return `${80_000_000 + leakedBytes(tick, subject) + (garbage[subject] ?? 0)}`;
  };
  return { header: 'anon_bytes', cells };
}

/** A sample every ten seconds, subjects interleaved. */
async function writeSeries(file: string, rows: number, { header, cells }: Content): Promise<void> {
  const out = createWriteStream(file);
  out.write(`time,subject,${header}\n`);
  for (let tick = 0; tick < rows / subjectCount; tick += 1) {
    const time = 1_700_000_000 + tick * 10;
    let text = '';
    for (let subject = 0; subject < subjectCount; subject += 1) text += `${time},service-${subject},${cells(tick, subject)}\n`;
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

/** A week of records every ten minutes, as atop's service keeps it; each process is a workload, and every fourth leaks. */
async function writeAtopLog(file: string): Promise<void> {
  const out = createWriteStream(file);
  out.write(rawLogHeader());
  for (let tick = 0; tick < logRecords; tick += 1) {
    const tasks = Array.from({ length: logProcesses }, (_, index) => {
      const hover = ((tick * 7919 + index * 104_729) % 997) * 4;
      const residentKib = 50_000 + hover + (index % 4 === 0 ? tick * 64 : 0);
      // No numbers in the names: those would make one workload of all.
      const name = `service-${String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))}`;
      return { pid: 100 + index, name, commandLine: `/srv/${name} --serve`, residentKib, threads: 8, userTicks: tick % 7 };
    });
    if (!out.write(rawLogRecord({ seconds: 1_700_000_000 + tick * 600, tasks }))) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

async function scanOnce(launcher: readonly string[], file: string): Promise<Outcome> {
  const startMs = performance.now();
  // Whatever launches it becomes it, so that the process is the same.
  const [program = '', ...args] = [...launcher, stanchProgram, 'scan', file, '--json'];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  const outcome: Outcome = { seconds: 0, cpuSeconds: 0, peakRssBytes: 0 };
  const poll = setInterval(() => {
    const cost = child.pid === undefined ? null : readProcessCost(child.pid);
    if (cost !== null) Object.assign(outcome, { cpuSeconds: cost.cpuSeconds, peakRssBytes: cost.peakRssBytes });
  }, pollMs);
  const [code] = await exited;
  clearInterval(poll);
  if (code !== 0) throw new Error(`expected stanch scan to exit with 0; found ${code}`);
  return { ...outcome, seconds: (performance.now() - startMs) / 1000 };
}
