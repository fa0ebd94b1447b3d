/**
 * Does a process notice that stanch looks at it? It measures itself with its own clock, in turn left alone and looked at without any
 * rest: scan upon scan of all processes, and round upon round through its open files, hundreds of times as often as stanch does.
 * With real-time priority where that is allowed, or what is measured is the load of the machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { CloserLook } from '../../sample/openFiles/closerLook.ts';
import { ProcessEntry } from '../../sample/processEntry.ts';
import { Sampler } from '../../sample/sampler.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

const measureMs = 4000;
const watchedProgram = join(import.meta.dirname, 'watchedProcess.mjs');

interface Latency {
  times: number;
  median: number;
  p999: number;
  slowest: number;
  overOneMs: number;
}

export async function benchStall(runs: number): Promise<string> {
  const realTime = spawnSync('chrt', ['-f', '50', 'true'], { stdio: 'ignore' }).status === 0;
  const [command = '', ...args] = [...(realTime ? ['chrt', '-f', '50'] : []), process.execPath, watchedProgram];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  try {
    await once(lines, 'line');
    const alone: Latency[] = [];
    const lookedAt: Latency[] = [];
    let looks = 0;
    for (let run = 1; run <= runs; run += 1) {
      process.stderr.write(`stall: run ${run} of ${runs}, ${(2 * measureMs) / 1000} s …\n`);
      for (const into of [alone, lookedAt]) {
        const answer = once(lines, 'line').then(([line]) => parseLatency(String(line)));
        child.stdin.write(`${measureMs}\n`);
        if (into === lookedAt && child.pid !== undefined) looks += await lookUntil(child.pid, answer);
        into.push(await answer);
      }
    }
    const priority = realTime ? ', with real-time priority' : '';
    const title = `A process with 3000 open files that opens a file and takes memory all the time${priority}; ${runs} × ${measureMs / 1000} s`;
    const rows = [row('left alone', alone), row(`looked at, ${looks} times`, lookedAt)];
    return `${title}\n${table(['', 'times', 'median', '99.9 %', 'slowest', 'over 1 ms'], rows)}\n${conclusion(alone, lookedAt)}`;
  } finally {
    child.kill('SIGKILL');
  }
}

/** Scan after scan and round after round until it has its answer; says how many. */
async function lookUntil(pid: number, answer: Promise<Latency>): Promise<number> {
  let nowMs = 0;
  const sampler = new Sampler();
  const closer = new CloserLook(() => nowMs);
  closer.choose([new ProcessEntry('/proc', pid, 1, false, 1)], 0);
  let answered = false;
  void answer.then(() => {
    answered = true;
  });
  let rounds = 0;
  for (; !answered; rounds += 1) {
    // Past every rest.
    nowMs += 1e9;
    sampler.scan(nowMs);
    while (closer.step());
    await wait(0);
  }
  closer.stop();
  sampler.close();
  return rounds;
}

function row(name: string, latencies: readonly Latency[]): string[] {
  const of = (pick: (latency: Latency) => number) => latencies.map(pick);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return [
    name,
    `${sum(of(({ times }) => times))}`,
    milliseconds(median(of((latency) => latency.median))),
    milliseconds(median(of(({ p999 }) => p999))),
    milliseconds(Math.max(...of(({ slowest }) => slowest))),
    `${sum(of(({ overOneMs }) => overOneMs))}`,
  ];
}

function conclusion(alone: readonly Latency[], lookedAt: readonly Latency[]): string {
  const longest = (latencies: readonly Latency[]) => median(latencies.map(({ slowest }) => slowest));
  const above = longest(lookedAt) - longest(alone);
  return `Longest pause above that of being left alone, median of the runs: ${above > 0 ? milliseconds(above) : 'none'}`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(3)} ms`;
}

function parseLatency(line: string): Latency {
  const { times, median, p999, slowest, overOneMs } = JSON.parse(line);
  return { times, median, p999, slowest, overOneMs };
}
