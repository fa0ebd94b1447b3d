/** `stanch why PID|WORKLOAD`: where in the application it leaks, on the process that runs. */
import { statSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { buildCommand } from '@stricli/core';
import { type Headroom, headroomFactor, requireHeadroom } from '../explain/cost.ts';
import { EvidenceFolder } from '../explain/evidenceFolder.ts';
import { type ExplainPlan, limitsOf, planFor, requestFor } from '../explain/explainPlan.ts';
import { type ExportFormat, exportEvidence, exportFormats } from '../explain/export/exportEvidence.ts';
import { startTimeOf } from '../explain/identity.ts';
import { type Means, meansOfExplaining } from '../explain/means.ts';
import { openHeapSnapshot } from '../explain/node/heapSnapshot.ts';
import { answerOfSnapshot, type SnapshotAnswer } from '../explain/node/snapshotAnswer.ts';
import { snapshotRssBytes } from '../explain/node/snapshotCost.ts';
import { runExplain } from '../explain/runExplain.ts';
import { StanchError } from '../model/errors.ts';
import type { EvidenceSubject } from '../model/evidence.ts';
import { formatBytes, formatDuration, formatMs } from '../model/units.ts';
import { Sampler } from '../sample/sampler.ts';
import { findTarget } from '../stabilise/target.ts';
import { confirmed } from './confirm.ts';
import type { CliContext } from './context.ts';
import { evidenceReport } from './evidenceReport.ts';
import { jsonText } from './jsonText.ts';
import { onSignals } from './onSignals.ts';
import { createPaint } from './paint.ts';
import { printable } from './printable.ts';
import { parseDuration } from './quantity.ts';
import { loadSettings } from './settings.ts';
import { surroundings } from './settingsFlags.ts';
import { snapshotReport } from './snapshotReport.ts';

interface Flags {
  means: Means;
  heapSnapshot?: string;
  for: number;
  strings: boolean;
  export?: ExportFormat;
  dryRun: boolean;
  yes: boolean;
  json: boolean;
  data?: string;
  noColor: boolean;
}

const leastForMs = 2_000;
const mostForMs = 3_600_000;
const text = (value: string) => value;

export const whyCommand = buildCommand<Flags, [string?], CliContext>({
  docs: {
    brief: 'Where in the application it leaks: which type grows in the running process, and who holds it',
    fullDescription:
      'Reads the memory of the process three times and compares. The process is not stopped, signalled or written to; nothing is swapped in. The cost is told first, and without room for it nothing is done (exit 75). The evidence is kept in the data folder, for its owner alone: stanch evidence. Texts in it are masked unless --strings. Exit code 0, also when nothing grows. Needs root for the processes of others.',
  },
  parameters: {
    flags: {
      for: { kind: 'parsed', parse: time, default: '20s', placeholder: 'TIME', brief: 'How long to look; longer for what grows slowly' },
      strings: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Show texts out of its memory as they are: they may be secret',
      },
      export: { kind: 'enum', values: exportFormats, optional: true, brief: 'Print the evidence in the format of another tool' },
      means: {
        kind: 'enum',
        values: meansOfExplaining,
        default: 'memory',
        brief:
          'inspector, of a Node process: names the line that allocates; sends SIGUSR1, which it catches, and closes the inspector again. snapshot, of a Node process: adds a heap snapshot, for which it stands still; asks first. samples, of a JVM: the line that allocates and who holds it, by its flight recorder; sends SIGQUIT, which it catches. uprobes, of native code: names the function that allocates what grows; puts probes at its calls of malloc for seconds',
      },
      heapSnapshot: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'FILE',
        brief: 'In place of a process: what keeps the most alive in a .heapsnapshot of Node or Chrome',
      },
      dryRun: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Only say what it would cost, and whether there is room for it',
      },
      yes: { kind: 'boolean', default: false, withNegated: false, brief: 'Take a heap snapshot without asking' },
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print the evidence as one JSON document' },
      data: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'DIR',
        brief: 'Folder for the evidence; that of the daemon by default',
      },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: text, optional: true, placeholder: 'WORKLOAD', brief: 'A pid, the name of a workload, or a part of it that only one has' },
      ],
    },
  },
  func: why,
});

async function why(this: CliContext, flags: Flags, wanted?: string): Promise<void> {
  const { stdout, stderr, env } = this.process;
  if (flags.heapSnapshot !== undefined) {
    const answer = readSnapshotFile(flags.heapSnapshot, flags.strings);
    stdout.write(
      flags.json
        ? `${jsonText({ schema: 'stanch.snapshot/1', ...answer })}\n`
        : snapshotReport(answer, createPaint(stdout, env, flags.noColor)),
    );
    return;
  }
  if (wanted === undefined) throw nothingNamed();
  const { settings } = loadSettings(flags.data === undefined ? {} : { data: flags.data }, surroundings(env));
  const subject = findSubject(wanted);
  const plan = planFor(subject, flags.for / 2, flags.means);
  const folder = new EvidenceFolder(settings.dataDir);
  stderr.write(`stanch: ${costText(plan)}\n`);
  const request = requestFor(plan, folder, flags.strings);
  if (flags.dryRun) return;
  if (flags.means === 'snapshot' && !flags.yes && !(await confirmed(this, flags))) {
    this.process.exitCode = 1;
    stdout.write('Nothing was done.\n');
    return;
  }
  const evidence = await runExplain(request, {
    ...limitsOf(plan),
    entry: process.argv[1] ?? '',
    signal: onSignals(),
    onProgress: (done, says) => {
      if (says !== null) stderr.write(`${stderr.isTTY ? '\r\x1b[K' : ''}stanch: ${says}\n`);
      if (stderr.isTTY) stderr.write(`\rstanch: ${Math.round(done * 100)} %`);
    },
  });
  if (stderr.isTTY) stderr.write('\r\x1b[K');
  const path = folder.put(evidence);
  stderr.write(`stanch: kept as ${evidence.id} in ${printable(path)}\n`);
  if (flags.export !== undefined) writeOut(exportEvidence(evidence, flags.export));
  else if (flags.json) stdout.write(`${jsonText(evidence)}\n`);
  else stdout.write(evidenceReport(evidence, createPaint(stdout, env, flags.noColor)));
}

