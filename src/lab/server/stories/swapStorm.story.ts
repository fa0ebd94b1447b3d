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

/** Looks that are missing in a row: more than this was lost. */
const longestGapMs = 60_000;
const minutes = Number(process.env.STANCH_STORY_MINUTES ?? 10);

test(`${minutes} minutes of swap storm without permission to act`, { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  const daemon = await installed(vm);
  const process = () => vm.run('systemctl show stanch -p MainPID -p NRestarts');
  const before = await process();
  await beginTrouble(vm, memoryStorm);
  const swapped = ({ host: { swapTotalBytes, swapFreeBytes } }: Awaited<ReturnType<typeof daemon.status>>) =>
    (swapTotalBytes ?? 0) - (swapFreeBytes ?? 0);
  await until(
    () => daemon.status(),
    (status) => swapped(status) > 150 << 20,
    400_000,
  );
  const startMs = Date.now();
  const token = (await vm.pull('/var/lib/stanch/token')).trim();
  const failed: string[] = [];
  let asked = 0;
  let mostRssBytes = 0;
  let budgetBytes = 0;
  for (const endMs = performance.now() + minutes * 60_000; performance.now() < endMs; await wait(2000)) {
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
  const looks = await daemon.looksBetween(startMs, endMs);
  const gaps = looks.map((timeMs, index) => timeMs - (looks[index - 1] ?? startMs));
  t.diagnostic(`status answered ${asked - failed.length} of ${asked} times; ${looks.length} looks, ${Math.max(...gaps)} ms apart at most`);
  t.diagnostic(`${Math.round(mostRssBytes / 1024 ** 2)} MiB of its own, of ${Math.round(budgetBytes / 1024 ** 2)} MiB that it may have`);
  assert.deepEqual(failed, []);
  assert.ok(Math.max(...gaps, endMs - (looks.at(-1) ?? 0)) < longestGapMs, 'no look is missing for long');
  assert.ok(mostRssBytes <= budgetBytes);
  assert.deepEqual(await daemon.actions(), [], 'it did nothing');
  await endTrouble(vm);
  assert.equal(await process(), before, 'it is still the same process');
});

/** The command, from another machine, as whoever looks after servers runs it. Throws when it fails. */
async function statusFrom(vm: VM, token: string): Promise<void> {
  const env = { ...process.env, STANCH_TOKEN: token };
  const args = ['status', '--url', `http://127.0.0.1:${vm.ports.api}`];
  await promisify(execFile)(join(checkout, 'bin', 'stanch'), args, { env, timeout: 60_000, killSignal: 'SIGKILL' });
}
