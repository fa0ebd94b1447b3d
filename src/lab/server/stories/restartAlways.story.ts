/** A service leaks, dies, and is started again by systemd, for ever: stanch does not join in, and says what would help. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../traffic.ts';
import { installed, onlyWithAll, serverFor } from './serverForStories.ts';

/** Nothing holds stanch back but its own breaker. */
const settings = '[policy]\nmode = "automatic"\nactions = ["restart"]\nmost_an_hour = 50\ncool_down = "1min"\n';
const unit = `[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/local/bin/node -e "const held = []; setInterval(() => { held.push(Buffer.alloc(1 << 20, 1)); if (held.length > 150) process.exit(1); }, 500)"
Restart=always
RestartSec=1
`;

test('a leaker that dies and comes back: no restart storm, and advice how often to restart it', { skip: onlyWithAll }, async (t) => {
  const vm = await serverFor(t, settings);
  const daemon = await installed(vm);
  await vm.run('printf %s "$1" >/etc/systemd/system/leaker.service; systemctl daemon-reload; systemctl start leaker', { args: [unit] });
  const log = () => vm.run('journalctl -u stanch -o cat --no-pager | grep "leaker.service is held back" || true');
  const told = await until(log, (text) => /held back: it (?:was done|did not help)/.test(text));
  t.diagnostic(told.trim());
  const acted = await daemon.actions();
  for (const { by, state, plan, proof } of acted) t.diagnostic(`${by}: ${plan.kind} ${plan.subjectName}, ${state}: ${proof?.sentence}`);
  assert.ok(acted.length >= 1 && acted.length <= 3, `${acted.length} actions`);
  assert.ok(acted.every(({ plan }) => plan.subjectName === 'leaker.service'));

  const deaths = async () => Number(await vm.run('systemctl show leaker -p NRestarts --value'));
  const before = await deaths();
  await until(deaths, (count) => count >= before + 2);
  assert.equal((await daemon.actions()).length, acted.length, 'it dies and comes back, and stanch lets it');
  const advice = await vm.run('stanch advise leaker.service');
  t.diagnostic(advice);
  assert.match(advice, /RuntimeMaxSec=\d+/);
});
