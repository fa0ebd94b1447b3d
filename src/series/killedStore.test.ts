import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from './embeddedStore.ts';
import { folderFor, keepAll, startMs } from './storeForTests.ts';

const program = fileURLToPath(new URL('./killedWriter.ts', import.meta.url));
const kills = 30;
const subjectCount = 40;
const maxTicks = 450;

/** Runs the writer and kills it after a number of ticks, at a moment within the next. Returns the last tick it said was appended. */
async function runAndKill(dir: string, afterTicks: number): Promise<number> {
  const child = spawn(process.execPath, [program, dir, String(subjectCount), String(maxTicks)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > afterTicks) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', errors);
  return Number(said.trimEnd().split('\n').at(-1));
}

test('kill -9 at any moment loses nothing that was appended', { timeout: 600_000 }, async (t) => {
  const dir = folderFor(t);
  let appended = -1;
  for (let kill = 0; kill < kills; kill += 1) {
    const last = await runAndKill(dir, 1 + Math.floor(Math.random() * (maxTicks - 10)));
    assert.ok(last > appended, 'each run goes on where the one before was');
    appended = last;
  }
  const store = openStore({ dir, retention: keepAll });
  t.after(() => store.close());
  assert.deepEqual(store.health().setAside, []);
  const next = new Map<string, number>();
  for (const { subjectId, sample } of store.replay(0)) {
    const tick = next.get(subjectId) ?? 0;
    const index = Number(subjectId.slice(2));
    assert.deepEqual([sample.timeMs, sample.fds, sample.anonBytes], [startMs + tick * 10_000, tick, (tick + index) * 4096], subjectId);
    next.set(subjectId, tick + 1);
  }
  assert.equal(next.size, subjectCount);
  for (const [subjectId, count] of next) assert.ok(count > appended, `${subjectId}: ${count} of ${appended + 1}`);
  assert.ok(store.findings({ limit: 10_000 }).length > Math.floor(appended / 50), 'no finding is lost');
  assert.equal([...store.states()].length, 1);
});
