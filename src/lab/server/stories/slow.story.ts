/** Services answer slowly: by lost packets, by busy CPUs, by a slow disk, for want of memory. Each is named right, again and again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusDocument } from '../../../serve/schema.ts';
import { until } from '../traffic.ts';
import type { VM } from '../vm.ts';
import { beginTrouble, type Daemon, endTrouble, installed, memoryStorm, onlyWithAll, serverFor } from './serverForStories.ts';

const settings = '[probes]\ninterval = "5s"\ntimeout = "60s"\ntargets = ["ssh://127.0.0.1:22", "http://127.0.0.1/sync.php"]\n';
/** A page that is done when it is on the disk. */
const syncPage =
  '<?php $f = fopen("/var/tmp/sync." . getmypid(), "w"); fwrite($f, random_bytes(65536)); fsync($f); for ($i = 0, $a = 0; $i < 20000; $i++) $a += $i; echo "ok\n";';
const times = Number(process.env.STANCH_STORY_TIMES ?? 2);

interface Trouble {
  title: string;
  cause: StatusDocument['condition']['cause'];
  begin: (vm: VM) => Promise<unknown>;
  end: (vm: VM) => Promise<unknown>;
}

const troubles: readonly Trouble[] = [
  {
    title: 'a quarter of all packets is lost',
    cause: 'network',
    begin: (vm) => vm.run('tc qdisc add dev lo root netem loss 25%'),
    end: (vm) => vm.run('tc qdisc del dev lo root'),
  },
  { title: 'more work than CPUs', cause: 'cpu', begin: (vm) => beginTrouble(vm, 'exec stress-ng --cpu 16'), end: endTrouble },
  {
    title: 'a disk that takes two requests a second',
    cause: 'disk',
    begin: async (vm) => {
      await beginTrouble(vm, 'for n in 1 2 3 4; do dd if=/dev/zero of=/var/tmp/slow.$n bs=64k count=500 oflag=dsync & done; wait');
      await vm.throttle('root', 2);
    },
    end: async (vm) => {
      await vm.throttle('root', 0);
      await endTrouble(vm);
    },
  },
  {
    title: 'more memory in use than there is RAM',
    cause: 'memory',
    // It lets the others have the CPUs, which it is not about.
    begin: (vm) => beginTrouble(vm, `renice -n 19 $$; ${memoryStorm(1)}`),
    end: endTrouble,
  },
];

const areWell = ({ condition: { cause, stage, probes } }: StatusDocument) =>
  cause === null && stage !== 'stalling' && stage !== 'starving' && probes.length === 2 && probes.every(({ state }) => state === 'healthy');

async function causeOf(daemon: Daemon): Promise<StatusDocument['condition']> {
  const isTold = ({ condition: { cause } }: StatusDocument) => cause !== null && cause !== 'service';
  return (await until(() => daemon.status(), isTold)).condition;
}

for (const { title, cause, begin, end } of troubles) {
  test(`${title}: ${cause}, ${times} times`, { skip: onlyWithAll }, async (t) => {
    const vm = await serverFor(t, settings);
    await vm.run('printf %s "$1" >/srv/www/sync.php; chmod 1777 /var/tmp', { args: [syncPage] });
    const daemon = await installed(vm);
    for (let time = 0; time < times; time++) {
      await until(() => daemon.status(), areWell);
      await begin(vm);
      const told = await causeOf(daemon);
      t.diagnostic(told.sentence ?? '');
      assert.equal(told.cause, cause, told.sentence ?? '');
      await end(vm);
    }
  });
}
