/** A site of a hosting account, under nginx and php-fpm, that keeps memory with every request while requests keep coming; and that all goes on answering. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { StatusDocument } from '../../../serve/schema.ts';
import { greeting, page, until, Visitors } from '../traffic.ts';
import type { VM } from '../vm.ts';
import { type Daemon, databaseOf, installed, killsOf, serverFor } from './serverForStories.ts';

/** The server is 22 times as slow as others, and so is whoever answers a probe. */
const probes = '[probes]\ninterval = "5s"\ntimeout = "60s"\n';

/** As cPanel lays it out: a pool named after the domain, which runs as the account that the site is in the home of. */
const site = `set -e
useradd -m alice; chmod 755 /home/alice; cp -a /srv/www /home/alice/public_html; chown -R alice: /home/alice
mkdir -p /var/cpanel/users; printf 'DNS=shop.example\\nUSER=alice\\n' >/var/cpanel/users/alice
sed -i 's/^\\[www\\]/[shop_example]/; s/^user = .*/user = alice/; s/^group = .*/group = alice/' /etc/php/8.2/fpm/pool.d/www.conf
sed -i 's#/srv/www#/home/alice/public_html#' /etc/nginx/sites-enabled/app
systemctl restart php8.2-fpm; systemctl reload nginx`;

export function swapRatioOf({ host: { swapTotalBytes, swapFreeBytes } }: StatusDocument): number {
  return 1 - (swapFreeBytes ?? 0) / (swapTotalBytes ?? 1);
}

export const isNamed = ({ subjects }: StatusDocument) =>
  subjects.some(
    ({ subject, account, verdict }) =>
      subject.startsWith('php-fpm: pool shop_example') && account === 'alice' && (verdict === 'leak' || verdict === 'suspect'),
  );

const areWell = ({ condition: { probes } }: StatusDocument) => probes.length >= 3 && probes.every(({ state }) => state === 'healthy');

export const percent = (ratio: number) => `${Math.round(ratio * 100)} %`;

export interface Story {
  vm: VM;
  daemon: Daemon;
  /** As it was before the leak. */
  database: string;
  visitors: Visitors;
}

export async function leakBegins(t: TestContext, configuration: string, requestsPerSecond: number): Promise<Story> {
  const vm = await serverFor(t, `${probes}${configuration}`);
  await vm.run(site);
  const database = await databaseOf(vm);
  const daemon = await installed(vm);
  // What is usual is learnt under the same load.
  const before = new Visitors(vm, '/', requestsPerSecond);
  t.after(() => before.stop());
  await until(() => daemon.status(), areWell);
  before.stop();
  const visitors = new Visitors(vm, '/leak.php?kb=1024', requestsPerSecond);
  t.after(() => visitors.stop());
  return { vm, daemon, database, visitors };
}

/** Until an action has brought memory back; then everything answers, and nobody was ended but who leaks. */
export async function isHeldUp(t: TestContext, { vm, daemon, database }: Story): Promise<void> {
  const acted = await until(
    () => daemon.actions(),
    (actions) => actions.some(({ proof }) => proof?.helped),
  );
  for (const { by, state, plan, proof } of acted) t.diagnostic(`${by}: ${plan.kind} ${plan.subjectName}, ${state}: ${proof?.sentence}`);
  const others = acted.filter(({ plan }) => !/php-fpm/.test(plan.subjectName));
  assert.deepEqual(others, [], 'nothing else was touched');

  // What was asked before the action may still be told of as not answered.
  const answered = new Set<string>();
  const missed = new Set<string>();
  const after = await until(async () => {
    const status = await daemon.status();
    for (const { name, failure } of status.condition.probes) {
      if (failure === null) answered.add(name);
      else if (answered.has(name)) missed.add(`${name}: ${failure}`);
    }
    return status;
  }, areWell);
  for (const { name, latencyMs, range } of after.condition.probes)
    t.diagnostic(`${name}: ${latencyMs?.toFixed(0)} ms, usually up to ${range?.highMs.toFixed(0)} ms`);
  assert.deepEqual([...missed], [], 'every probe was answered after the action');
  assert.equal(await killsOf(vm), 0);
  assert.equal(await databaseOf(vm), database, 'the database was not touched');
  const answers = async () => Promise.all([page(vm, '/static.html'), page(vm, '/db.php'), greeting(vm, 'ssh'), greeting(vm, 'ftp')]);
  await until(answers, (each) => each.every(Boolean));
}
