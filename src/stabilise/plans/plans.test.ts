/** What is planned for which workload: the order, the limits, and what is refused. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ActionKind } from '../../model/action.ts';
import type { Subject } from '../../model/subject.ts';
import type { Target, TargetProcess } from '../target.ts';
import { readHeldBytes } from '../unitMemory.ts';
import { planAction } from './index.ts';
import type { PlanOptions } from './plan.ts';

const MiB = 1_048_576;
const folder = mkdtempSync(join(tmpdir(), 'stanch-plans-'));
after(() => rmSync(folder, { recursive: true }));

const options: PlanOptions = { highBytes: null, maxBytes: null, graceMs: 20_000, hasSystemd: true, hasCgroup2: true };
/** Pids that no process has. */
const firstPid = 2 ** 22 + 1;

function processOf(index: number, parentIndex: number | null, privateMiB: number): TargetProcess {
  return {
    id: { bootId: 'b', pid: firstPid + index, startTimeTicks: 1 },
    parentPid: parentIndex === null ? 1 : firstPid + parentIndex,
    command: 'app',
    privateBytes: privateMiB * MiB,
    cgroup: null,
    oomScoreAdj: 0,
  };
}

function targetOf(change: Partial<Target> & { origin?: Subject['origin']; name?: string } = {}): Target {
  const { origin = 'systemd-unit', name = 'shop.service', ...rest } = change;
  const processes = rest.processes ?? [processOf(0, null, 100)];
  return {
    subject: { id: 'w-1', kind: 'workload', name, origin },
    processes,
    privateBytes: processes.reduce((sum, { privateBytes }) => sum + privateBytes, 0),
    unit: 'shop.service',
    unitCgroup: '/system.slice/shop.service',
    home: { path: '/system.slice/shop.service', id: '7' },
    sharesUnitWith: [],
    unitHeldBytes: 0,
    bytesPerHour: null,
    ...rest,
  };
}

const textsOf = (kind: ActionKind, target: Target, change: Partial<PlanOptions> = {}) =>
  planAction(kind, target, { ...options, ...change }).steps.map(({ text }) => text);

test('a limit is above what all of the service holds, the tmpfs and the other pools of it too', () => {
  const target = targetOf({ unitHeldBytes: 4000 * MiB, sharesUnitWith: ['php-fpm: pool b'] });
  const plan = planAction('throttle', target, options);
  const [, , first] = plan.steps;
  assert.match(first?.text ?? '', new RegExp(`MemoryHigh=${4400 * MiB}, MemoryMax=${5400 * MiB}, MemorySwapMax=0`));
  assert.match(plan.risk ?? '', /pool b as well/);
  for (const kind of ['throttle', 'limit'] as const) {
    const tooLow = { highBytes: 3000 * MiB, maxBytes: 5000 * MiB };
    assert.throws(
      () => planAction(kind, target, { ...options, ...tooLow }),
      /STANCH_E_NOT_POSSIBLE.*above the 3.91 GiB that shop.service/s,
    );
  }
});

test('what cannot be dropped is counted from the cgroup, and nothing where memory is not counted', () => {
  const cgroup = join(folder, 'shop.service');
  mkdirSync(cgroup);
  assert.equal(readHeldBytes(cgroup), null);
  writeFileSync(join(cgroup, 'memory.stat'), 'anon 100\nfile 5000\nshmem 1000\nslab_unreclaimable 7\npagetables 2\nsock 1\n');
  assert.equal(readHeldBytes(cgroup), 1110);
  writeFileSync(join(cgroup, 'memory.swap.current'), '50\n');
  assert.equal(readHeldBytes(cgroup), 1160);
});

test('without systemd, without cgroup v2 and without a service of its own, limits and freezing are refused', () => {
  for (const kind of ['throttle', 'limit', 'isolate'] as const) {
    const limits = { maxBytes: 900 * MiB };
    assert.throws(() => textsOf(kind, targetOf(), { hasSystemd: false, ...limits }), /STANCH_E_NOT_POSSIBLE.*systemd/s);
    assert.throws(() => textsOf(kind, targetOf(), { hasCgroup2: false, ...limits }), /STANCH_E_NOT_POSSIBLE.*cgroup v1/s);
    if (kind !== 'isolate')
      assert.throws(() => textsOf(kind, targetOf({ unit: null }), limits), /STANCH_E_NOT_POSSIBLE.*one systemd service/s);
  }
});

test('who started the others is ended first, so that it does not start them anew meanwhile', () => {
  const processes = [processOf(1, 0, 300), processOf(2, 0, 200), processOf(0, null, 10)];
  const pids = (kind: ActionKind) =>
    textsOf(kind, targetOf({ unit: null, processes })).map((text) => Number(/process (\d+)/.exec(text)?.[1]) - firstPid);
  assert.deepEqual(pids('kill'), [0, 1, 2]);
  assert.deepEqual(pids('restart'), [0, 1, 2]);
});

