/** A leak goes on into swap, and stanch may not act: it keeps looking, keeps answering, and stays small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { until, Visitors } from '../traffic.ts';
import { actionsOf, onlyWithAll, serverFor } from './serverForStories.ts';

const mostOwnKiB = 160 * 1024;

for (const minutes of [2, 10]) {
  test(`${minutes} minutes of swap storm without permission to act`, { skip: onlyWithAll }, async (t) => {
    const vm = await serverFor(t);
    await vm.run('stanch install');
    await until(
      () => vm.exec('stanch status'),
      ({ code }) => code === 0,
      120_000,
    );
    const pid = await vm.run('systemctl show stanch -p MainPID -p NRestarts');
    const visitors = new Visitors(vm, '/leak.php?kb=2048', 20);
    t.after(() => visitors.stop());
    const swapped = () => vm.run("awk '/^SwapTotal:/ { t = $2 } /^SwapFree:/ { print t - $2 }' /proc/meminfo");
    await until(swapped, (kib) => Number(kib) > 150_000, 400_000);
    let answered = 0;
    let asked = 0;
    for (const endMs = performance.now() + minutes * 60_000; performance.now() < endMs; await wait(5000)) {
      asked++;
      // Asked in its own slice: what starts elsewhere waits for memory as long as everything else does.
      const ran = await vm
        .exec('systemd-run -q --pipe --wait --slice=stanch.slice stanch status', { timeoutMs: 110_000 })
        .catch(() => null);
      if (ran?.code === 0) answered++;
    }
    visitors.stop();
    t.diagnostic(`status answered ${answered} of ${asked} times`);
    await vm.run('systemctl kill -s KILL php8.2-fpm', { timeoutMs: 300_000 });
    assert.equal(answered, asked);
    assert.equal(await vm.run('systemctl show stanch -p MainPID -p NRestarts'), pid, 'it is still the same process');
    const peakKiB = Number(await vm.run("awk '/^VmHWM:/ { print $2 }' /proc/$(systemctl show stanch -p MainPID --value)/status"));
    t.diagnostic(`its own memory was ${Math.round(peakKiB / 1024)} MiB at most`);
    assert.ok(peakKiB < mostOwnKiB, `${peakKiB} KiB`);
    assert.deepEqual(await actionsOf(vm), [], 'it did nothing');
  });
}
