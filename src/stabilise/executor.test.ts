import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { processIdOf } from '../kernel/processIdentity.ts';
import type { ActionPlan, Step } from '../model/action.ts';
import type { ProcessId } from '../model/subject.ts';
import { Executor } from './executor.ts';
import { fakeSystemd } from './fakeSystemdForTests.ts';
import { ActionJournal } from './journal.ts';
import { whileLocked } from './journalLock.ts';
import { contentOf } from './steps/writeFile.ts';
import type { Systemd } from './systemd/systemd.ts';

const folder = mkdtempSync(join(tmpdir(), 'stanch-actions-'));
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

let made = 0;
function fresh(refuses: string[] = []) {
  made += 1;
  const journalFile = join(folder, `journal-${made}.jsonl`);
  const { systemd, asked } = fakeSystemd(refuses);
  return {
    journalFile,
    asked,
    executor: new Executor(new ActionJournal(journalFile), { systemd, procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' }),
  };
}

const run = (executor: Executor, plan: ActionPlan, by: string) => executor.start(plan, by).finished;

function planOf(...steps: Step[]): ActionPlan {
  const planned = steps.map((step) => ({ step, text: step.do }));
  return {
    kind: 'limit',
    subjectId: 'w-1',
    subjectName: 'shop',
    reason: '',
    steps: planned,
    risk: null,
    undoable: true,
    expectedBytes: null,
  };
}

function dropIn(name: string): { path: string; step: Step } {
  const path = join(folder, `${name}.service.d`, '90-stanch-limit.conf');
  return { path, step: { do: 'write-file', path, before: null, after: '[Service]\nMemoryMax=1\n' } };
}

/** A process that says when it runs. `deaf`: to SIGTERM. */
async function startProcess(deaf: boolean): Promise<ProcessId> {
  const child = spawn(
    process.execPath,
    ['-e', `${deaf ? "process.on('SIGTERM',()=>{});" : ''}setInterval(()=>{},1000);console.log('up')`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  started.push(child);
  await once(child.stdout ?? child, 'data');
  const id = processIdOf(child.pid ?? 0);
  assert.ok(id !== null);
  return id;
}

test('a drop-in is written, put into force, and taken back byte for byte, folder and all', async () => {
  const { executor, asked } = fresh();
  const { path, step } = dropIn('shop');
  const action = await run(executor, planOf(step, { do: 'reload-systemd' }), 'cli');
  assert.equal(action.state, 'done');
  assert.equal(readFileSync(path, 'utf8'), '[Service]\nMemoryMax=1\n');
  assert.equal((await executor.undo(action.id)).state, 'undone');
  assert.equal(existsSync(join(path, '..')), false);
  assert.deepEqual(asked, ['daemon-reload', 'daemon-reload']);
  await assert.rejects(executor.undo(action.id), /STANCH_E_NOT_POSSIBLE/);
});

test("what stood there before comes back, and the owner's other drop-ins stay", async () => {
  const { executor } = fresh();
  const { path } = dropIn('kept');
  mkdirSync(join(path, '..'));
  writeFileSync(path, 'mine\n');
  writeFileSync(join(path, '..', 'own.conf'), 'own\n');
  const action = await run(executor, planOf({ do: 'write-file', path, before: 'mine\n', after: 'ours\n' }), 'cli');
  await executor.undo(action.id);
  assert.equal(readFileSync(path, 'utf8'), 'mine\n');
  assert.equal(readFileSync(join(path, '..', 'own.conf'), 'utf8'), 'own\n');
});

test('a file that somebody changed since is left as it is, before and after', async () => {
  const { executor } = fresh();
  const { path, step } = dropIn('contested');
  const action = await run(executor, planOf(step), 'cli');
  appendFileSync(path, '# by the owner\n');
  await assert.rejects(executor.undo(action.id), /STANCH_E_CHANGED_SINCE/);
  assert.match(readFileSync(path, 'utf8'), /by the owner/);
  const second = await run(executor, planOf({ do: 'write-file', path, before: null, after: 'ours\n' }), 'cli');
  assert.equal(second.state, 'failed');
  assert.match(second.error ?? '', /STANCH_E_CHANGED_SINCE/);
  assert.match(readFileSync(path, 'utf8'), /by the owner/);
});

test('a step that fails takes back those before it: nothing is changed half', async () => {
  const { executor, asked } = fresh(['restart shop.service']);
  const { path, step } = dropIn('half');
  const action = await run(
    executor,
    planOf(
      step,
      { do: 'reload-systemd' },
      { do: 'unit', verb: 'freeze', unit: 'shop.service' },
      { do: 'unit', verb: 'restart', unit: 'shop.service' },
    ),
    'cli',
  );
  assert.equal(action.state, 'failed');
  assert.match(action.error ?? '', /STANCH_E_UNIT/);
  assert.equal(existsSync(path), false);
  assert.deepEqual(asked, ['daemon-reload', 'freeze shop.service', 'restart shop.service', 'thaw shop.service', 'daemon-reload']);
});

test('a file that is replaced is readable for the same as before, and what could not be put back is refused', async () => {
  const { executor } = fresh();
  const path = join(folder, 'pool.conf');
  writeFileSync(path, 'password = x\n', { mode: 0o640 });
  const action = await run(executor, planOf({ do: 'write-file', path, before: 'password = x\n', after: 'password = x\nmore\n' }), 'cli');
  assert.equal(statSync(path).mode & 0o777, 0o640);
  await executor.undo(action.id);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  writeFileSync(path, Buffer.from([0xe9, 0x0a]));
  assert.throws(() => contentOf(path), /STANCH_E_NOT_POSSIBLE.*UTF-8/s);
  symlinkSync(path, join(folder, 'link.conf'));
  assert.throws(() => contentOf(join(folder, 'link.conf')), /STANCH_E_NOT_POSSIBLE.*a link/s);
});

test('half a file that a killed stanch left beside the real one is taken away with its folder', async () => {
  const { journalFile, executor } = fresh();
  const { path, step } = dropIn('torn');
  const journal = new ActionJournal(journalFile);
  const runner = { bootId: 'the boot before', pid: 1, startTimeTicks: 1 };
  journal.start('a-torn', 'cli', planOf(step), runner);
  journal.beginStep('a-torn', 0);
  mkdirSync(join(path, '..'));
  writeFileSync(`${path}.stanch-new`, '[Serv');
  assert.equal((await executor.recover())[0]?.state, 'interrupted');
  assert.equal(existsSync(join(path, '..')), false);
});

test('what is written down survives that the journal becomes too long, and is read by whoever else acts', () => {
  const { journalFile } = fresh();
  const [writer, reader] = [new ActionJournal(journalFile), new ActionJournal(journalFile)];
  const runner = processIdOf(process.pid);
  assert.ok(runner !== null);
  const bulky = planOf({ do: 'write-file', path: '/x', before: null, after: 'x'.repeat(60_000) });
  writer.start('a-first', 'cli', planOf(), runner);
  for (let index = 0; index < 80; index += 1) {
    writer.start(`a-${index}`, 'cli', bulky, runner);
    writer.end(`a-${index}`, 'done', null);
  }
  assert.ok(statSync(journalFile).size < 5 * 1_048_576);
  assert.ok(reader.entries().every(({ action }) => action.state === (action.id === 'a-first' ? 'running' : 'done')));
  writer.start('a-last', 'cli', planOf(), runner);
  assert.equal(reader.entries().at(-1)?.action.state, 'running');
  // The latest, and what has not ended.
  const ids = reader.entries().map(({ action }) => action.id);
  assert.deepEqual([ids[0], ...ids.slice(-31)], ['a-first', ...Array.from({ length: 30 }, (_, index) => `a-${50 + index}`), 'a-last']);
  assert.equal(statSync(journalFile).mode & 0o777, 0o600);
});

test('a process that is deaf to SIGTERM is ended after its grace, one that listens at once', async () => {
  const { executor } = fresh();
  for (const deaf of [true, false]) {
    const target = await startProcess(deaf);
    const action = await run(executor, planOf({ do: 'end', process: target, signal: 'SIGTERM', graceMs: deaf ? 200 : 60_000 }), 'cli');
    assert.equal(action.state, 'done');
    assert.equal(processIdOf(target.pid)?.startTimeTicks === target.startTimeTicks && !isZombie(target.pid), false);
  }
});

function isZombie(pid: number): boolean {
  return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

test('a pid that is another process by now gets no signal', async () => {
  const { executor } = fresh();
  const target = await startProcess(false);
  const other = { ...target, startTimeTicks: target.startTimeTicks - 1 };
  assert.equal((await run(executor, planOf({ do: 'signal', process: other, signal: 'SIGKILL' }), 'cli')).state, 'failed');
  const elsewhere = { ...target, bootId: 'another-boot' };
  assert.equal((await run(executor, planOf({ do: 'end', process: elsewhere, signal: 'SIGKILL', graceMs: 0 }), 'cli')).state, 'done');
  assert.notEqual(processIdOf(target.pid), null);
});

test('what a stanch that was killed left half done is taken back at the next start', async () => {
  const { journalFile } = fresh();
  const { path, step } = dropIn('killed');
  const target = await startProcess(true);
  const plan = planOf(step, { do: 'end', process: target, signal: 'SIGTERM', graceMs: 60_000 });
  const script = `import { Executor } from '${import.meta.dirname}/executor.ts'; import { ActionJournal } from '${import.meta.dirname}/journal.ts';
    new Executor(new ActionJournal(${JSON.stringify(journalFile)}), { systemd: null, procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' }).start(${JSON.stringify(plan)}, 'cli').finished;
    const wait = setInterval(() => { if (fs.readFileSync(${JSON.stringify(journalFile)}, 'utf8').includes('"index":1')) { clearInterval(wait); console.log('in the middle'); } }, 10);
    import fs from 'node:fs';`;
  const runner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(runner);
  await once(runner.stdout ?? runner, 'data');
  assert.equal(existsSync(path), true);
  const { systemd } = fakeSystemd();
  const executor = new Executor(new ActionJournal(journalFile), { systemd, procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' });
  assert.deepEqual(await executor.recover(), [], 'as long as it lives, it is its own affair');
  runner.kill('SIGKILL');
  await once(runner, 'exit');
  // Half a line, as a power cut leaves it.
  appendFileSync(journalFile, '{"event":"end","id":"a-');
  const [recovered] = await executor.recover();
  assert.equal(recovered?.state, 'interrupted');
  assert.match(recovered?.error ?? '', /after 1 of 2 steps/);
  assert.equal(existsSync(path), false);
  assert.deepEqual(await executor.recover(), []);
});

test('killed after any line of the journal, all of an action is there at the next start or nothing of it', async () => {
  /** start, begin and end of three steps, end. */
  const lines = 8;
  const outcomes = await Promise.all(
    Array.from({ length: lines }, async (_, index) => {
      const { journalFile } = fresh();
      const [first, second] = [dropIn(`crash-${index}-a`), dropIn(`crash-${index}-b`)];
      const plan = planOf(first.step, second.step, { do: 'reload-systemd' });
      const script = `import { Executor } from '${import.meta.dirname}/executor.ts'; import { ActionJournal } from '${import.meta.dirname}/journal.ts';
        let left = ${index + 1};
        class Dying extends ActionJournal {}
        for (const name of ['start', 'beginStep', 'endStep', 'end'])
          Dying.prototype[name] = function (...args) { ActionJournal.prototype[name].apply(this, args); left -= 1; if (left === 0) process.kill(process.pid, 'SIGKILL'); };
        await new Executor(new Dying(${JSON.stringify(journalFile)}), { systemd: { reload: async () => {} }, procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' }).start(${JSON.stringify(plan)}, 'cli').finished;`;
      const runner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
      started.push(runner);
      assert.deepEqual(await once(runner, 'exit'), [null, 'SIGKILL']);
      const journal = new ActionJournal(journalFile);
      const executor = new Executor(journal, { systemd: fakeSystemd().systemd, procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' });
      await executor.recover();
      assert.deepEqual(await executor.recover(), []);
      const state = journal.entries()[0]?.action.state;
      for (const { path, step } of [first, second]) {
        const isDone = state === 'done';
        assert.equal(existsSync(join(path, '..')), isDone, `line ${index + 1}`);
        if (isDone) assert.equal(readFileSync(path, 'utf8'), step.do === 'write-file' ? step.after : null);
      }
      return state;
    }),
  );
  assert.deepEqual(outcomes, [...Array<string>(lines - 2).fill('interrupted'), 'done', 'done']);
});

/** A systemd that reads its unit files anew only when it is let. */
function slowSystemd() {
  const { systemd, asked } = fakeSystemd();
  const asks = new EventEmitter();
  const reload = async () => {
    await systemd.reload();
    const go = once(asks, 'go');
    asks.emit('reload');
    await go;
  };
  return { systemd: { ...systemd, reload }, asked, asks };
}

test('what somebody takes back is not taken back by a second one at the same time', async () => {
  const { journalFile, executor: first } = fresh();
  const { path, step } = dropIn('twice');
  const { id } = await run(first, planOf(step, { do: 'reload-systemd' }), 'cli');
  const slow = slowSystemd();
  const at = (systemd: Systemd) => new Executor(new ActionJournal(journalFile), { systemd, procRoot: '/proc', cgroupRoot: '/nonexistent' });
  const reloading = once(slow.asks, 'reload');
  const undone = at(slow.systemd).undo(id);
  await reloading;
  await assert.rejects(first.undo(id), /STANCH_E_BUSY.*takes back/s);
  assert.deepEqual(await first.recover(), [], 'nor is it put right: somebody sees to it');
  slow.asks.emit('go');
  assert.equal((await undone).state, 'undone');
  assert.equal(existsSync(path), false);
  assert.deepEqual(slow.asked, ['daemon-reload']);
});

test('one workload is acted on by one at a time, another one meanwhile all the same', async () => {
  const { journalFile, executor: other } = fresh();
  const slow = slowSystemd();
  const first = new Executor(new ActionJournal(journalFile), { systemd: slow.systemd, procRoot: '/proc', cgroupRoot: '/nonexistent' });
  const reloading = once(slow.asks, 'reload');
  const { finished } = first.start(planOf({ do: 'reload-systemd' }), 'cli');
  await reloading;
  assert.throws(() => other.start(planOf({ do: 'reload-systemd' }), 'cli'), /STANCH_E_BUSY.*carries out/s);
  assert.equal((await run(other, { ...planOf({ do: 'reload-systemd' }), subjectId: 'w-2' }, 'cli')).state, 'done');
  slow.asks.emit('go');
  assert.equal((await finished).state, 'done');
  assert.equal(other.start(planOf(), 'cli').id.startsWith('a-'), true, 'and then it is free again');
});

test('what a stanch that died had half taken back is taken back as a whole at the next start', async () => {
  const { journalFile, executor } = fresh();
  const [first, second] = [dropIn('half-a'), dropIn('half-b')];
  const { id } = await run(executor, planOf(first.step, second.step), 'cli');
  new ActionJournal(journalFile).claim(id, { bootId: 'the boot before', pid: 1, startTimeTicks: 1 });
  rmSync(join(second.path, '..'), { recursive: true });
  assert.deepEqual(
    (await executor.recover()).map(({ state }) => state),
    ['undone'],
  );
  assert.equal(existsSync(first.path), false);
});

test('whoever finds the journal locked for long says so, and does nothing', () => {
  const lock = join(folder, 'held.lock');
  whileLocked(lock, () => {
    assert.throws(() => whileLocked(lock, () => assert.fail('nobody else may'), 20), /STANCH_E_BUSY.*another stanch/s);
  });
  assert.equal(
    whileLocked(lock, () => 'free again'),
    'free again',
  );
});

test('of what two write while the journal is shortened nothing is lost', async () => {
  const { journalFile } = fresh();
  const runner = { bootId: 'b', pid: 1, startTimeTicks: 1 };
  const journal = new ActionJournal(journalFile);
  // So large that the next one shortens it.
  const plan = planOf({ do: 'write-file', path: '/x', before: null, after: 'x'.repeat(6_000) });
  const old = Array.from({ length: 700 }, (_, index) => [
    { event: 'start', id: `a-old-${index}`, atMs: 1, by: 'cli', plan, runner },
    { event: 'end', id: `a-old-${index}`, atMs: 2, state: 'done', error: null },
  ]).flat();
  writeFileSync(journalFile, old.map((event) => `${JSON.stringify(event)}\n`).join(''), { mode: 0o600 });
  const script = `import { ActionJournal } from '${import.meta.dirname}/journal.ts';
    const journal = new ActionJournal(${JSON.stringify(journalFile)});
    for (let index = 0; index < 8; index += 1) journal.start('a-' + process.argv[1] + '-' + index, 'cli', ${JSON.stringify(planOf())}, ${JSON.stringify(runner)});`;
  const writers = ['one', 'two'].map((name) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, name], { stdio: ['ignore', 'ignore', 'inherit'] });
    started.push(child);
    return once(child, 'exit');
  });
  assert.deepEqual(await Promise.all(writers), [
    [0, null],
    [0, null],
  ]);
  const ids = journal.entries().map(({ action }) => action.id);
  assert.equal(ids.filter((id) => /^a-(?:one|two)-/.test(id)).length, 2 * 8);
  assert.ok(ids.includes('a-old-699') && !ids.includes('a-old-0'), 'the oldest made room');
});
