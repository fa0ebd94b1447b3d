/** The cPanel case: a PHP site under nginx and php-fpm keeps memory with every request, and requests keep coming. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusDocument } from '../../../serve/schema.ts';
import { greeting, page, until, Visitors } from '../traffic.ts';
import type { VM } from '../vm.ts';
import { actionsOf, onlyWithAll, serverFor, statusOf } from './serverForStories.ts';

interface Memory {
  swapRatio: number;
  kills: number;
}

async function memoryOf(vm: VM): Promise<Memory> {
  const text = await vm.run("awk '/^Swap(Total|Free):/ { print $2 }' /proc/meminfo; awk '/^oom_kill / { print $2 }' /proc/vmstat");
  const [total = 0, free = 0, kills = 0] = text.trim().split('\n').map(Number);
  return { swapRatio: 1 - free / total, kills };
}

const databasePid = (vm: VM) => vm.run('systemctl show mariadb -p MainPID -p NRestarts');
const isNamed = ({ subjects }: StatusDocument) =>
  subjects.some(({ subject, verdict }) => /php-fpm.*www/.test(subject) && (verdict === 'leak' || verdict === 'suspect'));

test('a site leaks: named before swap is half full, memory is back before a kill, and all services answer', {
  skip: onlyWithAll,
}, async (t) => {
  const vm = await serverFor(t, '[policy]\nmode = "automatic"\nemergency = true\n');
  const database = await databasePid(vm);
  await vm.run('stanch install');
  await until(
    () => vm.exec('stanch status'),
    ({ code }) => code === 0,
    120_000,
  );
  const visitors = new Visitors(vm, '/leak.php?kb=1024', 10);
  t.after(() => visitors.stop());

  const namedAt = await until(
    async () => ({ named: isNamed(await statusOf(vm)), ...(await memoryOf(vm)) }),
    ({ named, swapRatio }) => named || swapRatio >= 0.5,
    400_000,
  );
  t.diagnostic(`named with ${Math.round(namedAt.swapRatio * 100)} % of swap in use`);
  assert.ok(namedAt.named, 'named before swap was half full');

  const acted = await until(
    () => actionsOf(vm),
    (actions) => actions.some(({ proof }) => proof?.helped),
    400_000,
  );
  for (const { by, state, plan, proof } of acted) t.diagnostic(`${by}: ${plan.kind} ${plan.subjectName}, ${state}: ${proof?.sentence}`);
  assert.ok(
    acted.every(({ plan }) => /php-fpm/.test(plan.subjectName)),
    'nothing else was touched',
  );
  assert.equal((await memoryOf(vm)).kills, 0);
  assert.equal(await databasePid(vm), database, 'the database was not touched');
  visitors.stop();
  const answers = async () => Promise.all([page(vm, '/static.html'), page(vm, '/db.php'), greeting(vm, 'ssh'), greeting(vm, 'ftp')]);
  assert.deepEqual(await until(answers, (each) => each.every(Boolean), 60_000), [true, true, true, true]);
});

test('the same without stanch, for the record', { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  const visitors = new Visitors(vm, '/leak.php?kb=2048', 20);
  t.after(() => visitors.stop());
  const startMs = performance.now();
  const look = async () => {
    const answered = await page(vm, '/static.html');
    const memory = await memoryOf(vm).catch((error: unknown) => `no answer from inside: ${error instanceof Error ? error.message : error}`);
    t.diagnostic(`${Math.round((performance.now() - startMs) / 1000)} s: static page ${answered}, ${JSON.stringify(memory)}`);
    return answered;
  };
  await until(look, (answered) => !answered, 600_000);
});
