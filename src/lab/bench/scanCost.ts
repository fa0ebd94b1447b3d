/** What stanch costs on 1,000 and on 5,000 processes, and what its store does, beside others: one table, as ratios. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { formatBytes } from '../../model/units.ts';
import { whyNotRunnable } from '../programs.ts';
import { whyNoExporter } from './exporter.ts';
import { isInstalled, peers } from './peers.ts';
import type { PopulationCost } from './populationCost.ts';
import { benchStore } from './storeCost.ts';
import { table } from './table.ts';

/** A /proc of its own, in which nothing but the population is seen, and which ends as a whole. */
const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

export async function benchCost(runs: number, minutes: number): Promise<string> {
  const few = await measureApart(1000, runs, minutes, true);
  const many = await measureApart(5000, runs, minutes, false);
  const store = await benchStore(runs);
  const head = ['', `${few.processes} processes`, 'stanch is', `${many.processes} processes`, 'stanch is', 'target'];
  const rows = [...lookRows(few, many), ...growthRows(few, many), ...daemonRows(few, many), ...store];
  const title = `CPU of a look at all processes, memory, and the store; median of ${runs} runs`;
  return [`${title}\n${table(head, rows)}`, ...notCompared()].join('\n');
}

async function measureApart(count: number, runs: number, minutes: number, withHolders: boolean): Promise<PopulationCost> {
  process.stderr.write(`cost: starting ${count} processes …\n`);
  const namespace = spawnSync('unshare', [...apart.slice(1), 'true'], { stdio: 'ignore' }).status === 0 ? apart : [];
  const work = [
    process.execPath,
    join(import.meta.dirname, 'populationMain.ts'),
    ...[count, runs, minutes, Number(withHolders)].map(String),
  ];
  const [command = '', ...args] = [...namespace, ...work];
  // A group of its own: see there.
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`expected the costs of ${count} processes; found that it ended with ${code}`);
  return JSON.parse(output);
}

const targets = new Map([
  ['Netdata apps.plugin, without files', '≤ 0.33'],
  ['process-exporter, its defaults', '≤ 0.01'],
]);

function lookRows(few: PopulationCost, many: PopulationCost): string[][] {
  return Object.keys(few.lookMs).map((name) => {
    const cells = [few, many].flatMap(({ lookMs }) => {
      const [own, other] = [lookMs.stanch ?? Number.NaN, lookMs[name] ?? Number.NaN];
      return [`${other.toFixed(1)} ms`, name === 'stanch' ? '1' : `${(own / other).toFixed(own / other < 0.1 ? 4 : 2)} of it`];
    });
    return [name, ...cells, targets.get(name) ?? ''];
  });
}

function growthRows(few: PopulationCost, many: PopulationCost): string[][] {
  const each = ({ lookMs, processes }: PopulationCost) => ((lookMs.stanch ?? Number.NaN) * 1000) / processes;
  const growth = [
    'stanch, a process',
    `${each(few).toFixed(1)} µs`,
    '',
    `${each(many).toFixed(1)} µs`,
    `× ${(each(many) / each(few)).toFixed(2)}`,
    'linear: × 1',
  ];
  const { holding } = few;
  if (holding === null) return [growth];
  const beside = (what: string, ms: number) => [
    `… beside one that holds 10,000 ${what} more`,
    `${ms.toFixed(1)} ms`,
    `× ${(ms / holding.alone).toFixed(2)}`,
  ];
  return [growth, beside('files', holding.files), beside('connections', holding.connections)];
}

function daemonRows(few: PopulationCost, many: PopulationCost): string[][] {
  const row = (name: string, pick: (cost: PopulationCost['daemon']) => string, target: string) => [
    name,
    pick(few.daemon),
    '',
    pick(many.daemon),
    '',
    target,
  ];
  return [
    row('daemon every second: CPU of a core', ({ cpuMsPerSecond }) => `${(cpuMsPerSecond / 10).toFixed(2)} %`, ''),
    row('daemon every second: RSS', ({ rssBytes }) => formatBytes(rssBytes), `≤ ${formatBytes(80e6)} and ${formatBytes(120e6)}`),
    row('daemon every second: RSS grew, a minute', ({ grownBytesPerMinute }) => `${Math.round(grownBytesPerMinute / 1024)} KiB`, ''),
  ];
}

function notCompared(): string[] {
  const missing = peers.filter((peer) => !isInstalled(peer)).map(({ name, debianPackage }) => `${name} (apt-get install ${debianPackage})`);
  const noExporter = whyNoExporter();
  const noCompiler = whyNotRunnable('c');
  return [...missing, noExporter, noCompiler].filter((what) => what !== null).map((what) => `Not compared: ${what}.`);
}
