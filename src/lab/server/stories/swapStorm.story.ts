/** More memory is in use than there is, and stanch may not act: it keeps looking, loses nothing, keeps answering, and stays small. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { checkout } from '../image.ts';
import { until } from '../traffic.ts';
import type { VM } from '../vm.ts';
import { beginTrouble, endTrouble, installed, memoryStorm, onlyWithAll, serverFor } from './serverForStories.ts';

/** So many times as rarely as before is not lost yet: the server is slow, and a busy machine slower. */
const rarer = { mean: 3, longest: 30 };
const minuteMs = 60_000;
const minutes = Number(process.env.STANCH_STORY_MINUTES ?? 10);

test(`${minutes} minutes of swap storm without permission to act`, { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  const daemon = await installed(vm);
  const process = () => vm.run('systemctl show stanch -p MainPID -p NRestarts');
  const before = await process();
  await wait(minuteMs);
  const usual = gapsOf(await daemon.looksBetween(Date.now() - minuteMs, Date.now()));
  await beginTrouble(vm, memoryStorm(4));
  const swapped = ({ host: { swapTotalBytes, swapFreeBytes } }: Awaited<ReturnType<typeof daemon.status>>) =>
    (swapTotalBytes ?? 0) - (swapFreeBytes ?? 0);
  await until(
    () => daemon.status(),
    (status) => swapped(status) > 150 << 20,
  );
  const startMs = Date.now();
  const token = (await vm.pull('/var/lib/stanch/token')).trim();
  const failed: string[] = [];
  let asked = 0;
  let mostRssBytes = 0;
  let budgetBytes = 0;
  for (const endMs = performance.now() + minutes * minuteMs; performance.now() < endMs; await wait(2000)) {
    asked++;
    try {
      await statusFrom(vm, token);
      const { self } = await daemon.status();
      mostRssBytes = Math.max(mostRssBytes, self.rssBytes);
      budgetBytes = self.budget.rssBytes;
    } catch (error) {
      failed.push(`${Math.round((Date.now() - startMs) / 1000)} s: ${error instanceof Error ? error.message : error}`);
    }
  }
  const endMs = Date.now();
  const storm = gapsOf(await daemon.looksBetween(startMs, endMs));
  t.diagnostic(`status answered ${asked - failed.length} of ${asked} times`);
  t.diagnostic(`looks ${told(usual)} before, ${told(storm)} in the storm`);
  t.diagnostic(`${Math.round(mostRssBytes / 1024 ** 2)} MiB of its own, of ${Math.round(budgetBytes / 1024 ** 2)} MiB that it may have`);
  assert.deepEqual(failed, []);
  assert.ok(storm.meanMs < usual.meanMs * rarer.mean && storm.longestMs < usual.meanMs * rarer.longest, 'it went on looking');
  assert.ok(mostRssBytes <= budgetBytes);
  assert.deepEqual(await daemon.actions(), [], 'it did nothing');
  await endTrouble(vm);
  assert.equal(await process(), before, 'it is still the same process');
});

interface Gaps {
  meanMs: number;
  longestMs: number;
}

/** Between one look and the next. */
function gapsOf(looksMs: readonly number[]): Gaps {
  const gaps = looksMs.slice(1).map((timeMs, index) => timeMs - (looksMs[index] ?? timeMs));
  assert.ok(gaps.length > 0, 'it looks');
  return { meanMs: gaps.reduce((sum, ms) => sum + ms, 0) / gaps.length, longestMs: Math.max(...gaps) };
}

const told = ({ meanMs, longestMs }: Gaps) => `every ${Math.round(meanMs)} ms (at most ${Math.round(longestMs)} ms)`;

/** The command, from another machine, as whoever looks after servers runs it. Throws when it fails. */
async function statusFrom(vm: VM, token: string): Promise<void> {
  const env = { ...process.env, STANCH_TOKEN: token };
  const args = ['status', '--url', `http://127.0.0.1:${vm.ports.api}`];
  await promisify(execFile)(join(checkout, 'bin', 'stanch'), args, { env, timeout: 60_000, killSignal: 'SIGKILL' });
}
