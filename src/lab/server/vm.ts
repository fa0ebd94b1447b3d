/** One disposable server: started from a frozen one within seconds, and gone without a trace, whatever happens to who started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { JsonSocket } from './jsonSocket.ts';
import { type Ports, qemuArgs } from './qemu.ts';
import { runProgram } from './runProgram.ts';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** The pid of who started it follows. */
const folderName = 'stanch-vm-';
const startMs = 60_000;
const bootMs = 400_000;
const askMs = 30_000;
/** The server is slow, and slower still on a busy machine or without memory. */
const execMs = 300_000;
const anything = v.unknown();
const executed = v.object({ pid: v.number() });
const execState = v.object({
  exited: v.boolean(),
  exitcode: v.optional(v.number()),
  signal: v.optional(v.number()),
  'out-data': v.optional(v.string(), ''),
  'err-data': v.optional(v.string(), ''),
});
const migration = v.object({ status: v.optional(v.string(), 'none'), 'error-desc': v.optional(v.string(), '') });

export class VM {
  readonly dir: string;
  readonly ports: Ports;
  readonly #qemu: ChildProcess;

  private constructor(dir: string, ports: Ports, qemu: ChildProcess) {
    this.dir = dir;
    this.ports = ports;
    this.#qemu = qemu;
  }

  /** A server that runs, as it was when it was frozen. */
  static async start(images: string): Promise<VM> {
    const vm = await VM.#spawn(images, ['root.qcow2', 'swap.qcow2'], 'qcow2', ['-incoming', 'defer']);
    try {
      await vm.monitor(async (monitor) => {
        await monitor.send('migrate-incoming', { uri: `exec:lz4 -dc '${join(images, 'memory.lz4')}'` }, anything);
        await migrated(monitor);
        await monitor.send('cont', {}, anything);
      });
      // Its clock stood still since.
      await vm.exec('date -s "@$1"', { args: [(Date.now() / 1000).toFixed(2)], timeoutMs: startMs });
      return vm;
    } catch (error) {
      await vm.stop();
      throw error;
    }
  }

  /** From power-on: a minute or two. */
  static async boot(images: string): Promise<VM> {
    const vm = await VM.#spawn(images, ['root.raw', 'swap.raw'], 'raw', []);
    try {
      await vm.#up();
      return vm;
    } catch (error) {
      await vm.stop();
      throw error;
    }
  }

