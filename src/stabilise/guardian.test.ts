/** The daemon's side of acting, on a real process that is accused of leaking. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ownProcessId } from '../kernel/processIdentity.ts';
import { observeOnly, type PolicySettings } from '../model/settings.ts';
import type { SubjectVerdict, VerdictWord } from '../model/verdict.ts';
import { Sampler } from '../sample/sampler.ts';
import type { Scan } from '../sample/scan.ts';
import { EmergencyTrigger, leakerAmong, type Vital } from './emergency.ts';
import { Guardian } from './guardian.ts';
import { ActionJournal } from './journal.ts';
import { missingFor, readReadiness } from './readiness.ts';

const MiB = 1_048_576;

function accused(subject: string): SubjectVerdict {
  return {
    subject,
    resource: 'memory',
    verdict: 'leak',
    class: 'leak',
    probability: 0.99,
    onset: null,
    detectedAt: null,
    slope: { perHour: 100 * MiB, low: 90 * MiB, high: 110 * MiB, unit: 'bytes' },
    exhaustion: null,
    urgency: { level: 'now', text: 'minutes' },
    reasons: [],
    resources: [],
  };
}

interface Stage {
  child: ChildProcess;
  guardian: Guardian;
  scan: () => Scan;
  folder: string;
  evidence: { isBeingTaken: boolean };
}

/** A program that holds 60 MiB, a workload of its own, and a guardian that sees nothing else. `journal`: a file in the folder. */
async function stage(t: TestContext, policy: Partial<PolicySettings>, journal = 'actions.jsonl', quietHour = 0): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-guardian-'));
  const script = join(folder, 'shop.js');
  writeFileSync(script, `globalThis.kept = Buffer.alloc(${60 * MiB}, 1); console.log('up'); setInterval(() => {}, 1000);`);
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const sampler = new Sampler({ keptFds: 0 });
  t.after(() => {
    child.kill('SIGKILL');
    sampler.close();
    rmSync(folder, { recursive: true });
  });
  await once(child.stdout ?? child, 'data');
  const scan = (): Scan => {
    const all = sampler.scan(Date.now());
    const own = all.processes.filter(({ id }) => id.pid === child.pid);
    const workloadId = own[0]?.subject.workloadId;
    return { ...all, processes: own, workloads: all.workloads.filter(({ subject }) => subject.id === workloadId) };
  };
  const bugs: unknown[] = [];
  const evidence = { isBeingTaken: false };
  const guardian = new Guardian({
    journalFile: join(folder, journal),
    policy: { ...observeOnly, actions: ['restart'], ...policy },
    scan,
    verdictOf: accused,
    slowProbes: () => [],
    isBeingExplained: () => evidence.isBeingTaken,
    cpuHistory: (_id, fromMs, toMs) => historyWith(quietHour, fromMs, toMs),
    log: () => undefined,
    onBug: (error) => bugs.push(error),
  });
  t.after(() => {
    guardian.stop();
    assert.deepEqual(bugs, []);
  });
  return { child, guardian, scan, folder, evidence };
}

/** Cumulative CPU seconds, every 15 min, of a program that rests in one hour of the day. */
function historyWith(quietHour: number, fromMs: number, toMs: number) {
  const timeMs = Float64Array.from({ length: Math.floor((toMs - fromMs) / 900_000) }, (_, index) => fromMs + index * 900_000);
  let total = 0;
  const last = timeMs.map((ms) => {
    total += new Date(ms).getHours() === quietHour ? 0 : 10;
    return total;
  });
  return { timeMs, last };
}

test('what leaks is recycled once, in its quietest hour and in no other', async (t) => {
  const hour = new Date().getHours();
  const workloads = [{ pattern: '*shop.js*', mode: 'observe' as const, actions: [], recycle: 'quietest' as const }];
  const busy = await stage(t, { workloads }, 'actions.jsonl', (hour + 12) % 24);
  busy.guardian.afterScan(busy.scan());
  assert.deepEqual(busy.guardian.actions(), []);
  const quiet = await stage(t, { workloads }, 'actions.jsonl', hour);
  const ended = once(quiet.child, 'exit');
  quiet.guardian.afterScan(quiet.scan());
  quiet.guardian.afterScan(quiet.scan());
  await ended;
  assert.deepEqual(
    quiet.guardian.actions().map(({ by, plan }) => [by, plan.kind]),
    [['schedule', 'restart']],
  );
});

test('by default nothing is done to what leaks, and nothing proposed', async (t) => {
  const { child, guardian, scan } = await stage(t, {});
  guardian.afterScan(scan());
  assert.deepEqual([guardian.actions(), guardian.proposals(), guardian.takeEvents()], [[], [], []]);
  assert.equal(child.exitCode, null);
});

test('where the owner allows it, what leaks is ended once, written down and told', async (t) => {
  const { child, guardian, scan } = await stage(t, { mode: 'automatic' });
  const ended = once(child, 'exit');
  guardian.afterScan(scan());
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  const [action] = guardian.actions();
  assert.equal(action?.by, 'policy');
  assert.equal(action?.plan.kind, 'restart');
  assert.match(guardian.takeEvents()[0]?.text ?? '', /^Begun: restart .*shop\.js.*, by policy/);
});

