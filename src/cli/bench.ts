import { availableParallelism } from 'node:os';
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { SeedSet } from '../lab/leakbench/case.ts';
import { leaderboard } from '../lab/leakbench/leaderboard.ts';
import { measure, serveOrders, workerMark } from '../lab/leakbench/measure.ts';
import { renderReport, reportOf } from '../lab/leakbench/report.ts';
import { casesOf, type Task, tasksFor } from '../lab/leakbench/tasks.ts';
import { renderTimeline } from '../lab/leakbench/timeline.ts';
import { StanchError } from '../model/errors.ts';

interface BenchDetectFlags {
  seeds: { from: number; to: number };
  set: SeedSet;
  only?: string;
  case?: string;
  data?: string;
  detectors?: string;
  jobs: number;
  families: boolean;
  json: boolean;
}

async function benchDetect(flags: BenchDetectFlags): Promise<void> {
  if (process.env[workerMark] === '1' && process.send) return serveOrders();
  const dataDir = flags.data ?? process.env.STANCH_DATASETS;
  const tasks = tasksFor({
    seeds: flags.seeds,
    set: flags.set,
    ...(flags.only === undefined ? {} : { only: flags.only }),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  if (flags.case !== undefined) {
    process.stdout.write(timelines(tasks, flags.case));
    return;
  }
  const started = performance.now();
  const outcomes = await measure({ tasks, detectors: detectorsNamed(flags.detectors), jobs: flags.jobs, onProgress: showProgress });
  const report = reportOf(outcomes, `${flags.seeds.from}..${flags.seeds.to} (${flags.set})`);
  process.stderr.write(`\r${outcomes.length} outcomes in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : renderReport(report, flags.families));
}

/** What stanch says of the series whose name contains `name`, as time goes on. */
function timelines(tasks: Task[], name: string): string {
  const [own] = leaderboard;
  const family = name.replace(/#.*/, '');
  const texts = tasks
    .filter((task) => task.kind === 'recorded' || task.family.startsWith(family))
    .flatMap((task) => [...casesOf(task)])
    .filter(({ id }) => id.includes(name))
    .map((benchCase) => (own ? renderTimeline(benchCase, own) : ''));
  return texts.join('\n');
}

function showProgress(done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done}/${of}`);
}

function detectorsNamed(list: string | undefined): string[] {
  const known = leaderboard.map(({ name }) => name);
  if (list === undefined) return known;
  return list.split(',').map((name) => {
    if (known.includes(name)) return name;
    throw new StanchError('STANCH_E_USAGE', {
      expected: `detectors among ${known.join(', ')}`,
      found: name,
      next: 'Name them as listed, separated by commas.',
    });
  });
}

function parseSeeds(text: string): { from: number; to: number } {
  const match = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text);
  if (!match) throw new SyntaxError(`expected a range of seeds such as 0..19; found ${text}`);
  return { from: Number(match[1]), to: Number(match[2]) };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 256) throw new SyntaxError(`expected a number from 1 to 256; found ${text}`);
  return count;
}

const benchDetectCommand = buildCommand({
  docs: { brief: 'Measure leak detection on generated and recorded series against published methods' },
  parameters: {
    flags: {
      seeds: { kind: 'parsed', parse: parseSeeds, brief: 'Range of seeds', default: '0..19' },
      set: {
        kind: 'enum',
        values: ['tune', 'test', 'all'],
        brief: 'Which of them: those to tune on, those to report on, or both',
        default: 'tune',
      },
      only: { kind: 'parsed', parse: String, brief: 'Only families that begin so, or one group', optional: true },
      case: { kind: 'parsed', parse: String, brief: 'Show what stanch says of the series of this name as time goes on', optional: true },
      data: {
        kind: 'parsed',
        parse: String,
        brief: 'Folder of the recorded series; STANCH_DATASETS when not given, and without either only generated series are run',
        optional: true,
      },
      detectors: { kind: 'parsed', parse: String, brief: 'Detectors, separated by commas; all when not given', optional: true },
      jobs: { kind: 'parsed', parse: parseCount, brief: 'Processes to share the work', default: String(availableParallelism()) },
      families: { kind: 'boolean', brief: 'Show every family, not only those with faults', default: false },
      json: { kind: 'boolean', brief: 'Print the report as JSON', default: false },
    },
  },
  func: (flags: BenchDetectFlags) => benchDetect(flags),
});

export const benchCommands = buildRouteMap({
  routes: { detect: benchDetectCommand },
  docs: { brief: 'Measure stanch itself (for its developers)' },
});
