/** The kernel ends the largest, which is the database; it is another that leaks. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KillsDocument } from '../../../serve/schema.ts';
import { until, Visitors } from '../traffic.ts';
import type { VM } from '../vm.ts';
import { databaseOf, installed, killsOf, onlyWithAll, serverFor } from './serverForStories.ts';

/** A server without swap, on which the kernel ends somebody instead of standing still; a page of it leaks. */
async function leakUntilKill(t: TestContext, vm: VM): Promise<KillsDocument['kills']> {
  await vm.run('swapoff -a; echo 7 >/sys/kernel/mm/lru_gen/enabled; echo 1000 >/sys/kernel/mm/lru_gen/min_ttl_ms');
  const daemon = await installed(vm);
  const visitors = new Visitors(vm, '/leak.php?kb=1024', 4);
  t.after(() => visitors.stop());
  await until(
    () => killsOf(vm),
    (count) => count > 0,
  );
  visitors.stop();
  const kills = await until(
    () => daemon.kills(),
    (list) => list.length > 0,
  );
  for (const { sentence } of kills) t.diagnostic(sentence);
  return kills;
}

const isCulprit = ({ culprit }: KillsDocument['kills'][number]) =>
  culprit?.from === 'history' && culprit.name.startsWith('php-fpm: pool www');

test('with protect the kernel spares the database, and the post-mortem names victim and culprit', { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  const before = await databaseOf(vm);
  await vm.run('stanch do protect mariadb --yes');
  const kills = await leakUntilKill(t, vm);
  assert.equal(await databaseOf(vm), before, 'the database was not touched');
  assert.deepEqual(
    kills.filter(({ victim: { cgroup, task } }) => /mariadb/.test(`${cgroup} ${task}`)),
    [],
    'the database was not among the victims',
  );
  assert.ok(kills.every(isCulprit), 'the pool is named as the culprit');
});

test('without protect, as it is: the kernel ends the database, and the culprit is named all the same', { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  const kills = await leakUntilKill(t, vm);
  assert.ok(kills.every(isCulprit), 'the pool is named as the culprit');
  assert.ok(
    kills.some(({ victim }) => victim.task === 'mariadbd'),
    'the database was ended',
  );
});
