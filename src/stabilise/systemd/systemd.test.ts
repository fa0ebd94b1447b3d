/** Against a systemd of this test's own that speaks D-Bus on a socket. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { StanchError } from '../../model/errors.ts';
import { SystemdOverBus } from './systemd.ts';
import { SystemdBus } from './systemdBus.ts';

type Answer = { error: string } | 'silence' | 'hang up' | 'done';

/** Answers every call as told, after the usual greeting. Returns the methods that were asked for. */
async function withSystemd(answer: Answer, work: (socketPath: string, asked: string[]) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bus-'));
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let greeted = false;
    socket.on('data', (received) => {
      let bytes = received;
      if (!greeted) {
        if (bytes.includes('AUTH')) socket.write('OK 0123456789abcdef0123456789abcdef\r\n');
        greeted = bytes.includes('BEGIN');
        // The first question comes with it.
        bytes = bytes.subarray(bytes.indexOf('BEGIN\r\n') + 7);
        if (!greeted || bytes.length === 0) return;
      }
      asked.push(/[A-Z][A-Za-z]+Unit|Reload/.exec(bytes.toString('latin1'))?.[0] ?? '?');
      if (answer === 'hang up') socket.destroy();
      else if (answer !== 'silence') socket.write(reply(bytes.readUInt32LE(8), answer));
    });
    socket.on('error', () => socket.destroy());
  });
  const path = join(folder, 'bus');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await work(path, asked);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  }
}

/** A method return (2) or an error (3): reply serial in field 5, the name of the error in field 4. */
function reply(serial: number, answer: { error: string } | 'done'): Buffer {
  const fields: number[] = [5, 1, 0x75, 0, ...u32(serial)];
  if (answer !== 'done') {
    const name = Buffer.from(answer.error);
    fields.push(4, 1, 0x73, 0, ...u32(name.length), ...name, 0);
  }
  const head = Buffer.from([0x6c, answer === 'done' ? 2 : 3, 0, 1, ...u32(0), ...u32(1), ...u32(fields.length), ...fields]);
  return Buffer.concat([head, Buffer.alloc((8 - (head.length % 8)) % 8)]);
}

const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
const open = (path: string) => () => SystemdBus.open([{ path, destination: null }]);

test('a unit is restarted by one question over the open connection', () =>
  withSystemd('done', async (path, asked) => {
    const systemd = new SystemdOverBus({ mayStart: false, open: open(path) });
    await systemd.connect();
    await systemd.restart('shop.service');
    await systemd.reload();
    assert.deepEqual(asked, ['RestartUnit', 'Reload']);
    systemd.close();
  }));

test('what systemd refuses is told with its words, and not tried another way', () =>
  withSystemd({ error: 'org.freedesktop.systemd1.NoSuchUnit' }, async (path) => {
    const systemd = new SystemdOverBus({ open: open(path) });
    await assert.rejects(systemd.restart('gone.service'), (error) => error instanceof StanchError && error.code === 'STANCH_E_UNIT');
    systemd.close();
  }));

test('no permission has a code of its own', () =>
  withSystemd({ error: 'org.freedesktop.DBus.Error.AccessDenied' }, async (path) => {
    const systemd = new SystemdOverBus({ open: open(path) });
    await assert.rejects(systemd.restart('a.service'), (error) => error instanceof StanchError && error.code === 'STANCH_E_NOT_PERMITTED');
    systemd.close();
  }));

test('a systemd that hangs up ends the question, and the next one opens anew', () =>
  withSystemd('hang up', async (path, asked) => {
    const systemd = new SystemdOverBus({ mayStart: false, open: open(path) });
    for (let time = 1; time <= 2; time += 1) {
      await assert.rejects(systemd.restart('a.service'), (error) => error instanceof StanchError && error.code === 'STANCH_E_SYSTEMD');
      assert.equal(asked.length, time);
    }
    systemd.close();
  }));

test('where there is no systemd, that is said', async () => {
  const systemd = new SystemdOverBus({ mayStart: false, open: open('/nonexistent/socket') });
  await assert.rejects(systemd.restart('a.service'), /STANCH_E_SYSTEMD: expected systemd to answer/);
});

const dbusDaemon = '/usr/bin/dbus-daemon';

test(
  'on a real bus that systemd is not on, that is said, and the next place is tried',
  {
    skip: !existsSync(dbusDaemon) && 'it is not installed (apt-get install dbus)',
  },
  () =>
    withSystemd('done', async (path, asked) => {
      const folder = mkdtempSync(join(tmpdir(), 'stanch-dbus-'));
      const socket = join(folder, 'bus');
      const daemon = spawn(dbusDaemon, ['--session', '--nofork', '--print-address', `--address=unix:path=${socket}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        await once(daemon.stdout, 'data');
        const bus = { path: socket, destination: 'org.freedesktop.systemd1' };
        await assert.rejects(SystemdBus.open([bus]), /STANCH_E_SYSTEMD.*nobody is org.freedesktop.systemd1/s);
        const real = await SystemdBus.open([{ path: socket, destination: 'org.freedesktop.DBus' }]);
        await assert.rejects(real.call('RestartUnit', 'ss', ['a.service', 'replace']), /RestartUnit/);
        real.close();
        const systemd = new SystemdOverBus({ mayStart: false, open: () => SystemdBus.open([bus, { path, destination: null }]) });
        await systemd.restart('shop.service');
        assert.deepEqual(asked, ['RestartUnit']);
        systemd.close();
      } finally {
        daemon.kill();
        rmSync(folder, { recursive: true });
      }
    }),
);
