/** The cPanel case: a PHP site under nginx and php-fpm keeps memory with every request, and requests keep coming. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusDocument } from '../../../serve/schema.ts';
import { greeting, page, until, Visitors } from '../traffic.ts';
import { databaseOf, installed, killsOf, onlyWithAll, serverFor } from './serverForStories.ts';

/** The server is 22 times as slow as others, and so is whoever answers a probe. */
const settings =
  '[explain]\nautomatic = true\n[probes]\ninterval = "5s"\ntimeout = "60s"\n[policy]\nmode = "automatic"\nemergency = true\n';

/** As cPanel lays it out: a pool named after the domain, which runs as the account that the site is in the home of. */
const site = `set -e
useradd -m alice; chmod 755 /home/alice; cp -a /srv/www /home/alice/public_html; chown -R alice: /home/alice
mkdir -p /var/cpanel/users; printf 'DNS=shop.example\\nUSER=alice\\n' >/var/cpanel/users/alice
sed -i 's/^\\[www\\]/[shop_example]/; s/^user = .*/user = alice/; s/^group = .*/group = alice/' /etc/php/8.2/fpm/pool.d/www.conf
sed -i 's#/srv/www#/home/alice/public_html#' /etc/nginx/sites-enabled/app
systemctl restart php8.2-fpm; systemctl reload nginx`;

function swapRatioOf({ host: { swapTotalBytes, swapFreeBytes } }: StatusDocument): number {
  return 1 - (swapFreeBytes ?? 0) / (swapTotalBytes ?? 1);
}

const isNamed = ({ subjects }: StatusDocument) =>
  subjects.some(
    ({ subject, account, verdict }) =>
      subject.startsWith('php-fpm: pool shop_example') && account === 'alice' && (verdict === 'leak' || verdict === 'suspect'),
  );

const areWell = ({ condition: { probes } }: StatusDocument) => probes.length >= 3 && probes.every(({ state }) => state === 'healthy');

const percent = (ratio: number) => `${Math.round(ratio * 100)} %`;

test('a site leaks: named before swap is half full, memory is back before a kill, and all services answer', {
  skip: onlyWithAll,
}, async (t) => {
  const vm = await serverFor(t, settings);
  await vm.run(site, { timeoutMs: 120_000 });
  const database = await databaseOf(vm);
  const daemon = await installed(vm);
  // What is usual is learnt under the same load.
  const before = new Visitors(vm, '/', 4);
  t.after(() => before.stop());
  await until(() => daemon.status(), areWell, 240_000);
  before.stop();
  const visitors = new Visitors(vm, '/leak.php?kb=512', 4);
  t.after(() => visitors.stop());

  const named = await until(
    () => daemon.status(),
    (status) => isNamed(status) || swapRatioOf(status) >= 0.5,
    400_000,
  );
  t.diagnostic(`pool and account named with ${percent(swapRatioOf(named))} of swap in use, after ${visitors.sent} requests`);
  assert.ok(isNamed(named), 'named before swap was half full');
  const explained = await until(
    async () => ({ answers: await daemon.answers(), swapRatio: swapRatioOf(await daemon.status()) }),
    ({ answers, swapRatio }) => answers.length > 0 || swapRatio >= 0.5,
    400_000,
  );
  t.diagnostic(`with ${percent(explained.swapRatio)} of swap in use: ${explained.answers[0]}`);
  assert.match(explained.answers[0] ?? '', /^\/home\/alice\/public_html\/leak\.php /, 'the script was named before swap was half full');

  const acted = await until(
    () => daemon.actions(),
    (actions) => actions.some(({ proof }) => proof?.helped),
    400_000,
  );
  for (const { by, state, plan, proof } of acted) t.diagnostic(`${by}: ${plan.kind} ${plan.subjectName}, ${state}: ${proof?.sentence}`);
  const others = acted.filter(({ plan }) => !/php-fpm/.test(plan.subjectName));
  assert.deepEqual(others, [], 'nothing else was touched');

  // What was asked before the action may still be told of as not answered.
  const answered = new Set<string>();
  const missed = new Set<string>();
  const after = await until(
    async () => {
      const status = await daemon.status();
      for (const { name, failure } of status.condition.probes) {
        if (failure === null) answered.add(name);
        else if (answered.has(name)) missed.add(`${name}: ${failure}`);
      }
      return status;
    },
    areWell,
    300_000,
  );
  for (const { name, latencyMs, range } of after.condition.probes)
    t.diagnostic(`${name}: ${latencyMs?.toFixed(0)} ms, usually up to ${range?.highMs.toFixed(0)} ms`);
  assert.deepEqual([...missed], [], 'every probe was answered after the action');
  assert.equal(await killsOf(vm), 0);
  assert.equal(await databaseOf(vm), database, 'the database was not touched');
  const answers = async () => Promise.all([page(vm, '/static.html'), page(vm, '/db.php'), greeting(vm, 'ssh'), greeting(vm, 'ftp')]);
  await until(answers, (each) => each.every(Boolean), 120_000);
});
