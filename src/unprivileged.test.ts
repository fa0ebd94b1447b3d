/**
 * stanch as an ordinary account: it names what it may not see, and does all the rest. As root the test runs it as nobody; as anybody
 * else, as what it is.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startRun, testFolder } from './cli/spawnForTests.ts';
import { ask } from './serve/askForTests.ts';
import { type StatusDocument, statusSchema, subjectDetailSchema, subjectsSchema } from './serve/schema.ts';

const nobody = 65534;
const isRoot = process.geteuid?.() === 0;
const account = isRoot ? { uid: nobody, gid: nobody } : {};

function whyNot(): string | false {
  const look = "require('node:fs').accessSync(process.argv[1])";
  const { status } = spawnSync(process.execPath, ['-e', look, import.meta.filename], { ...account, stdio: 'ignore' });
  return status === 0 ? false : 'an ordinary account may not read this checkout';
}

/** Opens 60 files when told so, so that it has grown. */
async function startOpener(t: { after(fn: () => void): void }, mark: string, as: { uid?: number }): Promise<ChildProcess> {
  const program = `/* ${mark} */ const { openSync } = require('node:fs'); process.stdin.on('end', () => process.exit()).on('data', () => { for (let i = 0; i < 60; i += 1) openSync('/etc/hostname'); }); console.log('ready');`;
  const child = spawn(process.execPath, ['-e', program], { ...as, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

/** Asks until there is such an answer; the test's own time limit bounds it. */
async function until<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await read();
    if (found !== undefined) return found;
    await wait(300);
  }
}

function notPermittedTexts({ notices }: StatusDocument): string {
  return notices
    .filter(({ code }) => code === 'STANCH_E_NOT_PERMITTED')
    .map(({ text }) => text)
    .join('\n');
}

/** On this kernel the number of open files is no secret. */
const countsAllFds = statSync('/proc/self/fd').size > 0;
const othersRun = readdirSync('/proc').some((name) => /^\d+$/.test(name) && ownerOf(name) !== (account.uid ?? process.geteuid?.()));

function ownerOf(pid: string): number | undefined {
  try {
    return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}

test('an ordinary account is told by name what it may not see, and gets all the rest', { skip: whyNot(), timeout: 600_000 }, async (t) => {
  const data = testFolder(t);
  chmodSync(data, 0o700);
  if (isRoot) chownSync(data, nobody, nobody);
  const mark = `opener-${process.pid}`;
  const own = await startOpener(t, `${mark}-own`, account);
  const others = isRoot ? await startOpener(t, `${mark}-others`, {}) : null;
  const { url, signal, ended, stderr } = await startRun(t, ['--data', data, '--interval', '1s'], {}, account);

  const status = await ask(`${url}/api/v1/status`, statusSchema);
  const unseen = notPermittedTexts(status);
  if (othersRun) {
    for (const file of ['fd', 'io', 'smaps_rollup', 'cwd']) assert.ok(unseen.includes(`(/proc/PID/${file})`), `${file}: ${unseen}`);
    assert.match(unseen, /CAP_SYS_PTRACE/);
  }
  for (const file of ['slabinfo', 'vmallocinfo']) {
    // Only where the kernel has such a file at all.
    if (spawnSync('test', ['-e', `/proc/${file}`]).status === 0) assert.ok(unseen.includes(`(/proc/${file})`), `${file}: ${unseen}`);
  }
  assert.match(stderr(), /warning: STANCH_E_NOT_PERMITTED: /, 'the log says it as well');
  assert.ok(status.host.memAvailableBytes !== null && status.self.processCount > 0 && status.self.storeMode === 'disk');

  const rowOf = async (which: string) => {
    const { subjects } = await ask(`${url}/api/v1/subjects?kind=workload&limit=5000`, subjectsSchema);
    return subjects.find(({ name }) => name.includes(`${mark}-${which}`));
  };
  assert.ok((await rowOf('own'))?.privateBytes);
  own.stdin?.write('go\n');
  others?.stdin?.write('go\n');
  const ownId = (await rowOf('own'))?.id ?? '';
  const seen = await until(async () => (await ask(`${url}/api/v1/subjects/${ownId}`, subjectDetailSchema)).openFiles ?? undefined);
  assert.deepEqual(
    seen.targets.filter(({ count }) => count >= 60).map(({ name }) => name),
    ['/etc/hostname'],
  );
  if (others !== null) {
    const row = await until(async () => {
      const found = await rowOf('others');
      return found !== undefined && (!countsAllFds || (found.fds ?? 0) >= 60) ? found : undefined;
    });
    assert.ok(row.privateBytes !== null && row.threads !== null, 'memory and threads of others are seen');
    const detail = await ask(`${url}/api/v1/subjects/${row.id}`, subjectDetailSchema);
    assert.equal(detail.openFiles, null, 'what others hold is not made up');
  }
  signal('SIGTERM');
  assert.equal((await ended).code, 0);
});
