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
import { type DbusValue, decodeMessage } from './dbusWire.ts';
import { SystemdOverBus } from './systemd.ts';
import { SystemdBus } from './systemdBus.ts';

type Answer = { error: string } | { variant: string } | 'silence' | 'hang up' | 'done';

/** Answers every call as told, after the usual greeting. Tells the methods that were asked for, and the last one's arguments. */
async function withSystemd(
  answer: Answer,
  work: (socketPath: string, asked: string[], bodies: DbusValue[][]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-bus-'));
  const asked: string[] = [];
  const bodies: DbusValue[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let greeted = false;
    socket.on('data', (received) => {
      if (!greeted) {
        if (received.includes('AUTH')) socket.write('OK 0123456789abcdef0123456789abcdef\r\n');
        greeted = received.includes('BEGIN');
        // As systemd 252 does it: what is read together with the BEGIN is not looked at until more comes.
        return;
      }
      const call = decodeMessage(received)?.message;
      asked.push(call?.member ?? '?');
      bodies.push(call?.body ?? []);
      if (answer === 'hang up') socket.destroy();
      else if (answer !== 'silence') socket.write(reply(received.readUInt32LE(8), answer));
    });
    socket.on('error', () => socket.destroy());
  });
  const path = join(folder, 'bus');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await work(path, asked, bodies);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  }
}

/** A method return (2) or an error (3): reply serial in field 5, the name of the error in field 4, the signature of a body in field 8. */
function reply(serial: number, answer: { error: string } | { variant: string } | 'done'): Buffer {
  const fields: number[] = [5, 1, 0x75, 0, ...u32(serial)];
  const isError = typeof answer === 'object' && 'error' in answer;
  let body: number[] = [];
  if (isError) {
    const name = Buffer.from(answer.error);
    fields.push(4, 1, 0x73, 0, ...u32(name.length), ...name, 0);
  } else if (answer !== 'done') {
    fields.push(8, 1, 0x67, 0, 1, 0x76, 0);
    const text = Buffer.from(answer.variant);
    body = [1, 0x73, 0, 0, ...u32(text.length), ...text, 0];
  }
  const head = Buffer.from([0x6c, isError ? 3 : 2, 0, 1, ...u32(body.length), ...u32(1), ...u32(fields.length), ...fields]);
  return Buffer.concat([head, Buffer.alloc((8 - (head.length % 8)) % 8), Buffer.from(body)]);
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

test('processes are moved into a scope of a slice of their own by one question', () =>
  withSystemd('done', async (path, asked, bodies) => {
    const systemd = new SystemdOverBus({ mayStart: false, open: open(path) });
    await systemd.startScope({ scope: 'a.scope', slice: 'b.slice', description: 'why', pids: [7, 4_000_000] });
    assert.deepEqual(asked, ['StartTransientUnit']);
    const properties = [
      ['Description', 'why'],
      ['Slice', 'b.slice'],
      ['PIDs', [7, 4_000_000]],
    ];
    assert.deepEqual(bodies, [['a.scope', 'fail', properties, []]]);
    systemd.close();
  }));

test('the state of a unit is what systemd says it is', () =>
  withSystemd({ variant: 'masked' }, async (path, _asked, bodies) => {
    const systemd = new SystemdOverBus({ mayStart: false, open: open(path) });
    assert.equal(await systemd.loadState('my-shop@2.service'), 'masked');
    assert.deepEqual(bodies, [['org.freedesktop.systemd1.Unit', 'LoadState']]);
    systemd.close();
  }));

test('a systemd that hangs is given up, and not asked another way: what it was asked may be done yet', () =>
  withSystemd('silence', async (path, asked) => {
    const systemd = new SystemdOverBus({ open: () => SystemdBus.open([{ path, destination: null }], 2000) });
    await assert.rejects(systemd.restart('a.service'), /STANCH_E_SYSTEMD.*did not answer RestartUnit within 2 s/s);
    assert.deepEqual(asked, ['RestartUnit']);
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
