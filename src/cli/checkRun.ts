/** Runs a command, samples everything it starts, drives it with another, and judges what it held. Leaves nothing behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSubjectWatch } from '../detect/subjectWatch.ts';
import { StanchError } from '../model/errors.ts';
import type { Sample } from '../model/gauge.ts';
import { privateMemory } from '../model/gauge.ts';
import { valueOrNull } from '../model/reading.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import { MarkedTree } from '../sample/markedTree.ts';

export interface CheckOptions {
  command: readonly string[];
  /** Run again whenever it ends; null: none. */
  load: readonly string[] | null;
  durationMs: number;
  /** What it holds meanwhile is not judged: it has to start first. */
  warmUpMs: number;
  signal: AbortSignal;
  /** Told after each sample. */
  onSample?(elapsedMs: number, verdict: SubjectVerdict): void;
}

export interface CheckPoint {
  /** Since the start of the command. */
  atMs: number;
  privateBytes: number | null;
  fds: number | null;
}

export interface CheckOutcome {
  verdict: SubjectVerdict;
  points: CheckPoint[];
  /** What was judged of it. */
  judgedMs: number;
  /** It ended by itself, before its time: how; null: it was ended. */
  ended: { code: number | null; signal: string | null } | null;
  /** How often the load ended well, and how often it failed; the last time it is mostly ended by the check, which is neither. */
  loadRuns: number;
  loadFailures: number;
}

const everyMs = 250;
const keptPoints = 2000;
const patienceMs = 5000;

/** Errors: STANCH_E_NO_INPUT when the command or the load cannot be started. */
export async function runCheck(
  name: string,
  { command, load, durationMs, warmUpMs, signal, onSample }: CheckOptions,
): Promise<CheckOutcome> {
  const mark = `STANCH_CHECK=${randomUUID()}`;
  const tree = new MarkedTree(mark);
  const watch = createSubjectWatch(name);
  const points: CheckPoint[] = [];
  const child = await start(command, { ...process.env, STANCH_CHECK: mark.slice('STANCH_CHECK='.length) });
  const exited = once(child, 'exit');
  const done = new AbortController();
  const driving = load === null ? null : drive(load, warmUpMs / 2, AbortSignal.any([signal, done.signal]));
  // A load that cannot be started is told at once, and not after the whole time.
  driving?.catch(() => done.abort());
  const startMs = performance.now();
  const epochMs = Date.now();
  let judgedMs = 0;
  let ended: CheckOutcome['ended'] = null;
  try {
    while (!signal.aborted && !done.signal.aborted) {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs >= durationMs) break;
      const sample = tree.sample(epochMs + elapsedMs);
      if (sample === null) {
        const [code, by] = await exited;
        ended = { code, signal: by };
        break;
      }
      keep(points, sample, elapsedMs);
      if (elapsedMs >= warmUpMs) {
        watch.push(sample);
        judgedMs = elapsedMs - warmUpMs;
      }
      onSample?.(elapsedMs, watch.verdict());
      await sleep(everyMs - ((performance.now() - startMs) % everyMs));
    }
  } finally {
    done.abort();
    await endAll(tree);
  }
  signal.throwIfAborted();
  const driven = (await driving) ?? { loadRuns: 0, loadFailures: 0 };
  return { verdict: watch.verdict(), points, judgedMs, ended, ...driven };
}

/** Its output is that of the check, on stderr: stdout has the answer. */
async function start(command: readonly string[], env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { env, stdio: ['ignore', 2, 2] });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw notStarted('a command', file, 'For example: stanch check -- node server.js', cause);
  }
  return child;
}

function notStarted(what: string, file: string, next: string, cause: unknown): StanchError {
  const found = `${JSON.stringify(file)}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new StanchError('STANCH_E_NO_INPUT', { expected: `${what} that can be started`, found, next, cause });
}

/** It begins after half the warm-up, so that there is something to drive. Errors: STANCH_E_NO_INPUT when it cannot be started. */
async function drive(
  load: readonly string[],
  afterMs: number,
  signal: AbortSignal,
): Promise<Pick<CheckOutcome, 'loadRuns' | 'loadFailures'>> {
  let loadRuns = 0;
  let loadFailures = 0;
  await sleep(Math.max(afterMs, 500), undefined, { signal }).catch(() => undefined);
  while (!signal.aborted) {
    const [file = '', ...args] = load;
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore'], signal, killSignal: 'SIGKILL' });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', (cause) => {
        if (signal.aborted) resolve(null);
        else reject(notStarted('a load', file, 'Install it, or name it with its whole path after --load.', cause));
      });
      child.on('exit', resolve);
    });
    if (code === 0) {
      loadRuns += 1;
    } else if (!signal.aborted) {
      loadFailures += 1;
      await sleep(500);
    }
  }
  return { loadRuns, loadFailures };
}

function keep(points: CheckPoint[], sample: Sample, atMs: number): void {
  const privateBytes = privateMemory(sample);
  points.push({ atMs, privateBytes: Number.isNaN(privateBytes) ? null : privateBytes, fds: valueOrNull(sample.fds) });
  // Every other one goes: a long check keeps its shape.
  if (points.length > keptPoints) for (let i = points.length - 2; i > 0; i -= 2) points.splice(i, 1);
}

/** SIGTERM, and SIGKILL for those that do not listen, until none is left. */
async function endAll(tree: MarkedTree): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (let signal: NodeJS.Signals = 'SIGTERM'; ; signal = performance.now() < deadlineMs ? 'SIGTERM' : 'SIGKILL') {
    const pids = tree.pids().filter((pid) => tree.isRunning(pid));
    if (pids.length === 0 || performance.now() > deadlineMs + patienceMs) return;
    for (const pid of pids) kill(pid, signal);
    await sleep(100);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
