/** How fast `stanch scan` reads a large series file and a long log of atop, and in how much memory. */
import { spawn } from 'node:child_process';
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
const subjectCount = 100;
const logRecords = 7 * 144;
const logProcesses = 300;
const pollMs = 20;

interface Outcome {
  seconds: number;
  cpuSeconds: number;
  peakRssBytes: number;
}

export async function benchScan(runs: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  try {
    const series = join(folder, 'series.csv');
    const log = join(folder, 'atop.raw');
    await writeSeries(series);
    await writeAtopLog(log);
    const rows = [
      await measured(series, `${rowCount} rows, ${subjectCount} subjects`, rowCount, runs),
      await measured(log, `atop: ${logRecords} records, ${logProcesses} processes`, logRecords * (logProcesses + 1), runs),
    ];
    return `stanch scan; median of ${runs} runs\n${table(['', 'rows a second', 'time', 'CPU time', 'peak RSS'], rows)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A row of the table. */
async function measured(file: string, what: string, rows: number, runs: number): Promise<string[]> {
  const outcomes: Outcome[] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`scan: ${what}: run ${run} of ${runs} …\n`);
    outcomes.push(await scanOnce(file));
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

/** Every fourth subject leaks, the others hover; a sample every ten seconds, subjects interleaved. */
async function writeSeries(file: string): Promise<void> {
  const out = createWriteStream(file);
  out.write('time,subject,anon_bytes,swap_bytes,fds,threads,cpu_seconds,start_time\n');
  for (let tick = 0; tick < rowCount / subjectCount; tick += 1) {
    const time = 1_700_000_000 + tick * 10;
    let rows = '';
    for (let subject = 0; subject < subjectCount; subject += 1) {
      const growth = subject % 4 === 0 ? tick * 2048 : 0;
      const hover = ((tick * 7919 + subject * 104_729) % 997) * 4096;
      rows += `${time},service-${subject},${50_000_000 + growth + hover},0,${20 + ((tick + subject) % 5)},8,${(tick * 0.2).toFixed(1)},1699999000\n`;
    }
    if (!out.write(rows)) await once(out, 'drain');
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

async function scanOnce(file: string): Promise<Outcome> {
  const startMs = performance.now();
  const child = spawn(stanchProgram, ['scan', file, '--json'], { stdio: ['ignore', 'ignore', 'inherit'] });
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
