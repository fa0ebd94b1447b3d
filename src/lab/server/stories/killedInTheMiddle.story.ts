/** stanch is killed with SIGKILL while it changes something: the next start puts it right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../traffic.ts';
import { actionsOf, serverFor, unitState } from './serverForStories.ts';

test('kill -9 in the middle of an action: the next start takes back what was half done', async (t) => {
  const vm = await serverFor(t);
  const before = await unitState(vm, 'vsftpd.service');
  // systemd takes as long to read its files anew as this program: that is when stanch is killed.
  const generator = '/run/systemd/system-generators/slow';
  await vm.run(
    `mkdir -p /run/systemd/system-generators; printf '#!/bin/sh\necho $$ >/run/slow.pid\nexec sleep 80\n' >${generator}; chmod +x ${generator}
    setsid stanch do limit vsftpd --max 200MiB --yes >/run/do.log 2>&1 & echo $! >/run/do.pid`,
  );
  await until(
    () => vm.exec('test -s /run/slow.pid'),
    ({ code }) => code === 0,
  );
  const left = await vm.run(
    `kill -9 "$(cat /run/do.pid)"; rm ${generator}; kill "$(cat /run/slow.pid)"; cat /var/lib/stanch/actions.jsonl`,
  );
  for (const line of left.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), `a whole line: ${line}`);
  assert.match(await vm.run('ls -R /etc/systemd/system'), /vsftpd\.service\.d/, 'it was in the middle');

  await vm.run('stanch install');
  const [action] = await until(
    () => actionsOf(vm),
    (actions) => actions.every(({ state }) => state !== 'running'),
  );
  assert.equal(action?.state, 'interrupted');
  const enabled = /^.*\/(?:multi-user\.target\.wants\/)?stanch\..*\n/gm;
  assert.equal((await unitState(vm, 'vsftpd.service')).replace(enabled, ''), before.replace(enabled, ''));
});
