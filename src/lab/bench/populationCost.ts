/** What it costs to look at a population of real processes: stanch, its peers and the bare system calls, on the same processes in one run. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { compileProgram } from '../compileProgram.ts';
import { whyNotRunnable } from '../programs.ts';
import { startExporter, whyNoExporter } from './exporter.ts';
import { cpuAndPasses, isInstalled, peers, startPeer } from './peers.ts';
import { readProcessCost } from './processCost.ts';
import { daemonFlags, stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';

const here = import.meta.dirname;
const execute = promisify(execFile);
/** Once around all tiers of the sampler. */
const scans = 60;
const scanIntervalMs = 500;
const holdingIntervalMs = 100;
const scrapes = 3;
const peerWarmUpMs = 3000;
const daemonWarmUpMs = 60_000;
const held = 10_000;

export interface PopulationCost {
  processes: number;
  /** ms of CPU of a look at all processes, by who looks: medians of the runs. */
  lookMs: Record<string, number>;
  daemon: { cpuMsPerSecond: number; rssBytes: number; grownBytesPerMinute: number };
  /** ms of CPU of a scan beside one process that holds so many more; null where that was not measured. */
  holding: { alone: number; files: number; connections: number } | null;
}

export interface PopulationOptions {
  runs: number;
  minutes: number;
  withHolders: boolean;
}

export async function measurePopulation({ runs, minutes, withHolders }: PopulationOptions): Promise<PopulationCost> {
  const daemon = await startDaemon();
  const looks = new Map<string, number[]>();
  let processes = 0;
  try {
    for (let run = 1; run <= runs; run += 1) {
      say(`run ${run} of ${runs}`);
      const seen = await lookSideBySide();
      processes = seen.processes;
      for (const [name, ms] of [...seen.lookMs, ...(await scrapeCosts())]) looks.set(name, [...(looks.get(name) ?? []), ms]);
    }
    say('daemon');
    const daemonCost = await daemon.cost(minutes);
    await daemon.stop();
    const lookMs = Object.fromEntries([...looks].map(([name, values]) => [name, median(values)]));
    return { processes, lookMs, daemon: daemonCost, holding: withHolders ? await holdingCosts(runs) : null };
  } finally {
    await daemon.stop();
  }
}

/** All at once, the others once a second and stanch twice, so that they meet the same load. */
async function lookSideBySide(): Promise<{ processes: number; lookMs: [string, number][] }> {
  const running = await Promise.all(peers.filter(isInstalled).map(startPeer));
  try {
    await wait(peerWarmUpMs);
    const before = running.map(cpuAndPasses);
    const [own, bare] = await Promise.all([scanCost(scanIntervalMs), bareCosts()]);
    const lookMs: [string, number][] = [['stanch', own.ms], ...bare];
    for (const [index, peer] of running.entries()) {
      const [first, last] = [before[index], cpuAndPasses(peer)];
      if (first === undefined || last.passes - first.passes < scans / 4) throw new Error(`expected ${peer.name} to look once a second`);
      lookMs.push([peer.name, (last.cpuMs - first.cpuMs) / (last.passes - first.passes)]);
    }
    return { processes: own.processes, lookMs };
  } finally {
    await Promise.all(running.map((peer) => peer.stop()));
  }
}

/** As the daemon runs it, all tiers on average. */
async function scanCost(intervalMs: number): Promise<{ processes: number; ms: number }> {
  const { stdout } = await execute(process.execPath, [...daemonFlags(), join(here, 'samplerLoop.ts'), String(intervalMs), String(scans)]);
  const [processes = Number.NaN, ms = Number.NaN] = stdout.split(' ').map(Number);
  return { processes, ms };
}

