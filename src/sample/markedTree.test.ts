import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { MarkedTree } from './markedTree.ts';

test('one that ended and was not waited for is counted as long as its parent runs, and holds nothing', { timeout: 60_000 }, async (t) => {
  const env = { ...process.env, STANCH_TREE: `${process.pid}` };
  // The shell becomes a program that waits for nobody.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 1000'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(parent, 'exit');
  t.after(() => parent.kill('SIGKILL'));
  const [pid] = await once(createInterface(parent.stdout), 'line');
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await wait(20);
  const tree = new MarkedTree(`STANCH_TREE=${process.pid}`);
  assert.equal(tree.sample(1)?.processes, 1, 'before its parent is known');
  const sample = tree.sample(2);
  assert.deepEqual([sample?.processes, sample?.threads], [2, 1]);
  parent.kill('SIGKILL');
  await ended;
  assert.equal(tree.sample(3), null);
});
