/** The kernel ends the largest, which is the database; it is another that leaks. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { until, Visitors } from '../traffic.ts';
import type { VM } from '../vm.ts';
import { onlyWithAll, serverFor } from './serverForStories.ts';

const kills = v.object({
  kills: v.array(
    v.object({
      sentence: v.string(),
      victim: v.object({ name: v.string(), cgroup: v.nullable(v.string()) }),
      culprit: v.nullable(v.object({ name: v.string(), from: v.string() })),
    }),
  ),
});

/** A server without swap, on which the kernel ends somebody instead of standing still; a page of it leaks. */
async function leakUntilKill(t: TestContext, vm: VM): Promise<v.InferOutput<typeof kills>['kills']> {
  await vm.run('swapoff -a; echo 7 >/sys/kernel/mm/lru_gen/enabled; echo 1000 >/sys/kernel/mm/lru_gen/min_ttl_ms; stanch install');
  await until(
    () => vm.exec('stanch status'),
    ({ code }) => code === 0,
    120_000,
  );
  const visitors = new Visitors(vm, '/leak.php?kb=2048', 20);
  t.after(() => visitors.stop());
  const killed = () => vm.run('grep oom_kill /proc/vmstat');
  await until(killed, (line) => line.trim() !== 'oom_kill 0', 400_000);
  visitors.stop();
  const told = async () => v.parse(kills, JSON.parse(await vm.run('stanch oom --json'))).kills;
  return until(told, (list) => list.length > 0, 120_000);
}

const databasePid = (vm: VM) => vm.run('systemctl show mariadb -p MainPID -p NRestarts');

test('with protect the kernel spares the database, and the post-mortem names victim and culprit', { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  const before = await databasePid(vm);
  await vm.run('stanch do protect mariadb --yes');
  const all = await leakUntilKill(t, vm);
  for (const { sentence } of all) t.diagnostic(sentence);
  assert.equal(await databasePid(vm), before, 'the database was not touched');
  assert.ok(
    all.every(({ victim }) => !/mariadb/.test(victim.cgroup ?? '')),
    'the database was not among the victims',
  );
  assert.match(all[0]?.culprit?.name ?? '', /php-fpm/);
  assert.equal(all[0]?.culprit?.from, 'history');
});

test('without protect, as it is: who is ended, and the culprit all the same', { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  const all = await leakUntilKill(t, vm);
  for (const { sentence } of all) t.diagnostic(sentence);
  assert.ok(
    all.some(({ culprit }) => /php-fpm/.test(culprit?.name ?? '')),
    'the culprit is named',
  );
});
