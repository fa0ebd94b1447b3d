/** `stanch bench`: measures stanch itself. For its developers; the series and the published methods are in lab/leakbench. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { buildCommand, buildRouteMap } from '@stricli/core';
import { priorLogOdds, rules } from '../detect/rules/index.ts';
import type { SeedSet } from '../lab/leakbench/case.ts';
import { fitTrust } from '../lab/leakbench/fit.ts';
import { leaderboard } from '../lab/leakbench/leaderboard.ts';
import { glimpse, measure, serveOrders, workerMark } from '../lab/leakbench/measure.ts';
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

interface BenchFitFlags {
  seeds: { from: number; to: number };
  data?: string;
  jobs: number;
}

/** Only ever on tuning seeds, and on recorded series at their own speed; those of which nothing is known count as healthy. */
async function benchFit(this: CliContext, flags: BenchFitFlags): Promise<void> {
  const { stdout, stderr, env } = this.process;
  if (env[workerMark] === '1') return serveOrders();
  const dataDir = flags.data ?? env.STANCH_DATASETS;
  const tasks = tasksFor({ seeds: flags.seeds, set: 'tune', ...(dataDir === undefined ? {} : { dataDir }) });
  const known = tasks.filter((task) => task.kind === 'generated' || task.file.group !== 'observed' || task.file.speed === 1);
  const glimpses = await glimpse({ tasks: known, jobs: flags.jobs, onProgress: progressOn(stderr) });
  const fit = fitTrust(glimpses, { prior: priorLogOdds, trust: rules.map(({ trust }) => trust) });
  const lines = rules.map(({ rule, trust }, i) => `  ${rule.name.padEnd(24)} ${trust.toFixed(2)} → ${(fit.trust[i] ?? 0).toFixed(2)}`);
  stdout.write(
    `${glimpses.length} glimpses of tuning seeds ${flags.seeds.from}..${flags.seeds.to}; mean loss ${fit.loss.toFixed(4)}\n` +
      `trust in force → fitted\n${lines.join('\n')}\n  ${'prior'.padEnd(24)} ${priorLogOdds.toFixed(2)} → ${fit.prior.toFixed(2)}\n`,
  );
}

const benchFitCommand = buildCommand<BenchFitFlags, [], CliContext>({
  docs: {
    brief: 'How much the word of each rule should count, fitted to tuning seeds',
    fullDescription:
      'Prints the trusts that src/detect/rules/index.ts has, and those that fit the tuning seeds and the recorded series best.',
  },
  parameters: {
    flags: {
      seeds: { kind: 'parsed', parse: parseSeeds, brief: 'Range of seeds; only those to tune on are used', default: '0..9' },
      data: { kind: 'parsed', parse: String, brief: 'Folder of the recorded series', optional: true },
      jobs: { kind: 'parsed', parse: parseJobs, brief: 'Processes to share the work', default: String(availableParallelism()) },
    },
  },
  func: benchFit,
});

export const benchCommand = buildRouteMap<'detect' | 'fit', CliContext>({
  routes: { detect: benchDetectCommand, fit: benchFitCommand },
  docs: { brief: 'Measures stanch itself, for its developers' },
});
