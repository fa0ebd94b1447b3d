/**
 * Runs `why`, as a user would, on busy processes, some of which come to 90 % of the limit of their cgroup whenever they hold the most, and watches what
 * becomes of them: whether one is stopped, ends, no longer gets on, or is killed for want of memory, and whether the child answers or says why not.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { estimateFor, memoryCapBytes } from '../../explain/cost.ts';
import { startTimeOf } from '../../explain/identity.ts';
import { openTarget } from '../../explain/openTarget.ts';
import { runExplain } from '../../explain/runExplain.ts';
import { readCgroupMemory } from '../../kernel/cgroupMemory.ts';
import { parsePidCgroup } from '../../kernel/pidCgroup.ts';
import { readText } from '../../kernel/read.ts';
import { StanchError } from '../../model/errors.ts';
import { isValue } from '../../model/reading.ts';
import { table } from '../bench/table.ts';
import { createRng } from '../leakbench/rng.ts';
import { type SafetyTarget, safetyTargets } from './safetyTargets.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const warmUpMs = 2_500;
const lookEveryMs = 20;
const limitPart = 0.9;
/** What has held no more than before for so long is taken to have held the most that it ever will: longer than garbage piles up here. */
const peakRestsMs = 10_000;
const peakWaitMs = 60_000;
const deadlineMs = 120_000;
const nsPerTick = 1e7;
/** What a look takes beside the time between the looks. */
const controlSpareMs = 3_000;
const memoryRoot = '/sys/fs/cgroup/memory';

interface SafetyRun {
  target: string;
  /** `evidence`, or the code of why not; null: nobody looked. */
  answer: string | null;
  /** What must never be; empty: all is well. */
  faults: string[];
}

/** At rest, near a limit, and as near to it with nobody looking: what ends by itself there was not ended by a look. */
type Setting = 'free' | 'nearLimit' | 'control';

/** `runs`: of each target in whose name there is `only`, and of each that is steady also near a limit, with a control of that. */
export async function benchSafety(runs: number, only: string): Promise<string> {
  const done: SafetyRun[] = [];
  const rng = createRng('safety');
  const can = safetyTargets.filter(({ missing, name }) => missing === null && name.includes(only));
  for (let round = 0; round < runs; round += 1) {
    for (const target of can) {
      const settings: Setting[] = target.isSteady && hasMemoryCgroup() ? ['free', 'nearLimit', 'control'] : ['free'];
      for (const setting of settings) {
        const run = await runOnce(target, setting, 300 + Math.floor(rng.unit() * 1_500));
        done.push(run);
        process.stderr.write(`${done.length}  ${run.target}  ${run.answer ?? ''}  ${run.faults.join('; ')}\n`);
      }
    }
  }
  const names = [...new Set(done.map(({ target }) => target))];
  const rows = names.map((name) => {
    const own = done.filter(({ target }) => target === name);
    const answers = [...new Set(own.map(({ answer }) => answer))].map(
      (answer) => `${own.filter((each) => each.answer === answer).length} ${answer ?? 'not asked'}`,
    );
    return [name, `${own.length}`, answers.join(', '), own.flatMap(({ faults }) => faults).join('; ') || 'none'];
  });
  const looked = done.filter(({ answer }) => answer !== null);
  const faulty = looked.filter(({ faults }) => faults.length > 0).length;
  const controls = done.filter(({ answer }) => answer === null);
  const endedAlone = controls.filter(({ faults }) => faults.length > 0).length;
  const missing = safetyTargets.flatMap(({ name, missing: why }) => (why === null ? [] : [`Left out: ${name}: ${why}`]));
  const limits = hasMemoryCgroup() ? [] : ['Left out: processes near a limit: no memory cgroup (v1) may be made here'];
  return [
    table(['process', 'runs', 'answers', 'harmed'], rows),
    `${faulty} of ${looked.length} runs saw a process harmed or the child crash; of ${controls.length} controls, at which nobody looked, ${endedAlone}`,
    ...missing,
    ...limits,
  ].join('\n');
}

