/** `stanch why PID|WORKLOAD`: where in the application it leaks, on the process that runs. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { buildCommand } from '@stricli/core';
import { estimateFor, memoryCapBytes, ownBytes, readHeadroom } from '../explain/cost.ts';
import { EvidenceFolder } from '../explain/evidenceFolder.ts';
import { type ExportFormat, exportEvidence, exportFormats } from '../explain/export/exportEvidence.ts';
import { startTimeOf } from '../explain/identity.ts';
import { attachableJvm } from '../explain/jvm/hotspotAttach.ts';
import { requireRecorderRoom, samplesCostText } from '../explain/jvm/sampleMeans.ts';
import { type Means, meansOfExplaining } from '../explain/means.ts';
import { openHeapSnapshot } from '../explain/node/heapSnapshot.ts';
import { requireInspectable } from '../explain/node/inspectorMeans.ts';
import { answerOfSnapshot, type SnapshotAnswer } from '../explain/node/snapshotAnswer.ts';
import { type SnapshotCost, snapshotCost, snapshotRssBytes } from '../explain/node/snapshotCost.ts';
import { requireRoom, snapshotCostText } from '../explain/node/snapshotMeans.ts';
import { openTarget } from '../explain/openTarget.ts';
import { runExplain } from '../explain/runExplain.ts';
import { mostLostMs, mostShare } from '../explain/uprobes/pulse.ts';
import { requireProbeable } from '../explain/uprobes/uprobeMeans.ts';
import { StanchError } from '../model/errors.ts';
import type { EvidenceCost, EvidenceSubject } from '../model/evidence.ts';
import { formatBytes, formatDuration, formatMs } from '../model/units.ts';
import { Sampler } from '../sample/sampler.ts';
import { findTarget } from '../stabilise/target.ts';
import { confirmed } from './confirm.ts';
import type { CliContext } from './context.ts';
import { evidenceReport } from './evidenceReport.ts';
import { jsonText } from './jsonText.ts';
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
const mostComparisonMs = 120_000;
const mostSnapshotMs = 600_000;
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
      dryRun: { kind: 'boolean', default: false, withNegated: false, brief: 'Only say what it would cost' },
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
  const intervalMs = flags.for / 2;
  const estimate = estimateOf(subject, intervalMs, flags.means);
  const snapshot = flags.means === 'snapshot' ? snapshotCostOf(subject) : null;
  stderr.write(`stanch: ${costOf(flags.means, subject, estimate, snapshot, flags.for)}\n`);
  if (flags.dryRun) return;
  refuseWithoutRoom(estimate);
  if (flags.means === 'samples') requireRecorderRoom(subject.pid);
  const folder = new EvidenceFolder(settings.dataDir);
  const scratchPath = snapshot === null ? null : folder.scratchPath(Date.now());
  if (snapshot !== null && scratchPath !== null) {
    requireRoom(subject.pid, snapshot, dirname(scratchPath));
    if (!flags.yes && !(await confirmed(this, flags))) {
      this.process.exitCode = 1;
      stdout.write('Nothing was done.\n');
      return;
    }
  }
  const evidence = await runExplain(
    {
      subject,
      intervalMs,
      showTexts: flags.strings,
      means: flags.means,
      ...(scratchPath === null ? {} : { scratchPath }),
      ...(flags.means === 'samples' ? { recordingName: randomBytes(8).toString('hex') } : {}),
    },
    {
      entry: process.argv[1] ?? '',
      deadlineMs: flags.for + mostComparisonMs + (scratchPath === null ? 0 : mostSnapshotMs),
      memoryCapBytes: memoryCapBytes(estimate),
      signal: onSignals(),
      onProgress: (done, says) => {
        if (says !== null) stderr.write(`${stderr.isTTY ? '\r\x1b[K' : ''}stanch: ${says}\n`);
        if (stderr.isTTY) stderr.write(`\rstanch: ${Math.round(done * 100)} %`);
      },
    },
  );
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
  refuseWithoutRoom({ rssBytes: snapshotRssBytes(size) });
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

/** Errors: STANCH_E_NOT_POSSIBLE where the process or the kernel does not allow these means. */
function estimateOf(subject: EvidenceSubject, intervalMs: number, means: Means): EvidenceCost {
  const memory = openTarget(subject);
  try {
    if (means === 'inspector' || means === 'snapshot') requireInspectable(subject.pid);
    if (means === 'samples') attachableJvm(subject.pid);
    if (means === 'uprobes') requireProbeable(memory);
    return estimateFor(memory, intervalMs, means);
  } finally {
    memory.close();
  }
}

function snapshotCostOf(subject: EvidenceSubject): SnapshotCost {
  const memory = openTarget(subject);
  try {
    return snapshotCost(ownBytes(memory));
  } finally {
    memory.close();
  }
}

function costText({ pid, name }: EvidenceSubject, { cpuSeconds, rssBytes, wallMs }: EvidenceCost): string {
  return `reads process ${pid} (${printable(name)}) three times within ${formatDuration(wallMs)}. It is not stopped (pause: none), nothing is written to it; stanch needs about ${formatMs(cpuSeconds * 1000)} of CPU time, niced, ${formatBytes(rssBytes)} of memory, and 64 KiB of disk.`;
}

function costOf(means: Means, subject: EvidenceSubject, estimate: EvidenceCost, snapshot: SnapshotCost | null, forMs: number): string {
  if (means === 'inspector') return inspectorCostText(subject, forMs);
  if (snapshot !== null) return `${costText(subject, estimate)} ${snapshotCostText(snapshot)}`;
  if (means === 'samples') return `${costText(subject, estimate)} ${samplesCostText}`;
  return means === 'uprobes' ? `${costText(subject, estimate)} ${probesCostText}` : costText(subject, estimate);
}

const probesCostText = `Only when blocks grow: probes at the program's own calls of malloc for up to 5 s, never at malloc itself, in this process and in others that run the same file. They are counted for 0.1 s first; it ends there where more would take over ${Math.round(mostShare * 100)} % of one processor, and takes ${formatMs(mostLostMs)} of CPU time from the process at most. Then one more look.`;

function inspectorCostText({ pid, name }: EvidenceSubject, forMs: number): string {
  return `sends SIGUSR1 to process ${pid} (${printable(name)}), which catches it and opens its inspector on loopback for ${formatDuration(forMs)}; one sample for each 32 KiB that it allocates, at some per cent of its CPU time; three answers of up to 100 ms each in its event loop. The inspector is closed again.`;
}

/** Errors: STANCH_E_BUDGET. */
function refuseWithoutRoom({ rssBytes }: Pick<EvidenceCost, 'rssBytes'>): void {
  const headroom = readHeadroom(rssBytes);
  if (headroom === null || headroom.isEnough) return;
  throw new StanchError('STANCH_E_BUDGET', {
    expected: `twice ${formatBytes(rssBytes)} of memory to be free`,
    found: `${formatBytes(headroom.bytes)} (${headroom.wall})`,
    next: 'Make room first: stanch do throttle WORKLOAD. Who holds it: stanch where',
  });
}

function onSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