  static async #spawn(images: string, [root, swap]: readonly [string, string], format: string, more: readonly string[]): Promise<VM> {
    sweep();
    const dir = mkdtempSync(join(tmpdir(), `${folderName}${process.pid}-`));
    const disks = { 'root.qcow2': join(images, root), 'swap.qcow2': join(images, swap) };
    for (const [name, backing] of Object.entries(disks))
      await runProgram('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', format, join(dir, name)], askMs);
    const ports = { ssh: await freePort(), http: await freePort(), ftp: await freePort(), api: await freePort() };
    const log = openSync(join(dir, 'qemu.log'), 'w');
    // QEMU ends with this process, even when that is killed.
    const args = ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', ...qemuArgs(images, dir, ports), ...more];
    const qemu = spawn('setpriv', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    return new VM(dir, ports, qemu);
  }

  /** A script of sh inside, as root. `args` are its $1, $2, … Throws when there is no answer in time. */
  async exec(script: string, { args = [], timeoutMs = execMs }: { args?: readonly string[]; timeoutMs?: number } = {}): Promise<Ran> {
    const agent = await this.#agent(timeoutMs);
    try {
      const path = { path: '/bin/sh', arg: ['-c', script, 'sh', ...args], 'capture-output': true };
      const { pid } = await agent.send('guest-exec', path, executed);
      const endMs = performance.now() + timeoutMs;
      for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 1000)) {
        const state = await agent.send('guest-exec-status', { pid }, execState);
        if (state.exited) {
          const text = (data: string) => Buffer.from(data, 'base64').toString();
          return { code: state.exitcode ?? 128 + (state.signal ?? 0), stdout: text(state['out-data']), stderr: text(state['err-data']) };
        }
        if (performance.now() > endMs) throw new Error(`not over within ${timeoutMs} ms: ${script}`);
        await wait(pauseMs);
      }
    } finally {
      agent.close();
    }
  }

  /** What it prints; throws when it fails. */
  async run(script: string, options: { args?: readonly string[]; timeoutMs?: number } = {}): Promise<string> {
    const { code, stdout, stderr } = await this.exec(script, options);
    if (code !== 0) throw new Error(`${script}\nended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Files and folders into a folder of the guest, as a disk that is plugged in: the network may be what is tested. */
  async push(paths: readonly string[], folder: string): Promise<void> {
    const id = `p${Math.random().toString(36).slice(2, 12)}`;
    const tar = join(this.dir, `${id}.tar`);
    const what = paths.flatMap((path) => ['-C', dirname(resolve(path)), basename(path)]);
    await runProgram('tar', ['-cf', tar, '--owner=0', '--group=0', ...what], startMs);
    await this.monitor(async (monitor) => {
      const file = { driver: 'file', filename: tar };
      await monitor.send('blockdev-add', { driver: 'raw', 'node-name': id, 'read-only': true, file }, anything);
      await monitor.send('device_add', { driver: 'virtio-blk-pci', id: `d${id}`, drive: id, serial: id }, anything);
    });
    await this.run(
      `set -e; n=0
      while disk=; for block in /sys/block/vd*; do [ "$(cat $block/serial 2>/dev/null)" = "$1" ] && disk=/dev/\${block##*/}; done
        [ -z "$disk" ] || [ ! -b "$disk" ]; do n=$((n + 1)); [ $n -lt 600 ]; sleep 0.05; done
      mkdir -p -- "$2"; tar -xf "$disk" -C "$2"`,
      { args: [id, folder] },
    );
    await this.monitor((monitor) => monitor.send('device_del', { id: `d${id}` }, anything));
  }

  /** The content of a file of the guest. */
  pull(path: string): Promise<string> {
    return this.run('cat -- "$1"', { args: [path] });
  }

  /** Requests a second that a disk takes; 0: as many as it can. */
  async throttle(disk: 'root' | 'swap', iops: number): Promise<void> {
    const limits = { device: disk, bps: 0, bps_rd: 0, bps_wr: 0, iops, iops_rd: 0, iops_wr: 0 };
    await this.monitor((monitor) => monitor.send('block_set_io_throttle', limits, anything));
  }

  /** Comes back when all services are up again. */
  async reboot(): Promise<void> {
    const before = await this.pull('/proc/sys/kernel/random/boot_id');
    await this.exec('systemctl --no-block reboot');
    const endMs = performance.now() + bootMs;
    while ((await this.#bootId()) === before) {
      if (performance.now() > endMs) throw new Error(`no reboot within ${bootMs} ms`);
      await wait(1000);
    }
    await this.#up();
  }

  /** Never throws, and may be called twice. */
  async stop(): Promise<void> {
    if (this.#qemu.exitCode === null && this.#qemu.signalCode === null) {
      this.#qemu.kill('SIGKILL');
      await once(this.#qemu, 'exit');
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Its disks, to start others from, once it has ended. */
  async keepDisks(images: string): Promise<void> {
    for (const name of ['root.qcow2', 'swap.qcow2']) await runProgram('mv', [join(this.dir, name), join(images, name)], askMs);
  }

  /** Waits until it is over. */
  async ended(): Promise<void> {
    if (this.#qemu.exitCode === null && this.#qemu.signalCode === null) await once(this.#qemu, 'exit');
  }

  async monitor<T>(work: (monitor: JsonSocket) => Promise<T>): Promise<T> {
    const monitor = await this.#open('monitor.sock', startMs);
    try {
      await monitor.send('qmp_capabilities', {}, anything);
      return await work(monitor);
    } finally {
      monitor.close();
    }
  }

  async #agent(timeoutMs: number): Promise<JsonSocket> {
    const agent = await this.#open('agent.sock', timeoutMs);
    const id = Math.floor(Math.random() * 1e9);
    try {
      agent.resetPeer();
      await agent.send('guest-sync', { id }, v.number(), id);
      return agent;
    } catch (error) {
      agent.close();
      throw error;
    }
  }

  async #open(name: string, timeoutMs: number): Promise<JsonSocket> {
    try {
      return await JsonSocket.open(join(this.dir, name), timeoutMs);
    } catch (error) {
      throw new Error(`QEMU does not answer: ${readFileSync(join(this.dir, 'qemu.log'), 'utf8')}`, { cause: error });
    }
  }

  async #up(): Promise<void> {
    const endMs = performance.now() + bootMs;
    while ((await this.#bootId()) === null) if (performance.now() > endMs) throw new Error(`not up within ${bootMs} ms`);
    const state = await this.exec('systemctl is-system-running --wait; systemctl --failed --no-legend', { timeoutMs: bootMs });
    if (!state.stdout.startsWith('running')) throw new Error(`the test server is not well: ${state.stdout}`);
  }

  /** null: nobody answers (yet). */
  async #bootId(): Promise<string | null> {
    try {
      return (await this.exec('cat /proc/sys/kernel/random/boot_id', { timeoutMs: 5000 })).stdout;
    } catch (error) {
      if (this.#qemu.exitCode !== null) throw error;
      return null;
    }
  }
}

/** Until the memory is read or written. */
export async function migrated(monitor: JsonSocket): Promise<void> {
  for (const endMs = performance.now() + startMs; ; await wait(20)) {
    const { status, 'error-desc': why } = await monitor.send('query-migrate', {}, migration);
    if (status === 'completed') return;
    if (status === 'failed' || performance.now() > endMs) throw new Error(`the memory of the test server: ${status} ${why}`);
  }
}

/** What servers left behind whose owner was killed. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(folderName)) continue;
    const [pid = ''] = name.slice(folderName.length).split('-');
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? done(address.port) : fail(new Error('no port'))));
    });
    server.on('error', fail);
  });
}