test('a service is restarted by systemd, a pool of PHP and Apache are reloaded, pm2 gets its own signal', () => {
  assert.deepEqual(textsOf('restart', targetOf()), ['restart shop.service']);
  const pool = { origin: 'php-fpm-pool' as const, name: 'php-fpm: pool shop', unit: 'php8.2-fpm.service' };
  assert.deepEqual(textsOf('restart', targetOf(pool)), ['reload php8.2-fpm.service: its workers are replaced']);
  assert.match(textsOf('restart', targetOf({ unit: 'apache2.service' }))[0] ?? '', /^reload apache2.service gracefully/);
  const pm2 = planAction('restart', targetOf({ origin: 'pm2', unit: 'pm2-root.service' }), { ...options, hasSystemd: false });
  assert.match(pm2.steps[0]?.text ?? '', /^SIGINT to process/);
  assert.equal(pm2.risk, null);
});

test('one program of pm2, or one job of cron, is restarted without the others of its service', () => {
  const target = targetOf({ origin: 'pm2', unit: 'pm2-root.service', sharesUnitWith: ['pm2: other'] });
  assert.match(textsOf('restart', target)[0] ?? '', /^SIGINT to process/);
  const job = planAction('restart', targetOf({ origin: 'cron-job', unit: 'cron.service' }), options);
  assert.match(job.steps[0]?.text ?? '', /^SIGTERM to process/);
  assert.match(job.risk ?? '', /cron starts it when it is next due/);
});

test('workers are replaced one after the other, the largest first and never their master', () => {
  const processes = [processOf(1, 0, 300), processOf(2, 0, 200), processOf(0, null, 10)].map((each) => ({ ...each, command: 'gunicorn' }));
  const plan = planAction('recycle', targetOf({ processes }), options);
  assert.deepEqual(
    plan.steps.map(({ step }) => step.do === 'end' && [step.process.pid - firstPid, step.signal]),
    [
      [1, 'SIGTERM'],
      [2, 'SIGTERM'],
    ],
  );
  assert.equal(plan.expectedBytes, 500 * MiB);
  assert.throws(() => textsOf('recycle', targetOf()), /STANCH_E_NOT_POSSIBLE.*workers/s);
});

test('a service is moved while it stands still, what shares one is moved alone, and both out of the slice that is kept for stanch', () => {
  const stepsOf = (target: Target) => planAction('isolate', target, options).steps.map(({ step }) => step);
  const [freeze, move, thaw, ...rest] = stepsOf(targetOf());
  assert.deepEqual([freeze, thaw, rest], [unitStep('freeze'), unitStep('thaw'), []]);
  assert.ok(move?.do === 'isolate');
  assert.equal(move.all, true);
  assert.doesNotMatch(move.slice, /-/, 'a dash makes it a part of stanch.slice');
  const [alone, ...none] = stepsOf(targetOf({ sharesUnitWith: ['php-fpm: pool b'] }));
  assert.deepEqual([alone?.do === 'isolate' && alone.all, none], [false, []]);
  assert.throws(() => stepsOf(targetOf({ home: null })), /STANCH_E_NOT_POSSIBLE.*one cgroup/s);
});

const unitStep = (verb: 'freeze' | 'thaw') => ({ do: 'unit', verb, unit: 'shop.service' });

test('nobody stops the ground that he stands on: the shell that stanch was started from', () => {
  const shell = { ...processOf(0, null, 10), id: { bootId: 'b', pid: process.ppid, startTimeTicks: 1 } };
  for (const kind of ['isolate', 'kill'] as const)
    assert.throws(() => textsOf(kind, targetOf({ processes: [shell] })), /STANCH_E_NOT_POSSIBLE.*stanch itself runs by/s);
});

test('neither the first process nor stanch itself is restarted or ended', () => {
  for (const pid of [1, process.pid]) {
    const own = { ...processOf(0, null, 10), id: { bootId: 'b', pid, startTimeTicks: 1 } };
    for (const kind of ['restart', 'kill'] as const)
      assert.throws(() => textsOf(kind, targetOf({ processes: [own] })), /STANCH_E_NOT_POSSIBLE/);
  }
});

test('protection is written down only for a service of its own, and says how long it lasts elsewhere', () => {
  const own = planAction('protect', targetOf(), options);
  assert.deepEqual(
    own.steps.map(({ step }) => step.do),
    ['check-unit', 'write-file', 'reload-systemd', 'write-kernel'],
  );
  const shared = planAction('protect', targetOf({ sharesUnitWith: ['x'] }), options);
  assert.deepEqual(
    shared.steps.map(({ step }) => step.do),
    ['write-kernel'],
  );
  assert.match(shared.risk ?? '', /until its processes start anew/);
});
