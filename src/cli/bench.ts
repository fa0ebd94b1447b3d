/** `stanch bench`: measures stanch itself. For its developers; the series and the published methods are in lab/leakbench. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { SeedSet } from '../lab/leakbench/case.ts';
import { leaderboard } from '../lab/leakbench/leaderboard.ts';
import { measure, serveOrders, workerMark } from '../lab/leakbench/measure.ts';
import { renderPicture } from '../lab/leakbench/picture.ts';
import { allGenerated, type BenchReport, renderReport, reportOf } from '../lab/leakbench/report.ts';
import { casesOf, type Task, tasksFor } from '../lab/leakbench/tasks.ts';
import { renderTimeline } from '../lab/leakbench/timeline.ts';
import { StanchError } from '../model/errors.ts';
import type { CliContext, CliStream } from './context.ts';

interface BenchDetectFlags {
  seeds: { from: number; to: number };
  set: SeedSet;
  only?: string;
  case?: string;
  data?: string;
  detectors: string[];
  jobs: number;
  families: boolean;
  picture?: string;
  json: boolean;
}

async function benchDetect(this: CliContext, flags: BenchDetectFlags): Promise<void> {
  const { stdout, stderr, env } = this.process;
  if (env[workerMark] === '1') return serveOrders();
  const dataDir = flags.data ?? env.STANCH_DATASETS;
  const tasks = tasksFor({
    seeds: flags.seeds,
    set: flags.set,
    ...(flags.only === undefined ? {} : { only: flags.only }),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  if (flags.case !== undefined) {
    stdout.write(timelines(tasks, flags.case));
    return;
  }
  const startedMs = performance.now();
  const outcomes = await measure({ tasks, detectors: flags.detectors, jobs: flags.jobs, onProgress: progressOn(stderr) });
  const report = reportOf(outcomes, `${flags.seeds.from}..${flags.seeds.to} (${flags.set})`);
  stderr.write(`${outcomes.length} verdicts in ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
  if (flags.picture !== undefined) writePicture(flags.picture, report);
  stdout.write(flags.json ? `${JSON.stringify(report)}\n` : renderReport(report, flags.families));
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

function writePicture(path: string, report: BenchReport): void {
  const group = report.standings.some((standing) => standing.group === allGenerated) ? allGenerated : report.standings[0]?.group;
  const standings = report.standings.filter((standing) => standing.group === group);
  const title = `Leak detection, ${standings[0]?.series ?? 0} series (${group}), seeds ${report.seeds}`;
  try {
    writeFileSync(path, renderPicture(standings, title));
  } catch (cause) {
    throw new StanchError('STANCH_E_DATA_DIR', {
      expected: 'a path to write the picture to',
      found: path,
      next: 'Choose a folder that exists and can be written.',
      cause,
    });
  }
}

function progressOn(stream: CliStream): (done: number, of: number) => void {
  return (done, of) => {
    if (stream.isTTY) stream.write(`\r${done} of ${of}${done === of ? '\n' : ''}`);
  };
}

function parseSeeds(text: string): { from: number; to: number } {
  const match = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text);
  if (!match) throw misused('a range of seeds such as 0..19', text);
  return { from: Number(match[1]), to: Number(match[2]) };
}

function parseJobs(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 256) throw misused('a number of processes from 1 to 256', text);
  return count;
}

function parseDetectors(text: string): string[] {
  const known = leaderboard.map(({ name }) => name);
  const names = text.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw misused(`detectors among ${known.join(', ')}, separated by commas`, unknown);
  return names;
}

function misused(expected: string, found: string): StanchError {
  return new StanchError('STANCH_E_USAGE', { expected, found, next: 'stanch bench detect --help' });
}

const benchDetectCommand = buildCommand<BenchDetectFlags, [], CliContext>({
  docs: {
    brief: 'Detection on generated and recorded series, beside published methods',
    fullDescription: [
      'Feeds every series sample by sample to stanch and to seven published methods, and says how often each found the leaks,',
      'how often it accused what is healthy, and how early. Seeds are split by a hash into those to tune on and those to report on.',
      'The same seeds give the same figures. Recorded series are read from the folder of --data or STANCH_DATASETS.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      seeds: { kind: 'parsed', parse: parseSeeds, brief: 'Range of seeds', default: '0..19' },
      set: { kind: 'enum', values: ['tune', 'test', 'all'], brief: 'Which of them: to tune on, to report on, or both', default: 'tune' },
      only: { kind: 'parsed', parse: String, brief: 'Only families and sets that begin so, or one group', optional: true },
      case: { kind: 'parsed', parse: String, brief: 'Show what stanch says of the series of this name as time goes on', optional: true },
      data: { kind: 'parsed', parse: String, brief: 'Folder of the recorded series; without it only generated ones', optional: true },
      detectors: {
        kind: 'parsed',
        parse: parseDetectors,
        brief: 'Which to run, separated by commas',
        default: leaderboard.map(({ name }) => name).join(','),
      },
      jobs: { kind: 'parsed', parse: parseJobs, brief: 'Processes to share the work', default: String(availableParallelism()) },
      families: { kind: 'boolean', withNegated: false, brief: 'Show every family, not only those with faults', default: false },
      picture: { kind: 'parsed', parse: String, brief: 'Write the leaderboard as an SVG picture to this file', optional: true },
      json: { kind: 'boolean', withNegated: false, brief: 'Print the report as JSON', default: false },
    },
  },
  func: benchDetect,
});

export const benchCommand = buildRouteMap<'detect', CliContext>({
  routes: { detect: benchDetectCommand },
  docs: { brief: 'Measures stanch itself, for its developers' },
});
