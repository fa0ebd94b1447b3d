/** The watch over a host: what it tells as events, in order and once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { testFolder } from '../cli/spawnForTests.ts';
import type { ProbeSettings } from '../model/settings.ts';
import { Sampler } from '../sample/sampler.ts';
import { HostWatch } from './hostWatch.ts';

const fixture = fileURLToPath(new URL('../kernel/fixtures/debian12', import.meta.url));
const noProbes: ProbeSettings = { enabled: false, intervalMs: 1000, timeoutMs: 1000, targets: null };

interface Cleaning {
  after(fn: () => void): void;
}

/** A watch over a copy of recorded files, with the means to change them and to look again. */
function watchOver(t: Cleaning, probes: ProbeSettings) {
  const procRoot = join(testFolder(t), 'proc');
  cpSync(fixture, procRoot, { recursive: true });
  const sampler = new Sampler({ procRoot, keptFds: 0 });
  const bugs: unknown[] = [];
  const history = {
    store: { states: () => [], putState: () => undefined, subjects: () => [], read: () => assert.fail('no history here') },
    isLeaking: () => false,
  };
  const watch = new HostWatch({
    probes,
    history,
    onBug: (error) => bugs.push(error),
    procRoot,
    cgroupRoot: '/nowhere',
    kernelLog: '/nowhere',
  });
  t.after(() => {
    watch.stop();
    sampler.close();
    assert.deepEqual(bugs, []);
  });
  return {
    watch,
    look: (timeMs: number) => watch.afterScan(sampler.scan(timeMs)),
    change: (name: string, from: string | RegExp, to: string) =>
      writeFileSync(join(procRoot, name), readFileSync(join(procRoot, name), 'utf8').replace(from, to)),
  };
}

test('a stage that is entered is told once, with its numbers', (t) => {
  const { watch, look, change } = watchOver(t, noProbes);
  change('pressure/memory', /.*/s, 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n');
  for (const seconds of [0, 10, 20]) look(seconds * 1000);
  assert.deepEqual(watch.takeEvents(), []);
  change('pressure/memory', /avg10=0\.00/g, 'avg10=43.00');
  change('meminfo', /^MemAvailable:.*$/m, 'MemAvailable:  50000 kB');
  change('meminfo', /^SwapFree:.*$/m, 'SwapFree:  10 kB');
  for (const seconds of [30, 40, 50, 60]) look(seconds * 1000);
  const events = watch.takeEvents();
  assert.deepEqual(
    events.map(({ kind, severity, atMs, subjectId }) => [kind, severity, atMs, subjectId]),
    [['stage', 'critical', 40_000, null]],
  );
  assert.match(
    events[0]?.text ?? '',
    /^Stage starving, after healthy: PSI memory full 43 %, 48\.8 MiB of RAM available \(1\.3 %\), swap .* free\. Memory is short \(/,
  );
  assert.deepEqual(watch.takeEvents(), [], 'once');
  assert.equal(watch.condition().cause, 'memory');
});

function listen(server: Server, port: number): Promise<unknown> {
  server.listen(port, '127.0.0.1');
  return once(server, 'listening');
}

test('a service that is gone is told, and that it answers within its healthy range again', { timeout: 60_000 }, async (t) => {
  const makeServer = () =>
    createServer((socket) =>
      socket
        .on('error', () => socket.destroy())
        .resume()
        .end('SSH-2.0-x\r\n'),
    );
  const first = makeServer();
  await listen(first, 0);
  const address = first.address();
  assert.ok(typeof address === 'object' && address !== null);
  const target = { kind: 'ssh', host: '127.0.0.1', port: address.port, path: '', isConfigured: true } as const;
  const { watch, look, change } = watchOver(t, { enabled: true, intervalMs: 1000, timeoutMs: 1000, targets: [target] });
  change('pressure/memory', /avg10=[\d.]+/g, 'avg10=0.00');
  let seconds = 0;
  const until = async (state: string) => {
    for (; watch.condition().probes[0]?.state !== state; seconds += 1) {
      look(seconds * 1000);
      await wait(50);
    }
    look(seconds * 1000);
  };
  watch.start();
  await until('healthy');
  assert.deepEqual(watch.takeEvents(), []);
  await new Promise((resolve) => first.close(resolve));
  await until('failing');
  const second = makeServer();
  t.after(() => second.close());
  await listen(second, address.port);
  await until('healthy');
  const told = watch.takeEvents().map(({ kind, severity, text }) => [kind, severity, text.replace(/, and .*$/, '')]);
  const name = `ssh 127.0.0.1:${address.port}`;
  assert.deepEqual(told, [
    ['probe', 'warning', `${name} does not answer (refused)`],
    ['probe', 'info', `${name} answers within its healthy range again.`],
  ]);
});
