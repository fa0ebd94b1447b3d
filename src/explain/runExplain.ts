/** Explains a process in a child: with a deadline, a cap on its memory and a way to cancel it. Whatever happens to it, the process goes on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readRecord } from '../kernel/read.ts';
import { StanchError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import { isValue } from '../model/reading.ts';
import { formatBytes, formatDuration } from '../model/units.ts';
import type { ChildLine } from './childLines.ts';
import type { ExplainRequest } from './explainProcess.ts';
import { endRecording } from './jvm/sampleMeans.ts';
import type { Means } from './means.ts';
import { closeLeftInspector, ownPorts } from './node/inspectorMeans.ts';
import { sweepProbes } from './uprobes/uprobes.ts';

const watchEveryMs = 100;
const pageBytes = 4096;
const mostErrorText = 2_000;

export interface ExplainOptions {
  /** The child is ended then. */
  deadlineMs: number;
  memoryCapBytes: number;
  /** Script of stanch's command line: a child of the same program. */
  entry: string;
  signal: AbortSignal;
  /** `says`: what is about to happen to the process. */
  onProgress(done: number, says: string | null): void;
}

/**
 * What it keeps for long are columns of numbers: a large young generation only holds memory, and threads that collect it together take more CPU than
 * one. Of a JVM of 250 MB, 278 MiB in place of 414, and a sixth of the CPU less.
 */
const childFlags = ['--max-semi-space-size=2', '--single-threaded-gc'];

/** Errors: those of the explanation, STANCH_E_BUDGET when a limit was reached, STANCH_E_GONE when cancelled. */
export async function runExplain(request: ExplainRequest, options: ExplainOptions): Promise<Evidence> {
  const args = [...childFlags, options.entry, 'explain-child'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], env: childEnvironment() });
  const means = request.means ?? 'memory';
  const ended = watchLimits(child, means, options);
  const inspected = means === 'inspector' || means === 'snapshot' ? { before: ownPorts(request.subject.pid) } : null;
  let isAnswered = false;
  let isOpened = means === 'inspector';
  const onProgress: ExplainOptions['onProgress'] = (done, says) => {
    isOpened ||= says !== null;
    options.onProgress(done, says);
  };
  try {
    child.stdin.on('error', () => child.kill('SIGKILL'));
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const evidence = await answerFrom(child, ended, means, onProgress);
    isAnswered = true;
    return evidence;
  } finally {
    ended.stop();
    const exited = child.exitCode === null && child.signalCode === null && child.pid !== undefined ? once(child, 'exit') : null;
    child.kill('SIGKILL');
    if (request.recordingName !== undefined && isOpened && !isAnswered) {
      await exited;
      await endRecording(request.subject.pid, request.recordingName);
    }
    if (request.scratchPath !== undefined) {
      await exited;
      rmSync(request.scratchPath, { force: true });
    }
    if (inspected !== null && isOpened && !isAnswered) {
      await exited;
      onProgress(1, 'closes the inspector of the process');
      await closeLeftInspector(request.subject.pid, inspected.before);
    }
    if (means === 'uprobes') {
      // Whatever became of it, its probes go with it.
      await exited;
      sweepProbes();
    }
  }
}

/** Without what is meant for this process's own Node. */
function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_')));
}

interface Watch {
  /** Why the child was ended; null: it was not. */
  reason: StanchError | null;
  stop(): void;
}

function watchLimits(child: ChildProcess, means: Means, { deadlineMs, memoryCapBytes, signal }: ExplainOptions): Watch {
  const watch: Watch = { reason: null, stop };
  const end = (reason: StanchError) => {
    watch.reason ??= reason;
    child.kill('SIGKILL');
  };
  const onAbort = () => end(cancelled(means));
  const deadline = setTimeout(() => end(overLimit(`an answer within ${formatDuration(deadlineMs)}`, 'none yet', means)), deadlineMs);
  const memory = setInterval(() => {
    const bytes = residentBytes(child.pid);
    if (bytes > memoryCapBytes) end(overLimit(`to need no more than ${formatBytes(memoryCapBytes)}`, formatBytes(bytes), means));
  }, watchEveryMs);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  function stop(): void {
    clearTimeout(deadline);
    clearInterval(memory);
    signal.removeEventListener('abort', onAbort);
  }
  return watch;
}

/** 0 when it is gone. */
function residentBytes(pid: number | undefined): number {
  const bytes = Buffer.alloc(128);
  const length = readRecord(`/proc/${pid}/statm`, bytes);
  return isValue(length) ? Number(bytes.toString('latin1', 0, length).split(' ')[1]) * pageBytes || 0 : 0;
}

async function answerFrom(child: ChildProcess, watch: Watch, means: Means, onProgress: ExplainOptions['onProgress']): Promise<Evidence> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('a child without output');
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-mostErrorText);
  });
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const read = async () => {
    for await (const line of createInterface({ input: stdout })) {
      const said: ChildLine = JSON.parse(line);
      if (said.kind === 'progress') onProgress(said.done, said.says);
      else if (said.kind === 'evidence') return said.evidence;
      else throw new StanchError(said.code, said.parts);
    }
    throw watch.reason ?? childEnded(complaint, means);
  };
  return await Promise.race([read(), failed]);
}

/** What became of the process. */
const leftAs: Record<Means, string> = {
  memory: 'The process was only read, and goes on.',
  inspector: 'The process goes on; its inspector is closed again.',
  samples: 'The process goes on; its recording is over.',
  snapshot: 'The process goes on; a snapshot that had begun comes to its end, and it keeps that memory until it restarts.',
  uprobes: 'The process goes on; its probes are gone.',
};

function overLimit(expected: string, found: string, means: Means): StanchError {
  return new StanchError('STANCH_E_BUDGET', {
    expected,
    found,
    next: `${leftAs[means]} Try when the server is less busy.`,
  });
}

function cancelled(means: Means): StanchError {
  return new StanchError('STANCH_E_GONE', {
    expected: 'an explanation',
    found: 'that it was cancelled',
    next: leftAs[means],
  });
}

function childEnded(complaint: string, means: Means): StanchError {
  return new StanchError('STANCH_E_BUG', {
    expected: 'the child that explains to answer',
    found: complaint.trim() || 'that it ended without a word; the kernel ends it first when memory is short',
    next: `${leftAs[means]} See the kernel log: stanch oom`,
  });
}
