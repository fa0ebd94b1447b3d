/** What a process holds open, and the tables that its sockets stand in. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { absent, isValue } from '../model/reading.ts';
import { LinePieces } from './linePieces.ts';
import { emptyInetSocket, type InetSocket, inetAddress, parseInetLine, tcpStateName, udpStateName } from './netInet.ts';
import { emptyUnixSocket, parseUnixLine } from './netUnix.ts';
import { parseFdLink, readFdLink, readFdNames } from './pidFd.ts';
import { kernelReads } from './read.ts';

const debian = fileURLToPath(new URL('./fixtures/debian12', import.meta.url));

function tableAt(path: string): LinePieces {
  const table = LinePieces.open(path);
  assert.ok(isValue(table));
  return table;
}

function inetRows(path: string): (InetSocket & { peer: string })[] {
  const table = tableAt(path);
  const rows: (InetSocket & { peer: string })[] = [];
  const into = emptyInetSocket();
  while (table.next()) {
    for (const at of table.lines()) {
      if (!parseInetLine(table.bytes, table.length, at, into)) continue;
      rows.push({ ...into, peer: inetAddress(table.bytes, into.peerAt, into.addressDigits) });
    }
  }
  table.close();
  return rows;
}

test('links say what an open file is', () => {
  const of = (text: string) => Object.values(parseFdLink(text));
  assert.deepEqual(of('/var/log/x.log'), ['file', '/var/log/x.log', 0]);
  assert.deepEqual(of('/var/log/x.log (deleted)'), ['deleted', '/var/log/x.log', 0]);
  assert.deepEqual(of('socket:[41530]'), ['socket', '', 41530]);
  assert.deepEqual(of('pipe:[7]'), ['pipe', '', 7]);
  assert.deepEqual(of('anon_inode:[eventpoll]'), ['anon', 'eventpoll', 0]);
  assert.deepEqual(of('anon_inode:inotify'), ['anon', 'inotify', 0]);
  assert.deepEqual(of('/memfd:wl_shm (deleted)'), ['memfd', 'wl_shm', 0]);
  assert.deepEqual(of('/dev/null'), ['device', '/dev/null', 0]);
  assert.deepEqual(of('/dev/shm/queue'), ['file', '/dev/shm/queue', 0]);
  assert.deepEqual(of('net:[4026531840]'), ['other', 'net:[4026531840]', 0]);
  // A file may be called what it likes.
  assert.equal(of('/tmp/socket:[5]')[0], 'file');
});

test('open files of a living process: names in rising order, their links, what was closed is absent', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-fd-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'gone.log');
  writeFileSync(path, '');
  const fd = openSync(path, 'r');
  unlinkSync(path);
  const before = kernelReads();
  const names = readFdNames('/proc/self/fd', 1000);
  assert.ok(isValue(names) && names.includes(String(fd)));
  assert.deepEqual(
    names,
    names.toSorted((a, b) => Number(a) - Number(b)),
  );
  assert.deepEqual(readFdLink(`/proc/self/fd/${fd}`), { kind: 'deleted', name: path, inode: 0 });
  closeSync(fd);
  assert.equal(readFdLink(`/proc/self/fd/${fd}`), absent);
  assert.equal(kernelReads() - before, 3);
  const few = readFdNames('/proc/self/fd', 2);
  assert.equal(isValue(few) ? few.length : 0, 2);
});

test('tcp: state, peer and queues of each socket; the backlog of one that listens', () => {
  const rows = inetRows(`${debian}/self/net/tcp`);
  assert.deepEqual(
    rows.map((row) => [row.inode, tcpStateName(row.state), row.localPort, row.peer, row.peerPort, row.sendQueue, row.receiveQueue]),
    [
      [20001, 'LISTEN', 8080, '0.0.0.0', 0, 0, 3],
      [20002, 'CLOSE_WAIT', 8080, '127.0.0.2', 50000, 0, 1],
      [20003, 'CLOSE_WAIT', 45308, '10.0.0.5', 3306, 0, 1],
      [20004, 'ESTABLISHED', 45310, '10.0.0.5', 3306, 2620, 0],
      [0, 'TIME_WAIT', 54321, '10.0.0.5', 3306, 0, 0],
    ],
  );
});

test('tcp6: short addresses, and IPv4 within IPv6 as what it is', () => {
  const rows = inetRows(`${debian}/self/net/tcp6`);
  assert.deepEqual(
    rows.map(({ peer, peerPort }) => `${peer} ${peerPort}`),
    [':: 0', '10.1.11.42 56348', '2001:db8::2 443'],
  );
});

test('an IPv6 address is shortened where its longest run of zeros is', () => {
  const shown = (...words: string[]) => {
    const bytes = Buffer.from(words.join(''), 'hex').swap32().toString('hex');
    return inetAddress(Buffer.from(bytes), 0, 32);
  };
  assert.equal(shown('fe80', '0000', '0000', '0000', '0000', '0000', '0000', '0001'), 'fe80::1');
  assert.equal(shown('0010', '0000', '0001', '0000', '0000', '0000', '0001', '0001'), '10:0:1::1:1');
  assert.equal(shown('2001', '0db8', '0001', '0002', '0003', '0004', '0005', '0006'), '2001:db8:1:2:3:4:5:6');
});

test('udp has the same form, and states of its own', () => {
  const rows = inetRows(`${debian}/self/net/udp`);
  assert.deepEqual(
    rows.map(({ inode, state, peer, receiveQueue }) => [inode, udpStateName(state), peer, receiveQueue]),
    [
      [20020, 'unconnected', '0.0.0.0', 0],
      [20021, 'connected', '8.8.8.8', 6400],
    ],
  );
});

test('unix: state, and a path where there is one', () => {
  const table = tableAt(`${debian}/self/net/unix`);
  const into = emptyUnixSocket();
  const rows: unknown[] = [];
  while (table.next()) {
    for (const at of table.lines()) {
      if (parseUnixLine(table.bytes, table.length, at, into))
        rows.push([into.inode, into.state, table.bytes.toString('latin1', into.pathStart, into.pathEnd)]);
    }
  }
  table.close();
  assert.deepEqual(rows, [
    [20030, 'listening', '/run/dbus/system_bus_socket'],
    [20031, 'connected', ''],
    [20032, 'listening', '@/tmp/with blank'],
  ]);
});

test('a table of many pieces: every line once, whole, and the table of this machine knows the socket of this process', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-pieces-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'table');
  const written = Array.from({ length: 5000 }, (_, index) => `${index}: ${'x'.repeat(index % 97)}`);
  writeFileSync(path, `${written.join('\n')}\n`);
  const table = tableAt(path);
  const seen: string[] = [];
  while (table.next()) for (const at of table.lines()) seen.push(table.bytes.toString('latin1', at, table.bytes.indexOf('\n', at)));
  table.close();
  assert.deepEqual(seen, written);
  assert.equal(LinePieces.open(join(folder, 'none')), absent);

  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const own = inetRows('/proc/self/net/tcp').filter(
    ({ localPort, state }) => localPort === address.port && tcpStateName(state) === 'LISTEN',
  );
  assert.equal(own.length, 1);
});

test('a line without an end is no line, and ends the table', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-pieces-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'table');
  writeFileSync(path, `one\n${'x'.repeat(100_000)}`);
  const table = tableAt(path);
  let pieces = 0;
  while (table.next()) pieces += 1;
  table.close();
  assert.equal(pieces, 1);
});