/** Errors: STANCH_E_NO_INPUT, STANCH_E_SNAPSHOT, STANCH_E_BUDGET without the memory for it. */
function readSnapshotFile(path: string, showTexts: boolean): SnapshotAnswer {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    throw new StanchError('STANCH_E_NO_INPUT', {
      expected: 'a heap snapshot of V8',
      found: `no file ${JSON.stringify(path)}`,
      next: 'v8.writeHeapSnapshot() in the program writes one, and says its name.',
    });
  }
  requireHeadroom(snapshotRssBytes(size));
  setPriority(constants.priority.PRIORITY_LOW);
  const snapshot = openHeapSnapshot(path);
  try {
    return answerOfSnapshot(snapshot, showTexts);
  } finally {
    snapshot.close();
  }
}

function nothingNamed(): StanchError {
  return new StanchError('STANCH_E_USAGE', {
    expected: 'a pid or a workload, or --heap-snapshot FILE',
    found: 'neither',
    next: 'stanch top shows what grows.',
  });
}

/** Bytes that are no text go past the stream of the command. */
export function writeOut(content: string | Buffer): void {
  process.stdout.write(content);
}

function time(value: string): number {
  const ms = parseDuration(value);
  if (ms !== null && ms >= leastForMs && ms <= mostForMs) return ms;
  throw new StanchError('STANCH_E_USAGE', {
    expected: '--for to be a time from 2s to 1h, with its unit',
    found: JSON.stringify(value),
    next: 'For example --for 1m',
  });
}

/** Errors: STANCH_E_NO_SUBJECT. Of a workload, its largest process. */
function findSubject(wanted: string): EvidenceSubject {
  const sampler = new Sampler();
  try {
    const scan = sampler.scan(Date.now());
    const pid = /^\d{1,10}$/.test(wanted) ? Number(wanted) : null;
    const known = scan.processes.find(({ id }) => id.pid === pid);
    if (pid !== null && known === undefined) throw noProcess(pid);
    if (known !== undefined && pid !== null) {
      return { pid, startTimeTicks: startTimeOf(pid) ?? 0, subjectId: known.subject.id, name: known.command };
    }
    const { subject, processes } = findTarget(scan, wanted, null);
    const [largest] = processes;
    if (largest === undefined) throw noProcess(0);
    return { pid: largest.id.pid, startTimeTicks: largest.id.startTimeTicks, subjectId: subject.id, name: subject.name };
  } finally {
    sampler.close();
  }
}

function noProcess(pid: number): StanchError {
  return new StanchError('STANCH_E_NO_SUBJECT', {
    expected: 'the pid of a process that runs, or the name of a workload',
    found: `no process ${pid}`,
    next: 'stanch top shows what grows.',
  });
}

/** What is looked at, and how often. */
function looksText({ subject: { pid, name }, means, pool, estimate }: ExplainPlan): string {
  const target = `process ${pid} (${printable(name)})`;
  const span = formatDuration(estimate.wallMs);
  if (means === 'inspector') return `asks ${target} itself within ${span}`;
  const what =
    pool === null
      ? `reads ${target} three times within ${span}`
      : `looks at the workers of pool ${printable(pool)} again and again for ${span}`;
  return `${what}. For that ${pool === null ? 'it is not' : 'they are not'} stopped (pause: none), and nothing is written to ${pool === null ? 'it' : 'them'}`;
}

function costText(plan: ExplainPlan): string {
  const { estimate, does, headroom } = plan;
  const { cpuSeconds, rssBytes } = estimate;
  const own = `stanch needs about ${formatMs(cpuSeconds * 1000)} of CPU time, niced, ${formatBytes(rssBytes)} of memory, and 64 KiB of disk`;
  return [`${looksText(plan)}; ${own}.`, roomText(headroom, rssBytes), does].filter((part) => part !== null).join(' ');
}

function roomText(headroom: Headroom | null, rssBytes: number): string {
  if (headroom === null) return 'How much memory is free, the system does not say.';
  const { bytes, wall, isEnough } = headroom;
  return `There is ${isEnough ? '' : 'no '}room for it: ${formatBytes(bytes)} free (${wall}), where ${formatBytes(rssBytes * headroomFactor)} have to be.`;
}
