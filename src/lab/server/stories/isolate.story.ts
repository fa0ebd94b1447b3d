/** Who leaks is taken out of its service and stands still, with its memory as it is; taken back, it goes on where it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, until } from '../traffic.ts';
import { serverFor } from './serverForStories.ts';

/** A process that starts others all the time, none of which may be left behind. */
const unit = `[Service]
ExecStart=/bin/sh -c 'n=0; while :; do n=$((n + 1)); echo $n >/run/ticks; sleep 0.2; done'
`;

test('isolate: a service, and a pool of PHP-FPM, stand still in a slice of their own and go on when it is undone', async (t) => {
  const vm = await serverFor(t);
  await vm.run('printf %s "$1" >/etc/systemd/system/ticker.service; systemctl daemon-reload; systemctl start ticker', { args: [unit] });
  const cgroupsOf = (what: string) =>
    vm.run(`for pid in $(${what}); do sed 's/^0:://; s/-[0-9a-f]*\\.scope$/.scope/' /proc/$pid/cgroup; done`);
  const ticker = () => cgroupsOf('systemctl show ticker -p MainPID --value');
  const pool = () => cgroupsOf("pgrep -f 'php-fpm: pool [w]ww'");
  const ticks = async () => Number(await vm.pull('/run/ticks'));
  const frozen = () => vm.run('cat /sys/fs/cgroup/stanch_isolated.slice/*.scope/cgroup.events | grep frozen');
  const scopes = () => vm.run("systemctl list-units --all --plain --no-legend 'stanch-isolated*'");
  const isolated = '/stanch_isolated.slice/stanch-isolated.scope\n';

  const before = await vm.run('systemctl show ticker -p MainPID -p NRestarts -p ActiveState');
  await until(ticks, (count) => count > 0);
  await vm.run('stanch do isolate ticker --yes');
  assert.equal(await ticker(), isolated);
  assert.equal(await frozen(), 'frozen 1\n');
  assert.equal(await vm.run('cat /sys/fs/cgroup/system.slice/ticker.service/cgroup.procs'), '', 'nothing of it is left behind');
  const stood = await ticks();
  assert.ok(await page(vm, '/'), 'others go on');
  assert.equal(await ticks(), stood, 'it stands still');
  await vm.run('stanch undo');
  assert.equal(await ticker(), '/system.slice/ticker.service\n');
  await until(ticks, (count) => count > stood);
  assert.equal(await vm.run('systemctl show ticker -p MainPID -p NRestarts -p ActiveState'), before, 'it is the same process');

  const workers = await pool();
  await vm.run('stanch do isolate "pool www" --yes');
  assert.equal(await pool(), workers.replaceAll(/.+\n/g, isolated));
  assert.ok(await page(vm, '/static.html'), 'the web server goes on');
  await vm.run('stanch undo');
  assert.equal(await pool(), workers);
  assert.ok(await page(vm, '/'), 'the pool answers again');
  await until(scopes, (left) => left === '');
});