test('what an action would destroy is taken down first', async (t) => {
  const { child, guardian, scan, evidence } = await stage(t, { mode: 'automatic' });
  evidence.isBeingTaken = true;
  guardian.afterScan(scan());
  guardian.afterScan(scan());
  assert.deepEqual(guardian.actions(), []);
  assert.deepEqual(
    guardian.takeEvents().map(({ text }) => text.replace(/^.*(?= is acted on)/, '')),
    [' is acted on when the evidence of its leak has been taken'],
  );
  evidence.isBeingTaken = false;
  const ended = once(child, 'exit');
  guardian.afterScan(scan());
  await ended;
});

test('what waits for somebody is begun when they agree, and only once', async (t) => {
  const { child, guardian, scan } = await stage(t, { mode: 'approve' });
  guardian.afterScan(scan());
  guardian.afterScan(scan());
  const [proposal, ...others] = guardian.proposals();
  assert.ok(proposal !== undefined);
  assert.deepEqual(others, []);
  assert.equal(proposal.state, 'waits');
  assert.equal(child.exitCode, null);
  const ended = once(child, 'exit');
  guardian.agree(proposal.id, 'nadia', false);
  assert.throws(() => guardian.agree(proposal.id, 'nadia', false), /STANCH_E_NO_ACTION/);
  await ended;
  assert.equal(guardian.actions()[0]?.by, 'nadia');
});

test('a plan made elsewhere waits like the others, is carried out when somebody agrees, and is taken back', async (t) => {
  const { guardian, scan, folder } = await stage(t, {});
  const subject = scan().workloads[0]?.subject;
  assert.ok(subject !== undefined);
  const path = join(folder, 'advised.conf');
  const step = { do: 'write-file', path, before: null, after: 'MemoryMax=1G\n' } as const;
  const words = { reason: 'Why', risk: null, undoable: true, expectedBytes: null };
  const plan = { kind: 'limit', subjectId: subject.id, subjectName: subject.name, steps: [{ step, text: 'write it' }], ...words } as const;
  assert.throws(() => guardian.keepPlan({ ...plan, subjectId: 'w-nobody', steps: [] }), { code: 'STANCH_E_NO_SUBJECT' });
  const { id } = guardian.keepPlan({ ...plan, steps: [...plan.steps] });
  assert.equal(existsSync(path), false);
  const actionId = guardian.agree(id, 'nadia', false);
  await t.waitFor(() => assert.equal(guardian.actions()[0]?.state, 'done'), { timeout: 30_000 });
  assert.equal(readFileSync(path, 'utf8'), 'MemoryMax=1G\n');
  await guardian.undo(actionId);
  assert.equal(existsSync(path), false);
});

test('a plan whose processes have ended meanwhile is not carried out on nothing', async (t) => {
  const { child, guardian } = await stage(t, {});
  const { id } = guardian.propose('restart', String(child.pid), { highBytes: null, maxBytes: null });
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  assert.throws(() => guardian.agree(id, 'nadia', false), /STANCH_E_GONE/);
  assert.deepEqual(guardian.actions(), []);
});

test('what is never touched is left alone, whatever the mode', async (t) => {
  const { child, guardian, scan } = await stage(t, { mode: 'automatic', neverTouch: ['*shop.js*'] });
  guardian.afterScan(scan());
  assert.deepEqual(guardian.actions(), []);
  const proposal = guardian.propose('restart', String(child.pid), { highBytes: null, maxBytes: null });
  assert.throws(() => guardian.agree(proposal.id, 'nadia', true), /STANCH_E_POLICY.*never touched/s);
  assert.equal(child.exitCode, null);
});

test('what cannot be written down is not done, is said once, and the scan goes on', async (t) => {
  const { child, guardian, scan, folder } = await stage(t, { mode: 'automatic' }, 'no-folder/actions.jsonl');
  writeFileSync(join(folder, 'no-folder'), 'a file where the folder should be');
  guardian.afterScan(scan());
  guardian.afterScan(scan());
  const events = guardian.takeEvents();
  assert.equal(events.length, 1);
  assert.match(events[0]?.text ?? '', /cannot act: STANCH_E_DATA_DIR/);
  assert.equal(child.exitCode, null);
});

test('what ended and could not be written down is put right while the daemon runs', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { guardian, scan, folder } = await stage(t, {});
  await guardian.start();
  const seen = scan();
  const [workload] = seen.workloads;
  assert.ok(workload !== undefined);
  const { id: subjectId, name: subjectName } = workload.subject;
  const words = { reason: '', risk: null, undoable: false, expectedBytes: null };
  const step = { do: 'end', process: ownProcessId(), signal: 'SIGTERM', graceMs: 0 } as const;
  const journal = new ActionJournal(join(folder, 'actions.jsonl'));
  journal.start('a-1', 'policy', { kind: 'kill', subjectId, subjectName, steps: [{ step, text: '' }], ...words }, ownProcessId());
  guardian.afterScan(seen);
  assert.equal(guardian.actions()[0]?.state, 'running');
  t.mock.timers.tick(600_000);
  guardian.afterScan(seen);
  await t.waitFor(() => assert.equal(guardian.actions()[0]?.state, 'interrupted'), { timeout: 30_000 });
});

