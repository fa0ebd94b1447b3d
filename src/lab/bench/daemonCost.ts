/** What the daemon costs at its default interval on a thousand processes with the page open, beside process-exporter. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes } from '../../model/units.ts';
import { type Exporter, startExporter, whyNoExporter } from './exporter.ts';
import type { Farm } from './farm.ts';
import { openPage } from './pageClient.ts';
import { readProcessCost } from './processCost.ts';
import { stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

const intervalMs = 10_000;
/** Until the first scans, the growth of caches and the page's first questions are over. */
const warmUpMs = 30_000;

interface Contestant {
  name: string;
  pid: number;
}

interface Outcome {
  name: string;
  /** Share of one core, 0 to 1. */
  cpuRatio: number;
  rssBytes: number;
  /** Growth of RSS over the measurement. */
  grownBytes: number;
}

export async function benchDaemon(farm: Farm, runs: number, measureMs: number): Promise<string> {
  const noExporter = whyNoExporter();
  const outcomes: Outcome[] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`daemon: run ${run} of ${runs}, ${(warmUpMs + measureMs) / 1000} s …\n`);
    outcomes.push(...(await oneRun(noExporter === null, measureMs)));
  }
  const title = `Daemon, every ${intervalMs / 1000} s, page open, ${farm.processCount()} processes; median of ${runs} × ${measureMs / 1000} s`;
  return `${title}\n${report(outcomes)}${noExporter === null ? '' : `\nNot compared: ${noExporter}.`}`;
}

async function oneRun(withExporter: boolean, measureMs: number): Promise<Outcome[]> {
  const daemon = await startDaemon();
  const exporters: Exporter[] = [];
  const page = openPage(daemon.url);
  const scraper = setInterval(() => {
    for (const exporter of exporters) void exporter.scrape();
  }, intervalMs);
  try {
    if (withExporter) {
      exporters.push(await startExporter('process-exporter, no smaps, no threads', ['-gather-smaps=false', '-threads=false']));
      exporters.push(await startExporter('process-exporter, its defaults', []));
    }
    await sleep(warmUpMs);
    const outcomes = await measure([{ name: 'stanch', pid: daemon.pid }, ...exporters], measureMs);
    const { ticks, answers } = page.seen();
    if (ticks < measureMs / intervalMs || answers < ticks)
      throw new Error(`expected a live page; found ${ticks} ticks and ${answers} answers`);
    return outcomes;
  } finally {
    clearInterval(scraper);
    page.close();
    await Promise.all([daemon.stop(), ...exporters.map((exporter) => exporter.stop())]);
  }
}

async function measure(contestants: readonly Contestant[], measureMs: number): Promise<Outcome[]> {
  const read = () => contestants.map(({ name, pid }) => readProcessCost(pid) ?? fail(`${name} has ended`));
  const startMs = performance.now();
  const before = read();
  await sleep(measureMs);
  const after = read();
  const seconds = (performance.now() - startMs) / 1000;
  return contestants.map(({ name }, index) => {
    const [first, last] = [before[index], after[index]];
    if (first === undefined || last === undefined) return fail(`nothing was measured of ${name}`);
    return {
      name,
      cpuRatio: (last.cpuSeconds - first.cpuSeconds) / seconds,
      rssBytes: last.rssBytes,
      grownBytes: last.rssBytes - first.rssBytes,
    };
  });
}

function report(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.map(({ name }) => name))];
  const of = (name: string, pick: (outcome: Outcome) => number) => median(outcomes.filter((each) => each.name === name).map(pick));
  const base = { cpu: of('stanch', ({ cpuRatio }) => cpuRatio), rss: of('stanch', ({ rssBytes }) => rssBytes) };
  const rows = names.map((name) => {
    const cpu = of(name, ({ cpuRatio }) => cpuRatio);
    const rss = of(name, ({ rssBytes }) => rssBytes);
    const grown = of(name, ({ grownBytes }) => grownBytes);
    const times = (value: number) => (name === 'stanch' ? '1' : value.toFixed(2));
    return [name, `${(100 * cpu).toFixed(2)} %`, times(cpu / base.cpu), formatBytes(rss), times(rss / base.rss), formatBytes(grown)];
  });
  return table(['', 'CPU of a core', '× stanch', 'RSS', '× stanch', 'RSS grew by'], rows);
}

async function startDaemon(): Promise<{ pid: number; url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  const args = ['run', '--interval', `${intervalMs / 1000}s`, '--data', folder, '--listen', '127.0.0.1:0'];
  const child = spawn(stanchProgram, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${stanchProgram} could not be started`);
  const lines = createInterface({ input: child.stderr });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const found = /http:\/\/[\d.]+:\d+/.exec(line)?.[0];
      if (found !== undefined) resolve(found);
    });
    lines.on('close', () => reject(new Error('expected the daemon to say where it listens; found that it ended')));
  });
  return {
    pid,
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fail(text: string): never {
  throw new Error(text);
}
