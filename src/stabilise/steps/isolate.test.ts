/** On real cgroups of the test's own, moved by a systemd of the test's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { processIdOf } from '../../kernel/processIdentity.ts';
import type { Step } from '../../model/action.ts';
import type { ProcessId } from '../../model/subject.ts';
import { cgroupPlace } from '../cgroupPlace.ts';
import { fakeSystemd } from '../fakeSystemdForTests.ts';
import { runStep, undoStep } from './index.ts';
import type { StepContext } from './step.ts';

/** Where cgroup v2 is mounted and a cgroup of the test can be made; or why there is none. */
function cgroup2(): { root: string } | { missing: string } {
  const mounted = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
  if (mounted === undefined) return { missing: 'no cgroup v2 here' };
  try {
    const trial = join(mounted, `stanch-trial-${process.pid}`);
    mkdirSync(trial);
    rmdirSync(trial);
    return { root: mounted };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

const where = cgroup2();
const root = 'root' in where ? where.root : '';
const skip = 'missing' in where && where.missing;

interface Stage {
  step: Extract<Step, { do: 'isolate' }>;
  context: StepContext;
  asked: string[];
  first: ProcessId;
  /** In the same cgroup, and not in the plan. */
  second: ProcessId;
}

/** Two processes in a service; the systemd does with cgroups what it is asked. */
async function stage(t: TestContext, all: boolean): Promise<Stage> {
  const slice = `stanch_test_${process.pid}.slice`;
  const [home, scope] = [`/stanch-home-${process.pid}`, 'stanch-isolated-test.scope'];
  const scopeFolder = join(root, slice, scope);
  for (const folder of [join(root, home), scopeFolder]) mkdirSync(folder, { recursive: true });
  const [first, second] = [await startIn(t, home), await startIn(t, home)];
  // After the processes have ended, which is awaited: in the order in which they were asked for.
  t.after(async () => {
    for (const folder of [scopeFolder, join(root, slice), join(root, home)]) await removeCgroup(folder);
  });
  const place = cgroupPlace(home, root);
  assert.ok(place !== null);
  const fake = fakeSystemd();
  const systemd = {
    ...fake.systemd,
    startScope: async (wanted: { pids: readonly number[] }) => {
      for (const pid of wanted.pids) writeFileSync(join(scopeFolder, 'cgroup.procs'), String(pid));
    },
    // It answers when all stand still, as systemd does.
    freeze: async () => {
      writeFileSync(join(scopeFolder, 'cgroup.freeze'), '1');
      for (let look = 0; !isFrozen(`${slice}/${scope}`); look += 1) {
        assert.ok(look < 3000, 'frozen within half a minute');
        await wait(10);
      }
    },
  };
  const step = { do: 'isolate' as const, scope, slice, home: place, processes: [first], all };
  return { step, context: { systemd, procRoot: '/proc', cgroupRoot: root }, asked: fake.asked, first, second };
}

async function removeCgroup(folder: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return rmdirSync(folder);
    } catch (error) {
      // What ended in it may still be on its way out.
      if (tries >= 100) throw error;
      await wait(50);
    }
  }
}

async function startIn(t: TestContext, home: string): Promise<ProcessId> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await once(child, 'spawn');
  writeFileSync(join(root, home, 'cgroup.procs'), String(child.pid));
  const id = processIdOf(child.pid ?? 0);
  assert.ok(id !== null);
  return id;
}

const cgroupOf = ({ pid }: ProcessId) => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1]?.replace(/^.*\//, '');
const isFrozen = (path: string) => /^frozen 1$/m.test(readFileSync(join(root, path, 'cgroup.events'), 'utf8'));

test('what is isolated is moved and frozen; undone, it is where it was and runs', { skip }, async (t) => {
  const { step, context, first, second } = await stage(t, false);
  await runStep(step, context);
  assert.deepEqual([cgroupOf(first), cgroupOf(second)], [step.scope, step.home.path.slice(1)]);
  assert.ok(isFrozen(`${step.slice}/${step.scope}`));
  await undoStep(step, context);
  assert.equal(cgroupOf(first), step.home.path.slice(1));
  assert.ok(!isFrozen(step.home.path));
  await undoStep(step, context);
});

test('of a service that is alone nothing is left behind, what began after the plan neither', { skip }, async (t) => {
  const { step, context, first, second } = await stage(t, true);
  await runStep(step, context);
  assert.deepEqual([cgroupOf(first), cgroupOf(second)], [step.scope, step.scope]);
  await undoStep(step, context);
  assert.deepEqual([cgroupOf(first), cgroupOf(second)], [step.home.path.slice(1), step.home.path.slice(1)]);
});

test('into a service that was started anew meanwhile nothing is put back: it stays frozen, and that is said', { skip }, async (t) => {
  const { step, context, first } = await stage(t, false);
  await runStep(step, context);
  const later = { ...step, home: { ...step.home, id: '1' } };
  await assert.rejects(undoStep(later, context), /STANCH_E_CHANGED_SINCE.*systemctl kill --signal=KILL stanch-isolated-test.scope/s);
  assert.equal(cgroupOf(first), step.scope);
  await undoStep(step, context);
});

test('what has ended, or moved elsewhere, is not isolated, and systemd is not asked', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-isolate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { systemd, asked } = fakeSystemd();
  const own = processIdOf(process.pid);
  assert.ok(own !== null);
  const home = { path: '/elsewhere.service', id: '1' };
  const step: Step = { do: 'isolate', scope: 'a.scope', slice: 'a.slice', home, processes: [own], all: true };
  await assert.rejects(runStep(step, { systemd, procRoot: '/proc', cgroupRoot: folder }), /STANCH_E_GONE/);
  assert.deepEqual(asked, []);
});
