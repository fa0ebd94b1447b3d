/**
 * What judging costs the daemon: a thousand services with 14 days of history, for one more hour at ten seconds.
 * A history of 121 million samples is not made anew: each of the twenty kinds of service is watched for 14 days, sample by sample, and
 * its state given to fifty services, as the daemon takes up its watches after a restart.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSubjectWatch } from '../../detect/subjectWatch.ts';
import { formatBytes } from '../../model/units.ts';
import { serviceKinds, serviceSample } from './judgedServices.ts';
import { historyEndMs, historyStartMs, intervalMs, type JudgeLoad, measuredMs, stateFile, subjectCount } from './judgeLoad.ts';
import { stanchProgram } from './stanchProgram.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

export function benchJudge(runs: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
  try {
    process.stderr.write(`judge: making ${(historyEndMs - historyStartMs) / 86_400_000} days of history …\n`);
    for (let kind = 0; kind < serviceKinds; kind += 1) writeFileSync(stateFile(folder, kind), historyOf(kind));
    const loads: JudgeLoad[] = [];
    for (let run = 1; run <= runs; run += 1) {
      process.stderr.write(`judge: run ${run} of ${runs} …\n`);
      loads.push(judgeOnce(folder));
    }
    return report(loads);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function historyOf(kind: number): Uint8Array {
  const watch = createSubjectWatch(`kind-${kind}`);
  for (let timeMs = historyStartMs; timeMs <= historyEndMs; timeMs += intervalMs) watch.push(serviceSample(kind, timeMs, historyStartMs));
  return watch.snapshot();
}

function judgeOnce(folder: string): JudgeLoad {
  const script = join(import.meta.dirname, 'judgeLoad.ts');
  return JSON.parse(execFileSync(process.execPath, [...daemonNodeOptions(), script, folder], { encoding: 'utf8' }));
}

/** Without the optimising compilers, as the daemon runs: everything costs several times more than in a scan. */
function daemonNodeOptions(): string[] {
  const options = /exec "\$node" (--[^"]*) "\$program"/.exec(readFileSync(stanchProgram, 'utf8'))?.[1];
  if (options === undefined) throw new Error(`expected the daemon's Node options in ${stanchProgram}; found none`);
  return options.split(' ');
}

function report(loads: readonly JudgeLoad[]): string {
  const share = (pick: (load: JudgeLoad) => number) => `${((100 * median(loads.map(pick))) / (measuredMs / 1000)).toFixed(2)} %`;
  const row = [
    `${subjectCount} subjects, 14 days`,
    share(({ pushCpuSeconds }) => pushCpuSeconds),
    share(({ judgeCpuSeconds }) => judgeCpuSeconds),
    share(({ pushCpuSeconds, judgeCpuSeconds }) => pushCpuSeconds + judgeCpuSeconds),
    `${median(loads.map(({ leaks }) => leaks))}`,
    formatBytes(median(loads.map(({ rssBytes }) => rssBytes))),
  ];
  const title = `Judging in the daemon, a sample every ${intervalMs / 1000} s; share of one core, median of ${loads.length} × 1 h simulated`;
  return `${title}\n${table(['', 'taking in', 'verdicts', 'together', 'leaks', 'RSS'], [row])}`;
}