test('why nothing is done is said once, and not with every scan because it is some seconds longer ago', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { guardian, scan, folder } = await stage(t, { mode: 'automatic' });
  const seen = scan();
  const [workload] = seen.workloads;
  assert.ok(workload !== undefined);
  const journal = new ActionJournal(join(folder, 'actions.jsonl'));
  const { id: subjectId, name: subjectName } = workload.subject;
  const plan = {
    kind: 'recycle' as const,
    subjectId,
    subjectName,
    reason: '',
    steps: [],
    risk: null,
    undoable: false,
    expectedBytes: null,
  };
  journal.start('a-1', 'policy', plan, ownProcessId());
  journal.end('a-1', 'done', null);
  for (let seconds = 0; seconds < 3; seconds++) {
    guardian.afterScan(seen);
    t.mock.timers.tick(1000);
  }
  const texts = guardian.takeEvents().map(({ text }) => text);
  assert.equal(texts.length, 1, texts.join('\n'));
  assert.match(texts[0] ?? '', /held back: it was acted on 0 s ago/);
});

test('an emergency is short memory that everybody waits for, for a while; one of them alone is none', () => {
  const dying: Vital = {
    memTotalBytes: 1000,
    availableBytes: 20,
    swapTotalBytes: 500,
    swapFreeBytes: 10,
    memoryFull: 0.5,
    leakerFull: null,
  };
  const fires = (...looks: Vital[]) => {
    const trigger = new EmergencyTrigger();
    return looks.map((vital) => trigger.look(vital)).includes(true);
  };
  const times = (vital: Vital) => Array.from({ length: 6 }, () => vital);
  assert.ok(fires(...times(dying)));
  assert.ok(fires(...times({ ...dying, swapTotalBytes: 0, swapFreeBytes: 0 })));
  // One service at its own limit: measured, the whole server waits, with memory to spare.
  assert.ok(!fires(...times({ ...dying, availableBytes: 300, memoryFull: 0.97 })));
  assert.ok(!fires(...times({ ...dying, swapFreeBytes: 400 })));
  assert.ok(!fires(...times({ ...dying, memoryFull: 0 })));
  assert.ok(!fires(dying, dying, { ...dying, memoryFull: 0 }, dying, dying));
  // Others still compute, so that not everybody waits; the one who leaks does nothing else.
  assert.ok(fires(...times({ ...dying, memoryFull: 0.02, leakerFull: 0.7 })));
  assert.ok(!fires(...times({ ...dying, memoryFull: 0.02, leakerFull: 0.2 })));
  assert.ok(!fires(...times({ ...dying, availableBytes: 300, memoryFull: 0.02, leakerFull: 1 })));
});

test('whether stanch could act in an emergency: in its slice it could, and where its code counts for another it is told', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'stanch-ready-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [proc, slice] = [join(root, 'proc'), join(root, 'cgroup', 'stanch.slice')];
  for (const folder of [join(proc, 'self'), join(slice, 'stanch.service')]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(proc, 'self/cgroup'), '0::/stanch.slice/stanch.service\n');
  writeFileSync(join(proc, 'self/oom_score_adj'), '-1000\n');
  writeFileSync(join(proc, 'self/status'), 'Name:\tnode\nRssAnon:\t   23000 kB\nRssFile:\t   47000 kB\nRssShmem:\t       0 kB\n');
  writeFileSync(join(slice, 'memory.min'), '167772160\n');
  writeFileSync(join(slice, 'memory.swap.max'), '0\n');
  const missing = (mappedKib: number) => {
    writeFileSync(join(slice, 'stanch.service', 'memory.stat'), `anon 23552000\nfile 53190656\nfile_mapped ${mappedKib * 1024}\n`);
    return missingFor({ ...readReadiness(true, proc, join(root, 'cgroup')), isRoot: true });
  };
  assert.deepEqual(missing(44_700), []);
  assert.match(missing(8500).join(), /^its code can be taken from it: .*systemctl restart stanch/);
});

test('the one that leaks is taken, and not the largest', () => {
  const suspect = (name: string, privateMiB: number, grewMiB: number, verdict: VerdictWord | null = null) => ({
    subjectId: name,
    name,
    privateBytes: privateMiB * MiB,
    grewBytes: grewMiB * MiB,
    verdict,
  });
  const database = suspect('db', 500, 5, 'no-leak');
  assert.equal(leakerAmong([database, suspect('php', 120, 20, 'leak')])?.name, 'php');
  assert.equal(leakerAmong([database, suspect('php', 120, 20, 'suspect'), suspect('job', 200, 100, 'leak')])?.name, 'job');
  assert.equal(leakerAmong([database, suspect('new', 200, 190)])?.name, 'new');
  assert.equal(leakerAmong([database, suspect('small', 3, 2, 'leak')]), null, 'has nothing to give back');
  assert.equal(leakerAmong([database]), null);
  assert.equal(leakerAmong([]), null);
});
