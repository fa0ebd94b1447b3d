/** How long `stanch where` takes from the command to its end. */
import { spawnSync } from 'node:child_process';
import type { Farm } from './farm.ts';
import { stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

export function benchWhere(farm: Farm, runs: number): string {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startMs = performance.now();
    const { status, stderr } = spawnSync(stanchProgram, ['where', '--json'], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    if (status !== 0) throw new Error(`expected stanch where to exit with 0; found ${status}: ${stderr}`);
    seconds.push((performance.now() - startMs) / 1000);
  }
  const row = [`${farm.processCount()} processes`, `${median(seconds).toFixed(2)} s`, `${Math.max(...seconds).toFixed(2)} s`];
  return `stanch where; ${runs} runs\n${table(['', 'median', 'slowest'], [row])}`;
}
