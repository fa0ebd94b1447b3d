/** Where real programs allocate what they leak, each beside a cache and what comes and goes; and that nothing of it is left afterwards. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { readProbeGroups } from '../../kernel/tracefs.ts';
import { type Keeper, type KeeperLanguage, startKeeper, whyNoKeeper } from '../../lab/keeper.ts';
import { mountTracefs } from '../../lab/tracefs.ts';
import { isValue } from '../../model/reading.ts';
import { startTimeOf } from '../identity.ts';
import { runExplain } from '../runExplain.ts';
import { TargetMemory } from '../targetMemory.ts';
import { allocationSites } from './allocationSites.ts';
import { FrameTables } from './frameTables.ts';
import { addSites, requireProbeable } from './uprobeMeans.ts';
import { sweepProbes } from './uprobes.ts';

const tracefs = mountTracefs();
const whyNot = typeof tracefs === 'string' ? tracefs : null;
after(() => typeof tracefs !== 'string' && tracefs.remove());

/** So few that what they cost is far from what is refused, however they come. */
const perSecond = 800;
const [warmUp, between] = [1_500, 1_000];
const intervalMs = 1_000;

function skip(language: KeeperLanguage): string | false {
  return whyNot ?? whyNoKeeper(language) ?? false;
}

/** A program of its own: others run the same one, and would be seen. */
async function withKeeper<T>(language: KeeperLanguage, kind: string, use: (keeper: Keeper) => Promise<T>): Promise<T> {
  const keeper = await startKeeper(language, kind, perSecond, 0, 'glibc', `probed-${language}`);
  try {
    return await use(keeper);
  } finally {
    await keeper.stop();
  }
}

function groups(): string[] {
  const found = typeof tracefs === 'string' ? null : readProbeGroups(tracefs.folder);
  return found !== null && isValue(found) ? [...found.keys()] : [];
}

/** The first thing that grows, and what is said of all. */
async function explained(keeper: Keeper) {
  const memory = new TargetMemory(keeper.pid);
  try {
    const heap = requireProbeable(memory);
    const code = allocationSites(memory, new FrameTables(memory)).map(({ call }) => call);
    const before = code.map((call) => bytesAt(memory, call));
    for (let look = 0; look < 3; look += 1) {
      await keeper.done(warmUp + look * between);
      heap.look();
    }
    const said: string[] = [];
    const { things, notes } = await addSites(memory, heap, heap.growing(), { intervalMs, says: (text) => said.push(text) });
    // The code is what it was, and nobody waits for it any more.
    assert.deepEqual(
      code.map((call) => bytesAt(memory, call)),
      before,
    );
    assert.deepEqual(
      groups().filter((group) => group.startsWith(`stanch_${process.pid}_`)),
      [],
    );
    await keeper.done(keeper.latest() + 1_000);
    return { first: things[0], notes, said };
  } finally {
    memory.close();
  }
}

function bytesAt(memory: TargetMemory, address: number): string {
  const bytes = Buffer.alloc(16);
  return bytes.toString('hex', 0, memory.read(address, bytes));
}

const leaks: readonly [KeeperLanguage, string, RegExp][] = [
  // Compilers put the function that allocates into the one that calls it, or not.
  ['c', 'array', /^(?:new_audit|keep)\+0x[0-9a-f]+$/],
  ['cpp', 'map', /^(?:std::make_unique<shop::UserSession.*|shop::.*|main)\+0x[0-9a-f]+$/],
  ['rs', 'boxed', /^(?:keeps|probed)(?:_rs)?::main\+0x[0-9a-f]+$/],
];
for (const [language, kind, place] of leaks) {
  test(`${language}: what leaks by ${kind} is allocated where it is said to be`, { skip: skip(language) }, () =>
    withKeeper(language, kind, async (keeper) => {
      const { first, notes, said } = await explained(keeper);
      assert.match(first?.place ?? 'nowhere', place, notes.join('\n'));
      assert.ok((first?.survival ?? 0) > 0.9);
      assert.match(said[0] ?? '', /^its own code calls malloc \d+ times a second .* % of a processor for \d/);
      const [, stayed, born] = /(\d+) of (\d+) blocks .* were still there/.exec(notes.join('\n')) ?? [];
      assert.ok(Number(stayed) / Number(born) > 0.9, notes.join('\n'));
    }),
  );
}

test('where nothing grows there are no probes', { skip: skip('c') }, () =>
  withKeeper('c', 'healthy', async (keeper) => {
    const subject = { pid: keeper.pid, startTimeTicks: startTimeOf(keeper.pid) ?? 0, subjectId: null, name: 'probed' };
    const said: (string | null)[] = [];
    await keeper.done(warmUp);
    const evidence = await runExplain(
      { subject, intervalMs, showTexts: false, means: 'uprobes' },
      { ...roomy(), onProgress: (_done, says) => said.push(says) },
    );
    assert.deepEqual(evidence.grows, []);
    assert.deepEqual(
      said.filter((says) => says !== null),
      [],
    );
  }),
);

test('who started the child takes its probes away when it is ended by force', { skip: skip('c') }, () =>
  withKeeper('c', 'array', async (keeper) => {
    await keeper.done(warmUp);
    const subject = { pid: keeper.pid, startTimeTicks: startTimeOf(keeper.pid) ?? 0, subjectId: null, name: 'probed' };
    const abort = new AbortController();
    const there: string[] = [];
    const options = {
      ...roomy(),
      signal: abort.signal,
      onProgress: (_done: number, says: string | null) => {
        if (says === null) return;
        there.push(...groups());
        abort.abort();
      },
    };
    await assert.rejects(runExplain({ subject, intervalMs, showTexts: false, means: 'uprobes' }, options), { code: 'STANCH_E_GONE' });
    const [group = 'none'] = there;
    assert.match(group, /^stanch_\d+_\d+$/);
    assert.ok(!groups().includes(group));
    await keeper.done(keeper.latest() + 1_000);
  }),
);

const placesProbes = `
import { Uprobes } from ${JSON.stringify(join(import.meta.dirname, 'uprobes.ts'))};
import { allocationSites } from ${JSON.stringify(join(import.meta.dirname, 'allocationSites.ts'))};
import { FrameTables } from ${JSON.stringify(join(import.meta.dirname, 'frameTables.ts'))};
import { TargetMemory } from ${JSON.stringify(join(import.meta.dirname, '..', 'targetMemory.ts'))};
const memory = new TargetMemory(Number(process.argv[1]));
new Uprobes(memory.pid).begin('left', allocationSites(memory, new FrameTables(memory)).map(({ mapped, callOffset }) => ({ mapped, offset: callOffset })), '');
console.log('READY');
setInterval(() => undefined, 1_000);
`;

test('what a stanch that was ended by force has left is taken away by the next one', { skip: skip('c') }, () =>
  withKeeper('c', 'array', async (keeper) => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', placesProbes, `${keeper.pid}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 600_000,
      killSignal: 'SIGKILL',
    });
    const exited = once(child, 'exit');
    assert.equal((await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value, 'READY');
    child.kill('SIGKILL');
    await exited;
    const isOwn = (group: string) => group.startsWith(`stanch_${child.pid}_`);
    // Any other stanch that starts meanwhile may have been first.
    sweepProbes();
    assert.ok(!groups().some(isOwn));
    assert.equal(readFileSync(`/proc/${keeper.pid}/status`, 'latin1').includes('TracerPid:\t0'), true);
    await keeper.done(keeper.latest() + 1_000);
  }),
);

function roomy() {
  const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
  return { entry, deadlineMs: 600_000, memoryCapBytes: 1 << 30, signal: new AbortController().signal };
}
