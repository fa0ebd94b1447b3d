/** Sockets that stay open are counted, and what becomes more as they do is told as what they keep. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import type { GrowingThing } from './growingThing.ts';
import { openSockets, socketGrowth, socketsText, withSockets } from './openSockets.ts';

const thing: GrowingThing = {
  type: 'Upstream',
  place: null,
  counts: [70, 173, 276],
  growthBytes: 1e5,
  survival: 1,
  owner: 'clients',
  path: ['clients'],
  pattern: 'list-only-grows',
};

test('connections of a process are counted, with the state that most of them are in', async () => {
  const server = createServer((peer) => peer.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const before = openSockets(process.pid)?.count ?? 0;
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  const now = openSockets(process.pid);
  for (const client of clients) client.destroy();
  server.close();
  assert.ok((now?.count ?? 0) >= before + 20);
  assert.equal(now?.state, 'ESTABLISHED');
});

test('a process that is gone has none that could be looked at', () => {
  assert.equal(openSockets(2 ** 22 + 1), null);
});

test('what becomes more one for one with the open sockets is connections that are not closed, and nothing else is', () => {
  const sockets = socketGrowth([70, 174, 277].map((count) => ({ count, state: 'CLOSE_WAIT' })));
  assert.ok(sockets !== null);
  assert.equal(withSockets(thing, sockets).pattern, 'connection-not-closed');
  assert.equal(withSockets({ ...thing, counts: [70, 120, 170] }, sockets).pattern, 'connection-not-closed');
  assert.equal(withSockets({ ...thing, counts: [7_000, 17_300, 27_600] }, sockets).pattern, 'list-only-grows');
  assert.match(socketsText(sockets), /70 → 174 → 277, most of them in CLOSE_WAIT/);
});

test('sockets that come and go are no growth', () => {
  assert.equal(socketGrowth([70, 174, 160].map((count) => ({ count, state: null }))), null);
  assert.equal(socketGrowth([{ count: 1, state: null }, null, { count: 90, state: null }]), null);
});
