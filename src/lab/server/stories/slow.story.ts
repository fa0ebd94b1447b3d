/** Services answer slowly: by lost packets, by busy CPUs, by a slow disk. Each is named right, and none is taken for want of memory. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../traffic.ts';
import type { VM } from '../vm.ts';
import { onlyWithAll, serverFor, statusOf } from './serverForStories.ts';

const probes = '[probes]\ninterval = "5s"\ntargets = ["ssh://127.0.0.1:22", "http://127.0.0.1/sync.php"]\n';
/** A page that is done when it is on the disk. */
const syncPage =
  '<?php $f = fopen("/var/tmp/sync." . getmypid(), "w"); fwrite($f, random_bytes(65536)); fsync($f); for ($i = 0, $a = 0; $i < 20000; $i++) $a += $i; echo "ok\n";';

/** A server whose probes know what is usual. */
async function wellServer(t: TestContext): Promise<VM> {
  const vm = await serverFor(t, probes);
  await vm.run('printf %s "$1" >/srv/www/sync.php; install -d -o www-data /var/tmp; chmod 1777 /var/tmp; stanch install', {
    args: [syncPage],
  });
  const state = () => vm.exec('stanch status --json | grep -c \'"state": *"healthy"\'');
  await until(state, ({ stdout }) => Number(stdout) >= 2, 240_000);
  return vm;
}

async function causeOf(t: TestContext, vm: VM): Promise<string> {
  const seen = await until(
    async () => (await statusOf(vm)).condition,
    ({ cause }) => cause !== null && cause !== 'service',
    240_000,
  );
  t.diagnostic(seen.sentence ?? '');
  return seen.cause ?? '';
}

test('a quarter of all packets is lost: the network', { skip: onlyWithAll }, async (t) => {
  const vm = await wellServer(t);
  await vm.run('tc qdisc add dev lo root netem loss 25%');
  assert.equal(await causeOf(t, vm), 'network');
});

test('more work than CPUs: the CPUs', { skip: onlyWithAll }, async (t) => {
  const vm = await wellServer(t);
  await vm.run('setsid stress-ng --cpu 16 --timeout 300 >/dev/null 2>&1 &');
  assert.equal(await causeOf(t, vm), 'cpu');
});

test('a disk that takes eight requests a second: the disk', { skip: onlyWithAll }, async (t) => {
  const vm = await wellServer(t);
  await vm.throttle('root', 8);
  await vm.run(
    "setsid sh -c 'for n in 1 2 3 4; do dd if=/dev/zero of=/var/tmp/slow.$n bs=64k count=500 oflag=dsync & done' >/dev/null 2>&1 &",
  );
  assert.equal(await causeOf(t, vm), 'disk');
});
