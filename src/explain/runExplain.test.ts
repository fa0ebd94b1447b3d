/** The child that explains: its limits, its end, and that the process goes on whatever happens. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Keeper, startKeeper, whyNoKeeper } from '../lab/keeper.ts';
import type { EvidenceSubject } from '../model/evidence.ts';
import { Explainer } from './explainer.ts';
import { startTimeOf } from './identity.ts';
import { type ExplainOptions, runExplain } from './runExplain.ts';

const skip = whyNoKeeper('c') ?? false;
const entry = join(import.meta.dirname, '..', 'cli', 'main.ts');
const roomy: ExplainOptions = {
  entry,
  deadlineMs: 120_000,
  memoryCapBytes: 1 << 30,
  signal: new AbortController().signal,
  onProgress: () => undefined,
};

function subjectOf({ pid }: Keeper): EvidenceSubject {
  return { pid, startTimeTicks: startTimeOf(pid) ?? 0, subjectId: null, name: 'keeps-c' };
}

/** Neither stopped nor traced, and still answering. */
async function goesOn(keeper: Keeper): Promise<void> {
  const status = readFileSync(`/proc/${keeper.pid}/status`, 'latin1');
  assert.match(status, /^State:\t[RSD]/m);
  assert.match(status, /^TracerPid:\t0$/m);
  await keeper.done(1_000);
}

async function withKeeper(kind: string, use: (keeper: Keeper) => Promise<void>): Promise<void> {
  const keeper = await startKeeper('c', kind, 20_000);
  try {
    await use(keeper);
  } finally {
    await keeper.stop();
  }
}

test('a leak is explained in a child, with its cost, and its texts masked', { skip }, () =>
  withKeeper('array', async (keeper) => {
    const progress: number[] = [];
    const request = { subject: subjectOf(keeper), intervalMs: 500, showTexts: false };
    const evidence = await runExplain(request, { ...roomy, onProgress: (done) => progress.push(done) });
    assert.equal(evidence.grows[0]?.owner, 'audit_table');
    assert.match(evidence.answer, /audit_table.*list that only grows/);
    assert.ok(evidence.cost.cpuSeconds > 0 && evidence.cost.rssBytes > 0);
    assert.ok(!JSON.stringify(evidence).includes('/orders/'));
    assert.deepEqual(progress, [...progress].sort());
    assert.ok(progress.length >= 4);
    await goesOn(keeper);
  }),
);

test('cancelled, out of time or out of memory, the child ends and the process goes on', { skip }, () =>
  withKeeper('list', async (keeper) => {
    const request = { subject: subjectOf(keeper), intervalMs: 60_000, showTexts: false };
    const cancel = new AbortController();
    const cancelled = runExplain(request, { ...roomy, signal: cancel.signal, onProgress: () => cancel.abort() });
    await assert.rejects(cancelled, { code: 'STANCH_E_GONE' });
    await assert.rejects(runExplain(request, { ...roomy, deadlineMs: 1 }), { code: 'STANCH_E_BUDGET' });
    await assert.rejects(runExplain(request, { ...roomy, memoryCapBytes: 1 }), { code: 'STANCH_E_BUDGET' });
    await goesOn(keeper);
  }),
);

test('a daemon is told the cost before anything is done, explains one at a time, and ends it when told to', { skip }, () =>
  withKeeper('list', async (keeper) => {
    const subject = subjectOf(keeper);
    const explainer = new Explainer({ dataDir: '/nowhere', entry, automatic: false, nowMs: () => 1, log: () => undefined });
    const { estimate, headroom } = explainer.plan(subject, 'memory');
    assert.ok(estimate.cpuSeconds > 0 && estimate.wallMs > 60_000);
    assert.ok(headroom !== null && headroom.bytes > 0);
    assert.equal(explainer.cancel(), false, 'none runs');
    const job = explainer.begin(subject, 'memory');
    assert.throws(() => explainer.begin(subject, 'memory'), { code: 'STANCH_E_BUDGET' });
    assert.equal(explainer.cancel(), true);
    await explainer.stop();
    assert.deepEqual([job.state, job.error, job.evidenceId], ['cancelled', null, null]);
    await goesOn(keeper);
  }),
);

test('a process that ends between two looks, or is another one by now, is said to be gone', { skip }, async () => {
  const keeper = await startKeeper('c', 'healthy', 20_000);
  const subject = subjectOf(keeper);
  const other = { subject: { ...subject, startTimeTicks: subject.startTimeTicks - 1 }, intervalMs: 10, showTexts: false };
  await assert.rejects(runExplain(other, roomy), { code: 'STANCH_E_GONE' });
  const ends = runExplain({ subject, intervalMs: 1_000, showTexts: false }, { ...roomy, onProgress: () => void keeper.stop() });
  await assert.rejects(ends, { code: 'STANCH_E_GONE' });
});

test('where nothing came of explaining a leak without being asked, it is tried again in an hour, and not at every scan', { skip }, () =>
  withKeeper('healthy', async (keeper) => {
    let nowMs = 1e12;
    let begun = 0;
    const told = new EventEmitter();
    const options = { dataDir: '/nowhere', entry: '/nowhere/main.ts', automatic: true, nowMs: () => nowMs };
    const explainer = new Explainer({ ...options, log: () => told.emit('failed') });
    const leaks = () => {
      explainer.onLeak('w-shop', () => {
        begun += 1;
        return subjectOf(keeper);
      });
    };
    const failed = once(told, 'failed');
    leaks();
    await failed;
    await explainer.stop();
    for (const minutes of [0, 59, 61]) {
      nowMs = 1e12 + minutes * 60_000;
      leaks();
    }
    assert.equal(begun, 2);
    await explainer.stop();
  }),
);
