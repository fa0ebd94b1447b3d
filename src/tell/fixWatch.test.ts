import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Finding } from '../model/finding.ts';
import { emptySample } from '../model/gauge.ts';
import { untold } from '../model/settings.ts';
import { Sampler } from '../sample/sampler.ts';
import type { Scan } from '../sample/scan.ts';
import { openStore } from '../series/embeddedStore.ts';
import { FixWatch } from './fixWatch.ts';
import { findingOf, hourMs } from './incidentsForTests.ts';
import { Teller } from './teller.ts';

const mib = 1024 ** 2;
const minuteMs = 60_000;
const workload = { id: 'w-web', kind: 'workload', name: 'shop', origin: 'executable' } as const;

/** As read, but at another time, and with one process in a workload of its own. */
function scanOf(pid: number, startTimeMs: number, nowMs: number): Scan {
  const sampler = new Sampler();
  const real = sampler.scan(Date.now());
  sampler.close();
  const processes = real.processes.filter(({ id }) => id.pid === pid);
  const own = processes.map((process) => ({ ...process, subject: { ...process.subject, workloadId: workload.id } }));
  const sample = { ...emptySample(nowMs), startTimeMs };
  return { ...real, timeMs: nowMs, processes: own, workloads: [{ subject: workload, sample, memberIds: ['p'], zombies: 0 }] };
}

test('builds one after the other: the leak, and the fix that closes its incident', { timeout: 60_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-fix-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const store = openStore({ dir, retention: { maxAgeMs: 30 * 24 * hourMs, maxBytes: 100 * mib } });
  t.after(() => store.close());
  store.putSubject(workload, Date.now());
  const told = { dataDir: dir, hostName: 'h', settings: untold, log: () => undefined, nowMs: Date.now };
  const teller = new Teller(told);
  const watch = new FixWatch(store);
  // The program runs for real, so that what it runs and when that was put there is read from it.
  writeFileSync(join(dir, 'shop.mjs'), 'console.log(); setInterval(() => undefined, 1000);');
  const child = spawn(process.execPath, ['shop.mjs'], { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const deployedMs = Date.now();

  /** One life of the workload, a sample a minute. */
  const live = (fromMs: number, hours: number, perHour: number) => {
    for (let minute = 0; minute < hours * 60; minute += 1) {
      const anonBytes = Math.round(100 * mib + 20 * mib * (1 - Math.exp(-minute / 10)) + (minute % 7) * mib + (perHour * minute) / 60);
      const timeMs = fromMs + minute * minuteMs;
      const sample = { ...emptySample(timeMs), anonBytes, swapBytes: 0, cpuSeconds: minute * 3, startTimeMs: fromMs };
      store.append(timeMs, [{ subjectId: workload.id, sample }]);
    }
  };
  const step = (startTimeMs: number, nowMs: number, findings: Finding[]) => {
    const scan = scanOf(child.pid ?? 0, startTimeMs, nowMs);
    while (watch.step(scan, teller.incidents()));
    teller.afterScan({ scan, findings, concerns: [], events: [], fixes: watch.take() });
    return teller.incidents()[0];
  };

  const leaksFromMs = deployedMs - 12 * hourMs;
  live(leaksFromMs, 12, 20 * mib);
  const base = findingOf({ stateSinceMs: deployedMs - 6 * hourMs });
  const finding = { ...base, verdict: { ...base.verdict, onset: new Date(leaksFromMs + hourMs).toISOString() } };
  assert.equal(step(leaksFromMs, deployedMs - minuteMs, [finding])?.state, 'open');

  live(deployedMs, 5, 0);
  assert.equal(step(deployedMs, deployedMs + hourMs, [finding])?.state, 'open', 'an hour says nothing');
  const fixed = step(deployedMs, deployedMs + 5 * hourMs, [finding]);
  assert.equal(fixed?.state, 'resolved', JSON.stringify(fixed?.timeline));
  const said = fixed?.timeline.find(({ text }) => text.startsWith('Fixed by a new build ('));
  assert.match(said?.text ?? '', /\((?:its shop\.mjs was written|the folder it runs in was put there)\): the leak is gone, 9\d % sure: /);

  // It is known after a restart of stanch, too.
  await teller.stop();
  const again = new Teller(told);
  t.after(() => again.stop());
  assert.equal(again.incidents()[0]?.fix?.word, 'gone');
});
