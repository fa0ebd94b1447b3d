/** What cannot be done is refused with a code, and nothing is left half changed. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Action, ActionPlan, Step } from '../model/action.ts';
import { dropInSteps } from './dropIn.ts';
import { Executor } from './executor.ts';
import { fakeSystemd } from './fakeSystemdForTests.ts';
import { ActionJournal } from './journal.ts';
import { type Systemd, SystemdOverBus } from './systemd/systemd.ts';
import { SystemdBus } from './systemd/systemdBus.ts';

interface Stage {
  etcRoot: string;
  /** Of a service that runs, with the files of its limits. */
  cgroupRoot: string;
  limit: (unit: string, cgroup?: string | null) => ActionPlan;
  carryOut: (systemd: Systemd, plan: ActionPlan) => Promise<Action>;
}

function stage(t: TestContext): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bad-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [etcRoot, cgroupRoot] = [join(folder, 'etc'), join(folder, 'cgroup')];
  for (const path of [etcRoot, join(cgroupRoot, 'shop.service')]) mkdirSync(path, { recursive: true });
  writeFileSync(join(cgroupRoot, 'shop.service', 'memory.max'), 'max\n');
  const journal = new ActionJournal(join(folder, 'actions.jsonl'));
  return {
    etcRoot,
    cgroupRoot,
    limit: (unit, cgroup = null) =>
      planOf(dropInSteps({ unit, cgroup, purpose: 'limit', settings: { MemoryMax: '104857600' }, runtime: false, etcRoot })),
    carryOut: (systemd, plan) => new Executor(journal, { systemd, procRoot: '/proc', cgroupRoot }).start(plan, 'cli').finished,
  };
}

function planOf(steps: ActionPlan['steps']): ActionPlan {
  const words = { subjectId: 'w-1', subjectName: 'shop', reason: '', risk: null, expectedBytes: null };
  return { kind: 'limit', ...words, steps, undoable: true };
}

test('for a unit that is masked, or that does not exist, no drop-in is written', async (t) => {
  const { etcRoot, limit, carryOut } = stage(t);
  for (const state of ['masked', 'not-found', 'bad-setting']) {
    const { systemd, asked } = fakeSystemd([], { 'shop.service': state });
    const action = await carryOut(systemd, limit('shop.service'));
    assert.equal(action.state, 'failed');
    assert.match(action.error ?? '', new RegExp(`STANCH_E_UNIT.*found ${state}`, 's'));
    assert.deepEqual(asked, ['look at shop.service'], 'systemd is not bothered with more');
    assert.deepEqual(readdirSync(etcRoot), []);
  }
});

test('a limit that does not hold, whatever the reason, is taken back as a whole', async (t) => {
  const { etcRoot, limit, carryOut, cgroupRoot } = stage(t);
  const file = join(cgroupRoot, 'shop.service', 'memory.max');
  const { systemd } = fakeSystemd();
  const applies = { ...systemd, reload: async () => writeFileSync(file, '104857600\n') };
  assert.equal((await carryOut(applies, limit('shop.service', '/shop.service'))).state, 'done');
  assert.equal((await carryOut(systemd, limit('shop.service', '/stopped.service'))).state, 'done', 'what does not run has none to hold');
  rmSync(join(etcRoot, 'shop.service.d'), { recursive: true });
  // Nobody counts memory in this cgroup.
  rmSync(file);
  const action = await carryOut(systemd, limit('shop.service', '/shop.service'));
  assert.match(action.error ?? '', /STANCH_E_UNIT.*MemoryMax unknown to this kernel/s);
  assert.deepEqual([action.state, existsSync(join(etcRoot, 'shop.service.d'))], ['failed', false]);
});

test('what holds more by now than it may have is not limited: the plan is a day old', async (t) => {
  const { etcRoot, limit, carryOut, cgroupRoot } = stage(t);
  writeFileSync(join(cgroupRoot, 'shop.service', 'memory.stat'), `anon ${200 << 20}\nshmem 0\n`);
  const { systemd, asked } = fakeSystemd();
  const action = await carryOut(systemd, limit('shop.service', '/shop.service'));
  assert.match(action.error ?? '', /STANCH_E_CHANGED_SINCE.*its limit of 100 MiB.*found 200 MiB/s);
  assert.deepEqual([asked, readdirSync(etcRoot)], [['look at shop.service'], []]);
});

test('a systemd that takes questions and never answers is given up, and the file is put back', async (t) => {
  const { etcRoot, limit, carryOut } = stage(t);
  const path = join(etcRoot, 'bus');
  const deaf = createServer((socket) => {
    socket.on('data', (bytes) => {
      if (bytes.includes('AUTH')) socket.write('OK 0123456789abcdef0123456789abcdef\r\n');
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => deaf.listen(path, resolve));
  const bus = new SystemdOverBus({ open: () => SystemdBus.open([{ path, destination: null }], 100) });
  t.after(() => {
    bus.close();
    deaf.close();
  });
  const untilReload: Systemd = { ...fakeSystemd().systemd, reload: () => bus.reload() };
  const action = await carryOut(untilReload, limit('shop.service'));
  assert.equal(action.state, 'failed');
  assert.match(action.error ?? '', /STANCH_E_SYSTEMD.*did not answer Reload within \d/s);
  assert.deepEqual(readdirSync(etcRoot), ['bus']);
});

test('where stanch may not write, that is said, and what is there stays', async (t) => {
  const { etcRoot, limit, carryOut } = stage(t);
  const plan = limit('shop.service');
  rmSync(etcRoot, { recursive: true });
  writeFileSync(etcRoot, 'a file where the folder should be');
  const action = await carryOut(fakeSystemd().systemd, plan);
  assert.match(action.error ?? '', /STANCH_E_(?:OUTPUT|NOT_PERMITTED)/);
  assert.equal(readFileSync(etcRoot, 'utf8'), 'a file where the folder should be');
});

test('after a restart it is waited for until it is up; what does not come up ends the action', async (t) => {
  const { carryOut } = stage(t);
  const { systemd } = fakeSystemd();
  const restartWith = (states: string[], jobs: boolean[], withinMs = 60_000): Promise<Action> => {
    const system: Systemd = {
      ...systemd,
      hasJob: async () => jobs.shift() ?? false,
      activeState: async () => states.shift() ?? 'deactivating',
    };
    const step: Step = { do: 'await-unit', unit: 'shop.service', withinMs };
    return carryOut(system, planOf([{ step, text: '' }]));
  };
  // Queued, then on its way, then there.
  assert.equal((await restartWith(['activating', 'active'], [true, false, false])).state, 'done');
  assert.match((await restartWith(['failed'], [])).error ?? '', /STANCH_E_UNIT.*found failed/s);
  assert.match((await restartWith([], [], 300)).error ?? '', /STANCH_E_UNIT.*not up after/s);
});