async function runOnce(target: SafetyTarget, setting: Setting, intervalMs: number): Promise<SafetyRun> {
  const isControl = setting === 'control';
  const name = `${target.name}${setting === 'free' ? '' : `, at ${limitPart * 100} % of its limit`}${isControl ? ', nobody looks' : ''}`;
  const cgroup = setting === 'free' ? null : makeCgroup();
  const started = cgroup === null ? await target.start() : await startIn(cgroup, target);
  try {
    if (cgroup !== null) await limitToPeak(cgroup);
    else if (!target.changes) await sleep(warmUpMs);
    const watch = watchTarget(started.pid);
    const answer = isControl ? await sleep(2 * intervalMs + controlSpareMs, null) : await askWhy(started.pid, intervalMs);
    const faults = watch.stop(target.changes);
    if (cgroup !== null && oomKills(cgroup) > 0) faults.push('killed at its limit');
    if (answer === 'STANCH_E_BUG') faults.push('the child crashed');
    return { target: name, answer, faults };
  } finally {
    await started.stop();
    if (cgroup !== null) rmdirSync(cgroup);
  }
}

async function askWhy(pid: number, intervalMs: number): Promise<string> {
  const subject = { pid, startTimeTicks: startTimeOf(pid) ?? 0, subjectId: null, name: `process ${pid}` };
  try {
    const memory = openTarget(subject);
    const estimate = estimateFor(memory, intervalMs);
    memory.close();
    const options = {
      deadlineMs,
      memoryCapBytes: memoryCapBytes(estimate),
      entry,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    };
    await runExplain({ subject, intervalMs, showTexts: false }, options);
    return 'evidence';
  } catch (error) {
    if (error instanceof StanchError) return error.code;
    throw error;
  }
}

/** What is seen of a process meanwhile, some fifty times a second. */
function watchTarget(pid: number): { stop(mayChange: boolean): string[] } {
  const before = statOf(pid);
  let wasStopped = false;
  const timer = setInterval(() => {
    const state = statOf(pid)?.state ?? '';
    if (state === 'T' || state === 't') wasStopped = true;
  }, lookEveryMs);
  return {
    stop(mayChange) {
      clearInterval(timer);
      const after = statOf(pid);
      const faults = wasStopped ? ['stopped'] : [];
      if (mayChange) return faults;
      if (after === null || after.state === 'Z') faults.push('ended');
      else if (before !== null && after.ranNs <= before.ranNs) faults.push('did not get on');
      return faults;
    },
  };
}

/** null: it is gone. All threads by ticks, which are taken by sample and may miss who runs for less; and the first to the nanosecond. */
function statOf(pid: number): { state: string; ranNs: number } | null {
  const text = readText(`/proc/${pid}/stat`, 4_096);
  const exact = readText(`/proc/${pid}/schedstat`, 4_096);
  if (!isValue(text) || !isValue(exact)) return null;
  const fields = text.replace(/^.*\) /s, '').split(' ');
  return { state: fields[0] ?? '', ranNs: (Number(fields[11]) + Number(fields[12])) * nsPerTick + Number.parseInt(exact, 10) };
}

function hasMemoryCgroup(): boolean {
  return process.getuid?.() === 0 && isValue(readText(join(memoryRoot, 'memory.limit_in_bytes'), 64));
}

function makeCgroup(): string {
  const folder = join(memoryRoot, `stanch-safety-${process.pid}`);
  mkdirSync(folder);
  return folder;
}

/** A process is counted where it began: so this one goes there and back. */
async function startIn(folder: string, target: SafetyTarget): ReturnType<SafetyTarget['start']> {
  const text = readText('/proc/self/cgroup');
  const home = isValue(text) ? parsePidCgroup(text).memory : null;
  writeFileSync(join(folder, 'cgroup.procs'), `${process.pid}`);
  try {
    return await target.start();
  } finally {
    writeFileSync(join(memoryRoot, home ?? '/', 'cgroup.procs'), `${process.pid}`);
  }
}

/** Once its peak is at rest. */
async function limitToPeak(folder: string): Promise<void> {
  let [peakBytes, sinceMs] = [peakOf(folder), Date.now()];
  const endMs = sinceMs + peakWaitMs;
  while (Date.now() < Math.min(endMs, sinceMs + peakRestsMs)) {
    await sleep(lookEveryMs);
    const nowBytes = peakOf(folder);
    if (nowBytes > peakBytes) [peakBytes, sinceMs] = [nowBytes, Date.now()];
  }
  writeFileSync(join(folder, 'memory.limit_in_bytes'), `${Math.ceil(peakBytes / limitPart / 4_096) * 4_096}`);
}

function peakOf(folder: string): number {
  const { peakBytes } = readCgroupMemory(folder, 'v1');
  return isValue(peakBytes) ? peakBytes : 0;
}

function oomKills(folder: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(folder, 'memory.oom_control'), 'latin1'))?.[1] ?? 0);
}
