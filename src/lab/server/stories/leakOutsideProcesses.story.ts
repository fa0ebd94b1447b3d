/** What leaks is not in the process but in a tmpfs: a restart does not help, which is seen, said, and not repeated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../traffic.ts';
import { actionsOf, onlyWithAll, serverFor } from './serverForStories.ts';

/** It writes to /dev/shm what it never deletes, and holds as much memory as a service does. */
const unit = `[Service]
ExecStart=/usr/local/bin/node -e "const fs = require('fs'); const held = Buffer.alloc(40 << 20, 1); fs.writeFileSync('/dev/shm/spool.' + process.pid, Buffer.alloc(120 << 20, 1)); setInterval(() => held[0]++, 1000)"
Restart=always
`;

test('a restart that does not give memory back is not repeated', { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t);
  await vm.run('printf %s "$1" >/etc/systemd/system/spooler.service; systemctl daemon-reload; systemctl start spooler', { args: [unit] });
  await until(
    () => vm.exec('ls -s --block-size=M /dev/shm'),
    ({ stdout }) => stdout.includes('120M'),
  );
  const first = await vm.exec('stanch do restart spooler --yes');
  t.diagnostic(first.stdout);
  const [action] = await actionsOf(vm);
  assert.equal(action?.proof?.helped, false, action?.proof?.sentence ?? first.stderr);
  assert.match(action?.proof?.sentence ?? '', /files in tmpfs, which no restart gives back: stanch where/);
  const second = await vm.exec('stanch do restart spooler --yes');
  assert.equal(second.code, 77, second.stdout);
  assert.match(second.stderr, /did not help/);
  assert.equal((await actionsOf(vm)).length, 1);
});
