/** A real kill on this machine, in a cgroup of the test's own, seen by a real daemon: who, how much, since when, and in whose favour. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { runCli, startRun, testFolder } from '../../cli/spawnForTests.ts';
import { KernelLog } from '../../kernel/kmsg.ts';
import { readText } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';
import { Sampler } from '../../sample/sampler.ts';
import { ask } from '../../serve/askForTests.ts';
import { hostDocumentSchema, killsSchema } from '../../serve/schema.ts';
import { HostWatch } from '../hostWatch.ts';

const MiB = 1024 ** 2;
const limitBytes = 96 * MiB;
/** Larger than anything else that ends on a machine that runs tests. */
const largeBytes = 512 * MiB;
const noStates = { states: () => [], putState: () => undefined };

/** A cgroup below the test's own, with a limit; a reason where there can be none. */
function makeCgroup(bytes = limitBytes): string | { missing: string } {
  const own = readText('/proc/self/cgroup');
  if (!isValue(own)) return { missing: 'no cgroups here' };
  const v1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1];
  const parent = v1 === undefined ? `/sys/fs/cgroup${/^0::(.*)$/m.exec(own)?.[1] ?? ''}` : `/sys/fs/cgroup/memory${v1}`;
  const folder = `${parent}/stanch-test-${process.pid}`;
  try {
    mkdirSync(folder);
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
  const limit = v1 === undefined ? 'memory.max' : 'memory.limit_in_bytes';
  if (existsSync(`${folder}/${limit}`)) {
    writeFileSync(`${folder}/${limit}`, `${bytes}`);
    return folder;
  }
  rmdirSync(folder);
  return { missing: 'no memory controller for a cgroup of the test' };
}

function whyNot(): string | false {
  const log = KernelLog.open();
  if (!isValue(log)) return "the kernel's log may not be read here";
  log.close();
  const cgroup = makeCgroup();
  if (typeof cgroup !== 'string') return cgroup.missing;
  rmdirSync(cgroup);
  return false;
}

/** Takes so many MiB every 100 ms once it is told to. */
function startLeaker(cgroup: string, mark: string, mebibytes = 4): ChildProcess {
  const program = `/* ${mark} */ const kept = []; process.stdin.once('data', () => setInterval(() => kept.push(Buffer.alloc(${mebibytes} << 20, 1)), 100)).on('end', () => process.exit());`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'ignore', 'ignore'] });
  writeFileSync(`${cgroup}/cgroup.procs`, `${child.pid}`);
  return child;
}

async function removeCgroup(cgroup: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return rmdirSync(cgroup);
    } catch (error) {
      // What ended in it may still be on its way out.
      if (tries >= 100) throw error;
      await wait(50);
    }
  }
}

test("without the kernel's log: a kill is counted, and who it was is told from who is gone", {
  skip: whyNot(),
  timeout: 600_000,
}, async (t) => {
  const cgroup = makeCgroup(largeBytes);
  assert.ok(typeof cgroup === 'string');
  t.after(() => removeCgroup(cgroup));
  const leaker = startLeaker(cgroup, `unseen-${process.pid}`, 16);
  t.after(() => leaker.kill('SIGKILL'));
  const sampler = new Sampler();
  t.after(() => sampler.close());
  const noHistory = { ...noStates, subjects: () => [], read: () => assert.fail('no history here') };
  const watch = new HostWatch({
    probes: { enabled: false, intervalMs: 1000, timeoutMs: 1000, targets: null },
    history: { store: noHistory, isLeaking: () => false },
    onBug: () => assert.fail(),
    kernelLog: '/no/such/log',
  });
  t.after(() => watch.stop());
  let scan = sampler.scan(Date.now());
  watch.afterScan(scan);
  leaker.stdin?.write('go\n');
  while (watch.kills().length === 0) {
    watch.beforeScan(scan, Date.now());
    scan = sampler.scan(Date.now());
    watch.afterScan(scan);
    while (watch.step());
    await wait(100);
  }
  const { seesKernelLog, stage } = watch.condition();
  assert.deepEqual([seesKernelLog, stage], [false, 'killing']);
  const kill = watch.kills()[0]?.kill;
  assert.equal(kill?.victim.pid, leaker.pid, watch.kills()[0]?.sentence);
  assert.equal(kill?.scope, 'unknown');
  assert.ok((kill?.victim.anonBytes ?? 0) > limitBytes / 4);
  const events = watch.takeEvents();
  assert.ok(
    events.some(
      ({ kind, text }) => kind === 'stage' && /^Stage killing, after \w+: \d+ process(?:es)? killed for want of memory/.test(text),
    ),
  );
});

test('a daemon sees a real kill, knows whose process it was, and that it had grown', { skip: whyNot(), timeout: 600_000 }, async (t) => {
  const cgroup = makeCgroup();
  assert.ok(typeof cgroup === 'string');
  t.after(() => removeCgroup(cgroup));
  const mark = `grows-until-killed-${process.pid}`;
  const leaker = startLeaker(cgroup, mark);
  t.after(() => leaker.kill('SIGKILL'));
  const data = testFolder(t);
  const daemon = await startRun(t, ['--data', data, '--interval', '1s']);
  leaker.stdin?.write('go\n');
  assert.deepEqual(await once(leaker, 'exit'), [null, 'SIGKILL']);
  const found = async () => (await ask(`${daemon.url}/api/v1/kills`, killsSchema)).kills.find(({ victim }) => victim.pid === leaker.pid);
  let kill = await found();
  for (; kill === undefined; kill = await found()) await wait(200);
  assert.deepEqual([kill.by, kill.scope, kill.limitBytes], ['kernel', 'cgroup', limitBytes]);
  assert.match(kill.victim.name, new RegExp(mark), 'by its workload, not by what the kernel calls it');
  assert.ok((kill.victim.bytes ?? 0) > limitBytes / 2);
  assert.ok(kill.culprit !== null);
  assert.deepEqual([kill.culprit.subjectId, kill.culprit.isVictim, kill.culprit.from], [kill.victim.subjectId, true, 'history']);
  assert.ok((kill.culprit.grewBytes ?? 0) > limitBytes / 4, `${kill.culprit.grewBytes}`);
  const { condition } = await ask(`${daemon.url}/api/v1/host`, hostDocumentSchema);
  assert.notEqual(condition.stage, 'killing', 'a kill at the limit of a cgroup is none of the host');
  const status = await runCli(['status', '--url', daemon.url]);
  assert.match(status.stdout, /^killed +\d+ s ago: The kernel killed .*was at its own limit of 96 MiB; it was the one that grew by/m);
  const inFull = await runCli(['oom', '--url', daemon.url]);
  const log = join(testFolder(t), 'kern.log');
  writeFileSync(log, execFileSync('dmesg'));
  const { kills } = v.parse(killsSchema, JSON.parse((await runCli(['oom', log, '--json', '--url', daemon.url])).stdout));
  assert.deepEqual(kills.find(({ id }) => id === kill.id)?.culprit, kill.culprit, 'a log of the same kill has the history of the daemon');
  assert.match(inFull.stdout, new RegExp(`culprit +node .*${mark}.*, the victim itself: .* in 1 process, grew by`));
  daemon.signal('SIGTERM');
  await daemon.ended;
  const again = await startRun(t, ['--data', data, '--interval', '1s']);
  const known = (await ask(`${again.url}/api/v1/kills`, killsSchema)).kills.filter(({ id }) => id === kill.id);
  assert.deepEqual(known, [kill], 'after a restart it is known as it was, and once');
});
