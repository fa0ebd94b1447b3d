/** The line to QEMU and to the agent inside, against a peer that answers as wanted and as not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { JsonSocket } from './jsonSocket.ts';

/** A peer that writes these lines when it is asked, cut into pieces of three bytes; no line: it closes the connection. */
async function peer(t: TestContext, lines: readonly string[]): Promise<JsonSocket> {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-json-'));
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      const text = lines.map((line) => `${line}\n`).join('');
      for (let at = 0; at < text.length; at += 3) socket.write(text.slice(at, at + 3));
      if (lines.length === 0) socket.destroy();
    });
  }).listen(join(dir, 'peer.sock'));
  await once(server, 'listening');
  const client = await JsonSocket.open(join(dir, 'peer.sock'), 500);
  t.after(() => {
    client.close();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return client;
}

test('greeting, events and rubbish are passed over until the answer comes', async (t) => {
  const client = await peer(t, ['{"QMP":{}}', '{"event":"STOP"}', 'no JSON', 'rest of a line}{"return":{"pid":7}}']);
  assert.deepEqual(await client.send('guest-exec', {}, v.object({ pid: v.number() })), { pid: 7 });
});

test('an answer to somebody who asked earlier is passed over', async (t) => {
  const client = await peer(t, ['{"return":{"exited":false}}', '{"return":41}', '{"return":42}']);
  assert.equal(await client.send('guest-sync', { id: 42 }, v.number(), 42), 42);
});

for (const [what, lines, told] of [
  ['an error is told', ['{"error":{"desc":"no such command"}}'], /guest-exec: no such command/],
  ['an answer of another form is told', ['{"return":"soon"}'], /unexpected answer "soon"/],
  ['a peer that goes is told', [], /closed the connection/],
  ['no answer is told', ['{"event":"STOP"}'], /no answer within 500 ms/],
] as const) {
  test(what, async (t) => {
    const client = await peer(t, lines);
    await assert.rejects(client.send('guest-exec', {}, v.object({ pid: v.number() })), told);
  });
}
