/** How fast `stanch scan` reads a large series file, and in how much memory. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../model/units.ts';
import { readProcessCost } from './processCost.ts';
import { stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

const rowCount = 1_000_000;
const subjectCount = 100;
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
    const file = join(folder, 'series.csv');
    await writeSeries(file);
    const rows = [await scanRow(`all ${availableParallelism()} cores`, [], file, runs)];
    const pinned = canPin();
    if (pinned) rows.push(await scanRow('one core', pinToOneCore, file, runs));
    const title = `stanch scan; ${rowCount} rows, ${subjectCount} subjects, ${formatBytes(statSync(file).size)}; median of ${runs} runs`;
    const left = pinned ? '' : '\nNot measured on one core: that needs taskset.';
    return `${title}\n${table(['', 'rows a second', 'time', 'CPU time', 'peak RSS'], rows)}${left}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function canPin(): boolean {
  const [program = '', ...options] = pinToOneCore;
  return spawnSync(program, [...options, 'true']).status === 0;
}

async function scanRow(name: string, launcher: readonly string[], file: string, runs: number): Promise<string[]> {
  const outcomes: Outcome[] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`scan on ${name}: run ${run} of ${runs} …\n`);
    outcomes.push(await scanOnce(launcher, file));
  }
  const of = (pick: (outcome: Outcome) => number) => median(outcomes.map(pick));
  return [
    name,
    Math.round(of(({ seconds }) => rowCount / seconds)).toString(),
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
