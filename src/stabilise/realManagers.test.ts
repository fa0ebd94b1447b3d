/** On the managers themselves, where they are installed, and on engines of this test's own where they are not. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { ActionKind, Step } from '../model/action.ts';
import { Executor } from './executor.ts';
import { ActionJournal } from './journal.ts';
import { Stabiliser } from './stabiliser.ts';
import { runStep } from './steps/index.ts';
import { askLocal } from './steps/localHttp.ts';
import { SystemdOverBus } from './systemd/systemd.ts';

const patienceMs = 30_000;
const context = { systemd: new SystemdOverBus({ mayStart: false }), procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' };

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-managers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function start(t: TestContext, command: string, args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  t.after(async () => {
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(patience);
  });
  return child;
}

/** Polls, since nobody tells: until it is so, or the patience ends. */
async function until<T>(what: string, look: () => T | null): Promise<T> {
  for (const endMs = performance.now() + patienceMs; performance.now() < endMs; await wait(50)) {
    const found = look();
    if (found !== null) return found;
  }
  return assert.fail(`not within ${patienceMs / 1000} s: ${what}`);
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

const phpFpm = ['/usr/sbin/php-fpm8.2', '/usr/sbin/php-fpm8.4'].find((path) => existsSync(path));

test('PHP-FPM: its workers are replaced, one by one or all by a reload, and the master stays', {
  skip: process.getuid?.() !== 0 ? 'needs root' : phpFpm === undefined && 'it is not installed (apt-get install php8.2-fpm)',
}, async (t) => {
  assert.ok(phpFpm !== undefined);
  const folder = scratch(t);
  const pool = `stanch-${process.pid}`;
  const workers = `user = www-data\ngroup = www-data\nlisten = ${folder}/fpm.sock\npm = static\npm.max_children = 2\n`;
  writeFileSync(
    join(folder, 'fpm.conf'),
    `[global]\npid = ${folder}/pid\nerror_log = ${folder}/log\ndaemonize = no\n[${pool}]\n${workers}`,
  );
  const master = start(t, phpFpm, ['-y', join(folder, 'fpm.conf')]);
  const twoNew = (old: readonly number[]) => () => {
    const now = childrenOf(master.pid);
    return now.length === 2 && now.every((pid) => !old.includes(pid)) ? now : null;
  };
  const journalFile = join(folder, 'actions.jsonl');
  const stabiliser = new Stabiliser({ journalFile, neverTouch: [] });
  t.after(() => stabiliser.close());
  const executor = new Executor(new ActionJournal(journalFile), context);
  let old = await until('two workers', twoNew([]));
  for (const kind of ['recycle', 'restart'] satisfies ActionKind[]) {
    // A worker carries its title only when it serves.
    const { plan } = await until('the pool', () => {
      try {
        const made = stabiliser.plan(kind, `pool ${pool}`, { highBytes: null, maxBytes: null, graceMs: 10_000, hasSystemd: false }, null);
        return made.target.processes.length === 2 ? made : null;
      } catch (error) {
        assert.match(String(error), /STANCH_E_NO_SUBJECT/);
        return null;
      }
    });
    assert.deepEqual(
      plan.steps.map(({ step }) => step.do),
      kind === 'recycle' ? ['end', 'end'] : ['signal'],
    );
    assert.equal((await executor.start(plan, 'test').finished).state, 'done');
    old = await until(`two new workers after ${kind}`, twoNew(old));
    assert.equal(master.exitCode, null);
  }
});

const atOnce = { highBytes: null, maxBytes: null, hasSystemd: false } as const;

const apache = ['/usr/sbin/apache2'].find((path) => existsSync(path));
const apacheModules = '/usr/lib/apache2/modules';
const largeBytes = 32 << 20;

/** Arguments for an Apache of its own in the folder, with two children, that serves a large file. */
function apacheInstance(folder: string, mpm: 'prefork' | 'event', port: number): string[] {
  writeFileSync(join(folder, 'large'), Buffer.alloc(largeBytes));
  const workers =
    mpm === 'event' ? 'ThreadsPerChild 2\nMaxRequestWorkers 4\n' : 'MinSpareServers 2\nMaxSpareServers 2\nMaxRequestWorkers 2\n';
  const config = `LoadModule mpm_${mpm}_module ${apacheModules}/mod_mpm_${mpm}.so
LoadModule authz_core_module ${apacheModules}/mod_authz_core.so
User www-data\nGroup www-data\nServerName localhost\nListen 127.0.0.1:${port}\nDocumentRoot ${folder}\nPidFile ${folder}/pid\nErrorLog ${folder}/log
StartServers 2\nServerLimit 2\n${workers}DefaultRuntimeDir ${folder}\n`;
  // By its name it is a workload of its own, whatever else of Apache runs here.
  const path = join(folder, `own${process.pid % 100_000}.conf`);
  writeFileSync(path, config);
  return ['-f', path, '-DFOREGROUND'];
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** Up, on a port that nobody else has taken in between. */
async function startApache(
  t: TestContext,
  program: string,
  folder: string,
  mpm: 'prefork' | 'event',
): Promise<{ master: ChildProcess; port: number }> {
  const isUp = () => readIfThere(join(folder, 'log')).includes('resuming normal operations');
  for (let tries = 0; tries < 5; tries++) {
    const port = await freePort();
    const master = start(t, program, apacheInstance(folder, mpm, port));
    await until('Apache to be up, or to end', () => (isUp() || master.exitCode !== null ? true : null));
    if (master.exitCode === null) return { master, port };
  }
  return assert.fail('Apache does not start');
}

/** Asks for the file and takes the beginning of it; `rest` takes all that there still is and tells how much it was as a whole. */
async function slowRequest(t: TestContext, port: number): Promise<{ rest: () => Promise<number> }> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('GET /large HTTP/1.0\r\n\r\n');
  const [first] = await once(socket, 'data');
  assert.ok(first instanceof Buffer);
  socket.pause();
  let bytes = first.length;
  const rest = async () => {
    socket.on('data', (piece) => {
      bytes += piece.length;
    });
    socket.resume();
    await once(socket, 'end');
    return bytes;
  };
  return { rest };
}

for (const mpm of ['prefork', 'event'] as const) {
  test(`Apache, ${mpm}: its children are replaced, and who is being served gets all of it`, {
    skip: process.getuid?.() !== 0 ? 'needs root' : apache === undefined && 'it is not installed (apt-get install apache2-bin)',
  }, async (t) => {
    assert.ok(apache !== undefined);
    const folder = scratch(t);
    chmodSync(folder, 0o755);
    const { master, port } = await startApache(t, apache, folder, mpm);
    const journalFile = join(folder, 'actions.jsonl');
    const stabiliser = new Stabiliser({ journalFile, neverTouch: [] });
    t.after(() => stabiliser.close());
    const executor = new Executor(new ActionJournal(journalFile), context);
    /** How many of them are gone. */
    const replaced = (old: readonly number[]) => {
      const now = childrenOf(master.pid);
      return old.filter((pid) => !now.includes(pid)).length;
    };
    const planned = (kind: ActionKind) => stabiliser.plan(kind, String(master.pid), { ...atOnce, graceMs: patienceMs }, null).plan;
    if (mpm === 'event') assert.throws(() => planned('recycle'), /STANCH_E_NOT_POSSIBLE.*do not listen to it/s);
    for (const kind of mpm === 'event' ? (['restart'] as const) : (['recycle', 'restart'] as const)) {
      const old = await until('two children', () => (childrenOf(master.pid).length === 2 ? childrenOf(master.pid) : null));
      const requests = [await slowRequest(t, port), ...(kind === 'recycle' ? [await slowRequest(t, port)] : [])];
      const plan = planned(kind);
      assert.deepEqual(
        plan.steps.map(({ step }) => step.do),
        kind === 'recycle' ? ['end', 'end'] : ['signal'],
      );
      const finished = executor.start(plan, 'test').finished;
      // The signal is out by now. Who serves stays until that is done; who is idle is replaced meanwhile.
      if (kind === 'restart') await until('the idle one to be replaced', () => (replaced(old) > 0 ? true : null));
      for (const { rest } of requests) assert.ok((await rest()) > largeBytes, `cut off by ${kind}`);
      assert.equal((await finished).state, 'done');
      await until(`all to be replaced after ${kind}`, () => (replaced(old) === old.length ? true : null));
      assert.equal(master.exitCode, null);
    }
  });
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const pm2Program = join(import.meta.dirname, '..', '..', '.stanch', 'pm2', 'node_modules', 'pm2', 'bin', 'pm2');

test('pm2: one program is started anew, and no other', {
  skip: !existsSync(pm2Program) && 'it is not installed (CI=1 node setup/setup.mjs --tests)',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-pm2-'));
  const run = { env: { ...process.env, PM2_HOME: folder }, timeout: patienceMs, stdio: 'ignore' } as const;
  const pm2 = (...args: string[]) => execFileSync(process.execPath, [pm2Program, ...args], run);
  t.after(() => {
    pm2('kill');
    rmSync(folder, { recursive: true });
  });
  // Its number, by which the file is named as well, is given in the order in which they come up.
  const pidOf = (name: string): number | null => {
    const file = readdirSync(join(folder, 'pids')).find((each) => each.startsWith(`${name}-`));
    const pid = file === undefined ? 0 : Number(readIfThere(join(folder, 'pids', file)));
    return pid > 0 && existsSync(`/proc/${pid}`) ? pid : null;
  };
  const apps = ['shop', 'mail'].map((name) => ({ name, script: join(folder, `${name}.js`) }));
  for (const { script } of apps) writeFileSync(script, 'setInterval(() => {}, 1000);');
  writeFileSync(join(folder, 'ecosystem.json'), JSON.stringify({ apps }));
  pm2('start', join(folder, 'ecosystem.json'));
  const before = { shop: await until('shop', () => pidOf('shop')), mail: await until('mail', () => pidOf('mail')) };
  const stabiliser = new Stabiliser({ journalFile: join(folder, 'actions.jsonl'), neverTouch: [] });
  t.after(() => stabiliser.close());
  const { plan } = stabiliser.plan('restart', String(before.shop), { ...atOnce, graceMs: patienceMs }, null);
  assert.match(plan.subjectName, /^pm2: shop /);
  assert.deepEqual(
    plan.steps.map(({ step }) => step.do === 'end' && [step.process.pid, step.signal]),
    [[before.shop, 'SIGINT']],
  );
  const executor = new Executor(new ActionJournal(join(folder, 'actions.jsonl')), context);
  assert.equal((await executor.start(plan, 'test').finished).state, 'done');
  await until('another shop', () => (pidOf('shop') === before.shop ? null : pidOf('shop')));
  assert.equal(pidOf('mail'), before.mail);
});

const supervisord = ['/usr/bin/supervisord'].find((path) => existsSync(path));

test('supervisord: a program is restarted, others are not, and what it refuses is told in its words', {
  skip: supervisord === undefined && 'it is not installed (apt-get install supervisor)',
}, async (t) => {
  assert.ok(supervisord !== undefined);
  const folder = scratch(t);
  const socket = join(folder, 's.sock');
  const rpc = '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n';
  const program = (name: string) => `[program:${name}]\ncommand=sleep 600\nstartsecs=0\n`;
  writeFileSync(
    join(folder, 'conf'),
    `[supervisord]\nlogfile=${folder}/log\npidfile=${folder}/pid\nchildlogdir=${folder}\nnodaemon=true\n[unix_http_server]\nfile=${socket}\n${rpc}${program('shop')}${program('mail')}`,
  );
  const master = start(t, supervisord, ['-c', join(folder, 'conf')]);
  const two = () => (existsSync(socket) && childrenOf(master.pid).length === 2 ? childrenOf(master.pid) : null);
  const before = await until('two programs', two);
  const restart = (name: string): Promise<void> => runStep({ do: 'supervisord', socket, program: name }, context);
  await restart('shop');
  const after = await until('two programs again', two);
  assert.equal(after.filter((pid) => before.includes(pid)).length, 1);
  await assert.rejects(restart('nobody'), /STANCH_E_MANAGER.*BAD_NAME: nobody/s);
});

/** An engine that answers as told, on a socket in the folder. Returns what it was asked. */
async function engine(t: TestContext, answer: RequestListener): Promise<{ socket: string; asked: string[] }> {
  const asked: string[] = [];
  const socket = join(scratch(t), 'engine.sock');
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { socket, asked };
}

test('a container is restarted over the socket of its engine, and a refusal is told', async (t) => {
  let status = 204;
  const { socket, asked } = await engine(t, (_request, response) =>
    response.writeHead(status).end(status === 204 ? '' : '{"message":"No such container"}'),
  );
  const step: Step = { do: 'container', socket, id: 'a'.repeat(64), graceS: 10 };
  await runStep(step, context);
  assert.deepEqual(asked, [`POST /containers/${'a'.repeat(64)}/restart?t=10`]);
  status = 404;
  await assert.rejects(runStep(step, context), /STANCH_E_MANAGER.*HTTP 404.*No such container/s);
});

test('a manager that hangs, or is not there, or talks without end, is given up with a code', async (t) => {
  const ask = (socket: string) => askLocal({ manager: 'the engine', socket, method: 'POST', path: '/', timeoutMs: 300 });
  const silent = await engine(t, () => undefined);
  await assert.rejects(ask(silent.socket), /STANCH_E_MANAGER.*no answer within 0.3 s/s);
  const dripping = await engine(t, (_request, response) => {
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
  });
  await assert.rejects(ask(dripping.socket), /STANCH_E_MANAGER/);
  await assert.rejects(ask('/nonexistent/engine.sock'), /STANCH_E_MANAGER.*ENOENT/s);
});

const podmanProgram = ['/usr/bin/podman'].find((path) => existsSync(path));
const runc = ['/usr/sbin/runc', '/usr/bin/runc'].find((path) => existsSync(path));

test('Podman: a container is started anew over its socket, and its id is in its cgroup', {
  skip:
    process.getuid?.() !== 0
      ? 'needs root'
      : (podmanProgram === undefined || runc === undefined) && 'it is not installed (apt-get install podman runc)',
}, async (t) => {
  assert.ok(podmanProgram !== undefined && runc !== undefined);
  const folder = mkdtempSync(join(tmpdir(), 'stanch-podman-'));
  const place = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const engine = [...place, '--cgroup-manager', 'cgroupfs', '--runtime', runc];
  const podman = (...args: string[]) =>
    execFileSync(podmanProgram, [...engine, ...args], { timeout: patienceMs, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const socket = join(folder, 'podman.sock');
  start(t, podmanProgram, [...engine, 'system', 'service', '--time', '0', `unix://${socket}`]);
  // After all have ended that write into it: the service, and what tidies up after a container.
  t.after(async () => {
    podman('rm', '--force', '--all', '--time', '0');
    await until('nobody to work in the folder', () => (isNamedByAny(folder) ? null : true));
    rmSync(folder, { recursive: true });
  });
  // The programs of this machine, in a root of its own: nothing is downloaded.
  const rootfs = join(folder, 'rootfs');
  mkdirSync(join(rootfs, 'usr'), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(rootfs, name));
  const limits = ['--network', 'none', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000', '--volume', '/usr:/usr:ro'];
  let id: string;
  try {
    id = podman('run', '--detach', ...limits, '--rootfs', rootfs, '/usr/bin/sleep', '600');
  } catch (error) {
    t.skip(`no container can be run here: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`);
    return;
  }
  await until('its socket', () => (existsSync(socket) ? true : null));
  const pidOf = () => Number(podman('inspect', '--format', '{{.State.Pid}}', id));
  const before = pidOf();
  assert.equal(/\/libpod-([0-9a-f]{64})/.exec(readFileSync(`/proc/${before}/cgroup`, 'utf8'))?.[1], id);
  await runStep({ do: 'container', socket, id, graceS: 1 }, context);
  const after = pidOf();
  assert.ok(after > 0 && after !== before);
  assert.ok(!existsSync(`/proc/${before}`));
  const nobody = { do: 'container', socket, id: 'a'.repeat(64), graceS: 1 } as const;
  await assert.rejects(runStep(nobody, context), /STANCH_E_MANAGER.*no such container/s);
});

/** In the command line of any process. */
function isNamedByAny(text: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(text);
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false;
      throw error;
    }
  });
}