async function bareCosts(): Promise<[string, number][]> {
  if (whyNotRunnable('c') !== null) return [];
  const { stdout } = await execute(compileProgram(join(here, 'bareCalls.c'), 'bareCalls'), [String(scans / 2)]);
  const [kept = Number.NaN, anew = Number.NaN] = stdout.split(' ').map(Number);
  return [
    ['bare calls in C, on files kept open', kept],
    ['bare calls in C, opened anew', anew],
  ];
}

async function scrapeCosts(): Promise<[string, number][]> {
  if (whyNoExporter() !== null) return [];
  const costs: [string, number][] = [];
  for (const [name, flags] of [
    ['process-exporter, no smaps, no threads', ['-gather-smaps=false', '-threads=false']],
    ['process-exporter, its defaults', []],
  ] as const) {
    const exporter = await startExporter(name, flags);
    try {
      const before = readProcessCost(exporter.pid);
      for (let scrape = 0; scrape < scrapes; scrape += 1) await exporter.scrape();
      const after = readProcessCost(exporter.pid);
      if (before === null || after === null) throw new Error(`${name} has ended`);
      costs.push([name, ((after.cpuSeconds - before.cpuSeconds) * 1000) / scrapes]);
    } finally {
      await exporter.stop();
    }
  }
  return costs;
}

async function holdingCosts(runs: number): Promise<PopulationCost['holding']> {
  const ms: Record<'alone' | 'files' | 'connections', number[]> = { alone: [], files: [], connections: [] };
  for (let run = 1; run <= runs; run += 1) {
    say(`${held} more files, connections: run ${run} of ${runs}`);
    ms.alone.push((await scanCost(holdingIntervalMs)).ms);
    for (const kind of ['files', 'connections'] as const) {
      const holder = spawn(process.execPath, [join(here, 'holder.mjs'), kind, String(held)], { stdio: ['pipe', 'pipe', 'inherit'] });
      const exited = once(holder, 'exit');
      const [said] = await Promise.race([once(holder.stdout, 'data'), exited]);
      if (!String(said).startsWith('holding')) throw new Error(`expected a process that holds ${held} ${kind}; found that it ended`);
      ms[kind].push((await scanCost(holdingIntervalMs)).ms);
      holder.stdin.end();
      await exited;
    }
  }
  return { alone: median(ms.alone), files: median(ms.files), connections: median(ms.connections) };
}

interface MeasuredDaemon {
  /** Over the last minutes, after all others are done. */
  cost(minutes: number): Promise<PopulationCost['daemon']>;
  stop(): Promise<void>;
}

/** At an interval of a second: what grows, grows ten times as fast as at the default. */
async function startDaemon(): Promise<MeasuredDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  const args = ['run', '--interval', '1s', '--data', folder, '--listen', '127.0.0.1:0'];
  const child = spawn(stanchProgram, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const startedMs = performance.now();
  createInterface(child.stderr).on('line', (line) => {
    if (line.includes('budget')) say(line);
  });
  const read = () => {
    const cost = child.pid === undefined ? null : readProcessCost(child.pid);
    if (cost === null) throw new Error('expected the daemon to run; found that it ended');
    return cost;
  };
  return {
    cost: async (minutes) => {
      await wait(Math.max(0, daemonWarmUpMs - (performance.now() - startedMs)));
      const first = read();
      const rss: number[] = [];
      for (let second = 0; second < minutes * 60; second += 1) {
        await wait(1000);
        rss.push(read().rssBytes);
      }
      const cpuMsPerSecond = ((read().cpuSeconds - first.cpuSeconds) * 1000) / rss.length;
      return { cpuMsPerSecond, rssBytes: Math.max(...rss), grownBytesPerMinute: slope(rss) * 60 };
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of the straight line nearest to the values, a step. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let up = 0;
  let across = 0;
  for (const [index, value] of values.entries()) {
    up += (index - middle) * (value - mean);
    across += (index - middle) ** 2;
  }
  return up / across;
}

function say(text: string): void {
  process.stderr.write(`cost: ${text} …\n`);
}
