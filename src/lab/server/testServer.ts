/**
 * A disposable Debian server in QEMU, without KVM: systemd, cgroup v2, swap, nginx, PHP-FPM, MariaDB, ssh, FTP. Each comes from a frozen
 * state in seconds and is thrown away. Its CPU is some 20 times slower than this one's: no time that is measured in it means anything.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MachineSocket } from './machineSocket.ts';

const execute = promisify(execFile);
const memoryMiB = 768;
const guestPorts = [22, 21, 80] as const;
const patienceMs = 60_000;

export interface GuestResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where image and frozen state are: `root.raw`, `swap.raw`, `vmlinux`, `initrd.cpio`, `frozen/`. */
export interface ServerImage {
  folder: string;
}

export class TestServer {
  readonly ports: Record<(typeof guestPorts)[number], number>;
  readonly #folder: string;
  readonly #qemu: ChildProcess;

  /** `cold`: booted from the image, else as it was frozen. Must be stopped. */
  static async start(image: ServerImage, cold = false): Promise<TestServer> {
    const folder = mkdtempSync(join(tmpdir(), 'stanch-server-'));
    const from = cold ? image.folder : join(image.folder, 'frozen');
    const format = cold ? 'raw' : 'qcow2';
    for (const disk of ['root', 'swap']) {
      await execute('qemu-img', [
        'create',
        '-q',
        '-f',
        'qcow2',
        '-b',
        join(from, `${disk}.${format}`),
        '-F',
        format,
        join(folder, `${disk}.qcow2`),
      ]);
    }
    const ports = { 22: await freePort(), 21: await freePort(), 80: await freePort() };
    const log = openSync(join(folder, 'qemu.log'), 'w');
    const more = cold ? ['-no-reboot'] : ['-incoming', 'defer'];
    const qemu = spawn('qemu-system-x86_64', [...machine(image.folder, folder, ports), ...more], { stdio: ['ignore', log, log] });
    const server = new TestServer(folder, qemu, ports);
    try {
      await server.#untilThere(cold ? null : join(from, 'state.lz4'));
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  private constructor(folder: string, qemu: ChildProcess, ports: TestServer['ports']) {
    this.#folder = folder;
    this.#qemu = qemu;
    this.ports = ports;
    // However this process ends.
    process.once('exit', () => qemu.kill('SIGKILL'));
  }

  /** A line for the shell of the guest, by its agent: works without network and ssh. */
  async run(command: string, timeoutMs = 120_000): Promise<GuestResult> {
    const agent = await MachineSocket.open(join(this.#folder, 'agent.sock'));
    const endMs = performance.now() + timeoutMs;
    const timer = setTimeout(() => agent.close(), timeoutMs);
    try {
      await agent.synchronise();
      const started = await agent.send('guest-exec', { path: '/bin/sh', arg: ['-c', command], 'capture-output': true });
      const { pid } = started as { pid: number };
      for (let pauseMs = 10; ; pauseMs = Math.min(300, pauseMs * 1.5)) {
        const state = (await agent.send('guest-exec-status', { pid })) as {
          exited: boolean;
          exitcode?: number;
          'out-data'?: string;
          'err-data'?: string;
        };
        if (state.exited) {
          const text = (data?: string) => (data === undefined ? '' : Buffer.from(data, 'base64').toString());
          return { code: state.exitcode ?? -1, stdout: text(state['out-data']), stderr: text(state['err-data']) };
        }
        if (performance.now() > endMs) throw new Error(`${command}: no end within ${timeoutMs / 1000} s`);
        await wait(pauseMs);
      }
    } finally {
      clearTimeout(timer);
      agent.close();
    }
  }

  /** The same; throws when it did not succeed. */
  async must(command: string, timeoutMs?: number): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, timeoutMs);
    if (code !== 0) throw new Error(`${command}: exit code ${code}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Until the command succeeds. */
  async until(command: string, timeoutMs: number): Promise<string> {
    for (const endMs = performance.now() + timeoutMs; ; await wait(1000)) {
      const result = await this.run(command).catch((error: Error) => ({ code: -1, stdout: '', stderr: error.message }));
      if (result.code === 0) return result.stdout.trim();
      if (performance.now() > endMs) throw new Error(`${command}: not within ${timeoutMs / 1000} s\n${result.stdout}${result.stderr}`);
    }
  }

  /** Files into a folder of the guest: on a disk that is plugged in and out again. */
  async push(files: readonly string[], guestFolder: string): Promise<void> {
    const id = `p${Math.floor(Math.random() * 1e9).toString(36)}`;
    const archive = join(this.#folder, `${id}.tar`);
    await execute('tar', ['-cf', archive, '--owner=0', '--group=0', ...files.flatMap((file) => ['-C', dirname(file), basename(file)])]);
    const monitor = await this.#monitor();
    try {
      await monitor.send('blockdev-add', {
        driver: 'raw',
        'node-name': id,
        'read-only': true,
        file: { driver: 'file', filename: archive },
      });
      await monitor.send('device_add', { driver: 'virtio-blk-pci', id: `d${id}`, drive: id, serial: id });
      const find = `for b in /sys/block/vd*; do [ "$(cat $b/serial 2>/dev/null)" = ${id} ] && d=/dev/\${b##*/}; done`;
      await this.must(
        `n=0; while d=; ${find}; [ -z "$d" ] && [ $n -lt 300 ]; do sleep 0.05; n=$((n+1)); done; mkdir -p ${guestFolder}; tar -xf $d -C ${guestFolder}`,
      );
      await monitor.send('device_del', { id: `d${id}` });
    } finally {
      monitor.close();
    }
  }

  /** Requests a second that the disk with the swap may do; 0: as many as it can. */
  async throttleSwap(requestsPerSecond: number): Promise<void> {
    const monitor = await this.#monitor();
    const none = { bps: 0, bps_rd: 0, bps_wr: 0, iops_rd: 0, iops_wr: 0 };
    await monitor.send('block_set_io_throttle', { device: 'd1', ...none, iops: requestsPerSecond }).finally(() => monitor.close());
  }

  async reboot(): Promise<void> {
    const before = await this.must('cat /proc/sys/kernel/random/boot_id');
    await this.run('systemctl reboot').catch(() => null);
    await this.until(`[ "$(cat /proc/sys/kernel/random/boot_id)" != ${before} ]`, 180_000);
    await this.until('systemctl is-system-running --wait | grep -Eq "running|degraded"', 240_000);
  }

  /** Writes memory and disks as they are into a folder, and ends. */
  async freezeInto(folder: string): Promise<void> {
    const monitor = await this.#monitor();
    await monitor.send('stop');
    await monitor.send('migrate-set-parameters', { 'max-bandwidth': 1 << 30 });
    await monitor.send('migrate', { uri: `exec:lz4 -q -1 > ${join(folder, 'state.lz4')}` });
    await untilMigrated(monitor);
    await Promise.race([monitor.send('quit').catch(() => null), once(this.#qemu, 'exit')]);
    monitor.close();
    if (this.#qemu.exitCode === null) await once(this.#qemu, 'exit');
    for (const disk of ['root', 'swap']) await execute('cp', ['--sparse=always', join(this.#folder, `${disk}.qcow2`), folder]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    if (this.#qemu.exitCode === null && this.#qemu.signalCode === null) {
      this.#qemu.kill('SIGKILL');
      await once(this.#qemu, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #untilThere(state: string | null): Promise<void> {
    for (const endMs = performance.now() + patienceMs; !existsSync(join(this.#folder, 'monitor.sock')); await wait(25)) {
      if (this.#qemu.exitCode !== null || performance.now() > endMs)
        throw new Error(`QEMU did not start: ${readFileSync(join(this.#folder, 'qemu.log'), 'utf8')}`);
    }
    if (state === null) return;
    const monitor = await this.#monitor();
    try {
      await monitor.send('migrate-incoming', { uri: `exec:lz4 -dc ${state}` });
      await untilMigrated(monitor);
      await monitor.send('cont');
    } finally {
      monitor.close();
    }
    await this.until(`date -s @${Math.floor(Date.now() / 1000)}`, patienceMs);
  }

  async #monitor(): Promise<MachineSocket> {
    const monitor = await MachineSocket.open(join(this.#folder, 'monitor.sock'));
    await monitor.send('qmp_capabilities');
    return monitor;
  }
}

async function untilMigrated(monitor: MachineSocket): Promise<void> {
  for (;;) {
    const { status } = (await monitor.send('query-migrate')) as { status?: string };
    if (status === 'completed') return;
    if (status === 'failed') throw new Error('the state of the machine could not be moved');
    await wait(50);
  }
}

function machine(image: string, folder: string, ports: TestServer['ports']): string[] {
  const forward = guestPorts.map((port) => `hostfwd=tcp:127.0.0.1:${ports[port]}-:${port}`).join(',');
  const kernel = 'console=ttyS0 psi=1 mitigations=off nokaslr panic=-1 quiet audit=0 apparmor=0 selinux=0 random.trust_cpu=1 net.ifnames=0';
  return [
    ...['-machine', 'pc,vmport=off', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'Nehalem', '-smp', '2', '-m', String(memoryMiB)],
    ...['-nodefaults', '-display', 'none', '-rtc', 'base=utc,clock=host'],
    ...['-kernel', join(image, 'vmlinux'), '-initrd', join(image, 'initrd.cpio'), '-append', kernel],
    ...disk('d0', join(folder, 'root.qcow2')),
    ...disk('d1', join(folder, 'swap.qcow2')),
    // Nothing of the guest gets out; what is forwarded is reached from this machine alone.
    ...['-netdev', `user,id=n0,restrict=on,${forward}`, '-device', 'virtio-net-pci,netdev=n0', '-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=q0,path=${join(folder, 'agent.sock')},server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=q0,name=org.qemu.guest_agent.0'],
    ...['-chardev', `null,id=t0`, '-device', 'virtserialport,chardev=t0,name=trace'],
    ...['-chardev', `socket,id=m0,path=${join(folder, 'monitor.sock')},server=on,wait=off`, '-mon', 'm0,mode=control'],
    ...['-chardev', `file,id=s0,path=${join(folder, 'console.log')}`, '-serial', 'chardev:s0'],
  ];
}

function disk(id: string, file: string): string[] {
  return ['-drive', `if=none,id=${id},file=${file},cache=unsafe,discard=unmap`, '-device', `virtio-blk-pci,drive=${id},id=b${id}`];
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address === null || typeof address === 'string' ? reject(new Error('no port')) : resolve(address.port)));
    });
  });
}
