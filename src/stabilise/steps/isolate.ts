/**
 * Moves processes into a transient scope and freezes it. Back they are written into the cgroup that they came from: systemd moves nothing
 * into a service that does not delegate. https://docs.kernel.org/admin-guide/cgroup-v2.html#organizing-processes-and-threads
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parsePidCgroup } from '../../kernel/pidCgroup.ts';
import { isStillRunning } from '../../kernel/processIdentity.ts';
import { readText } from '../../kernel/read.ts';
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { isValue } from '../../model/reading.ts';
import { cgroupPlace } from '../cgroupPlace.ts';
import type { StepContext, StepRunner } from './step.ts';

type Isolate = Extract<Step, { do: 'isolate' }>;

const pollMs = 50;
/** systemd takes the order at once and moves them a moment later. */
const movedWithinMs = 10_000;
const mostBytes = 1 << 20;

export const isolate: StepRunner<Isolate> = {
  async run(step, context) {
    // Started anew since it was planned, it has another cgroup of the same name, and is not what was to be isolated.
    const isSame = cgroupPlace(step.home.path, context.cgroupRoot)?.id === step.home.id;
    const pids = isSame ? toMove(step, context) : [];
    if (pids.length === 0) {
      throw new StanchError('STANCH_E_GONE', {
        expected: 'a process of the plan to run still',
        found: 'that all have ended',
        next: 'Plan again.',
      });
    }
    const { scope, slice } = step;
    await context.systemd.startScope({ scope, slice, description: 'Isolated by stanch; taken back by: stanch undo', pids });
    await moved(step, pids, context);
    await context.systemd.freeze(scope);
  },
  async undo(step, context) {
    const isolated = pidsIn(`/${step.slice}/${step.scope}`, context);
    if (isolated.length === 0) return;
    const { home, scope } = step;
    if (cgroupPlace(home.path, context.cgroupRoot)?.id !== home.id) {
      throw new StanchError('STANCH_E_CHANGED_SINCE', {
        expected: `${home.path} to be there still, to take its ${isolated.length} processes back`,
        found: 'that it has ended or was started anew since',
        next: `They stay frozen. To end them: systemctl kill --signal=KILL ${scope}`,
      });
    }
    // What is moved out of a frozen cgroup runs again.
    for (const pid of isolated) moveTo(home.path, pid, context);
  },
};

function toMove({ home, processes, all }: Isolate, context: StepContext): number[] {
  const planned = processes.filter((id) => isStillRunning(id, context.procRoot) && cgroupOf(id.pid, context) === home.path);
  const rest = all ? pidsIn(home.path, context) : [];
  return [...new Set([...planned.map(({ pid }) => pid), ...rest])];
}

async function moved({ scope }: Isolate, pids: readonly number[], context: StepContext): Promise<void> {
  const isThere = (pid: number) => {
    const path = cgroupOf(pid, context);
    return path === null || path.endsWith(`/${scope}`);
  };
  for (const endMs = performance.now() + movedWithinMs; performance.now() < endMs; await wait(pollMs)) if (pids.every(isThere)) return;
  throw new StanchError('STANCH_E_SYSTEMD', {
    expected: `systemd to move ${pids.length} processes into ${scope} within ${movedWithinMs / 1000} s`,
    found: `${pids.filter((pid) => !isThere(pid)).length} that are where they were`,
    next: `See what it says: systemctl status ${scope}`,
  });
}

/** null: it has ended. */
function cgroupOf(pid: number, { procRoot }: StepContext): string | null {
  const text = readText(`${procRoot}/${pid}/cgroup`, 16_384);
  return isValue(text) ? parsePidCgroup(text).unified : null;
}

/** What is seen as 0 is of another pid namespace: to write a 0 there would move stanch itself. */
function pidsIn(path: string, { cgroupRoot }: StepContext): number[] {
  const text = readText(`${cgroupRoot}${path}/cgroup.procs`, mostBytes);
  return isValue(text)
    ? text
        .split('\n')
        .map(Number)
        .filter((pid) => pid > 0)
    : [];
}

function moveTo(path: string, pid: number, { cgroupRoot }: StepContext): void {
  const file = `${cgroupRoot}${path}/cgroup.procs`;
  try {
    const fd = openSync(file, 'w');
    try {
      writeSync(fd, String(pid));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // It has ended in between.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return;
    throw new StanchError('STANCH_E_NOT_PERMITTED', {
      expected: `to put process ${pid} back into ${path}`,
      found: error instanceof Error ? error.message : String(error),
      next: 'Run stanch as root to act.',
      cause: error,
    });
  }
}
