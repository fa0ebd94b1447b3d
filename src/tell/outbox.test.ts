/** Messages on their way to real receivers of this machine: one that fails at first, a mail server, programs; and a crash at the worst moment. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ChannelSettings } from '../model/settings.ts';
import type { Delivery } from './delivery.ts';
import { channelOf, hostileName, messageForTests } from './incidentsForTests.ts';
import { Outbox } from './outbox.ts';
import { TellFile } from './tellFile.ts';

interface Received {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A sink on a free port that refuses the first so many. */
async function startSink(t: TestContext, refuseFirst = 0, refusal = 503): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  let refused = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      refused += 1;
      response.writeHead(refused <= refuseFirst ? refusal : 200).end();
      if (refused > refuseFirst) received.push({ path: request.url ?? '', headers: request.headers, body });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received };
}

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-outbox-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

function deliveryTo(channel: ChannelSettings, key = 'k-1'): Delivery {
  return {
    key,
    channel: channel.name,
    incidentId: 'i-1',
    message: messageForTests({ key }),
    state: 'pending',
    attempts: 0,
    nextMs: 0,
    batch: null,
    error: null,
  };
}

/** An outbox whose clock goes on by an hour with each attempt, unless told otherwise. */
function outboxOf(known: readonly Delivery[]) {
  const saved = new Map<string, Delivery>();
  let nowMs = 0;
  const save = (deliveries: readonly Delivery[]) => {
    for (const delivery of deliveries) saved.set(delivery.key, delivery);
  };
  const outbox = new Outbox({ save, log: () => undefined, nowMs: () => nowMs }, known);
  const attempt = async (channel: ChannelSettings, afterMs = 3_600_000) => {
    nowMs += afterMs;
    outbox.pump([channel]);
    await outbox.settled();
  };
  return { outbox, saved, attempt };
}

/** One message through one channel; rejects with why it was not taken. */
async function sendOnce(channel: ChannelSettings): Promise<void> {
  const { saved, attempt } = outboxOf([deliveryTo(channel)]);
  await attempt(channel);
  assert.equal(saved.get('k-1')?.error, null);
  assert.equal(saved.get('k-1')?.state, 'sent');
}

test('a webhook that fails at first gets it all the same, under the same key, and once', async (t) => {
  const sink = await startSink(t, 2);
  const channel: ChannelSettings = { ...channelOf(), kind: 'webhook', url: { value: sink.url } };
  const { saved, attempt } = outboxOf([deliveryTo(channel, 'a'), { ...deliveryTo(channel, 'b'), incidentId: 'i-2' }]);
  for (const state of ['pending', 'pending', 'sent', 'sent']) {
    await attempt(channel);
    assert.deepEqual(
      [...saved.values()].map((delivery) => delivery.state),
      [state, state],
    );
  }
  assert.equal(sink.received.length, 1, 'both together');
  assert.equal(sink.received[0]?.headers['idempotency-key'], 'a');
  assert.equal(JSON.parse(sink.received[0]?.body ?? '').alerts.length, 2);
});

test('what is sent together and not taken is tried again together, for it has one key', async (t) => {
  const sink = await startSink(t, 1);
  const channel: ChannelSettings = { ...channelOf(), kind: 'webhook', url: { value: sink.url } };
  const { saved, attempt } = outboxOf([deliveryTo(channel, 'a'), { ...deliveryTo(channel, 'b'), incidentId: 'i-2' }]);
  await attempt(channel);
  assert.equal(saved.get('a')?.nextMs, saved.get('b')?.nextMs);
  await attempt(channel);
  assert.equal(JSON.parse(sink.received[0]?.body ?? '').alerts.length, 2);
});

test('a message that the receiver will not take holds up none that comes after it, and is not told when that was', async (t) => {
  const sink = await startSink(t, 1, 400);
  const channel: ChannelSettings = { ...channelOf(), kind: 'webhook', url: { value: sink.url } };
  const { outbox, saved, attempt } = outboxOf([deliveryTo(channel, 'opened')]);
  await attempt(channel);
  outbox.add([deliveryTo(channel, 'resolved')]);
  await attempt(channel, 1000);
  await attempt(channel);
  assert.deepEqual(
    sink.received.map(({ headers }) => headers['idempotency-key']),
    ['resolved'],
  );
  assert.deepEqual([saved.get('opened')?.state, saved.get('resolved')?.state], ['given-up', 'sent']);
  assert.match(saved.get('opened')?.error ?? '', /400/);
});

test('of several that are refused together, each is asked about by itself', async (t) => {
  const sink = await startSink(t, 1, 422);
  const channel: ChannelSettings = { ...channelOf(), kind: 'webhook', url: { value: sink.url } };
  const { saved, attempt } = outboxOf([deliveryTo(channel, 'a'), { ...deliveryTo(channel, 'b'), incidentId: 'i-2' }]);
  for (let time = 0; time < 3; time += 1) await attempt(channel);
  assert.deepEqual(
    sink.received.map(({ headers }) => headers['idempotency-key']),
    ['a', 'b'],
  );
  assert.ok([...saved.values()].every(({ state }) => state === 'sent'));
});

test('the end of an incident never overtakes its beginning, which was not taken at first', async (t) => {
  const sink = await startSink(t, 1);
  const channel: ChannelSettings = { ...channelOf(), kind: 'webhook', url: { value: sink.url } };
  const { outbox, saved, attempt } = outboxOf([deliveryTo(channel, 'opened')]);
  await attempt(channel);
  outbox.add([deliveryTo(channel, 'resolved')]);
  await attempt(channel, 1000);
  assert.equal(sink.received.length, 0);
  await attempt(channel);
  await attempt(channel);
  assert.deepEqual(
    sink.received.map(({ headers }) => headers['idempotency-key']),
    ['opened', 'resolved'],
  );
  assert.ok([...saved.values()].every(({ state }) => state === 'sent'));
});

test('Slack, Teams, PagerDuty and Alertmanager get JSON where they expect it; the secret comes from a file', async (t) => {
  const sink = await startSink(t);
  const file = join(folder(t), 'url');
  writeFileSync(file, `${sink.url}/hook\n`);
  for (const kind of ['slack', 'teams', 'alertmanager'] as const) await sendOnce({ ...channelOf(), kind, url: { file } });
  await sendOnce({ ...channelOf(), kind: 'pagerduty', url: { file }, key: { value: 'R' } });
  assert.deepEqual(
    sink.received.map(({ path }) => path),
    ['/hook', '/hook', '/hook/api/v2/alerts', '/hook'],
  );
  for (const { body, headers } of sink.received) {
    assert.equal(headers['content-type'], 'application/json');
    JSON.parse(body);
  }
});

test('an error never shows the address, which is the secret', async () => {
  const { saved, attempt } = outboxOf([deliveryTo(channelOf())]);
  await attempt({ ...channelOf(), kind: 'slack', url: { value: 'http://127.0.0.1:1/services/SECRET' } });
  assert.match(saved.get('k-1')?.error ?? '', /ECONNREFUSED/);
  assert.doesNotMatch(JSON.stringify([...saved.values()]), /SECRET/);
});

test('mail goes through SMTP as the RFC wants it', async (t) => {
  const said: string[] = [];
  const server = createTcpServer((socket) => {
    let text = '';
    let inMail = false;
    socket.write('220 test ESMTP\r\n');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString();
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        said.push(line);
        if (inMail) {
          if (line !== '.') continue;
          inMail = false;
          socket.write('250 taken\r\n');
        } else if (line.startsWith('EHLO')) socket.write('250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n');
        else if (line.startsWith('AUTH')) socket.write('235 welcome\r\n');
        else if (line === 'DATA') {
          inMail = true;
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const mail = {
    kind: 'email',
    host: '127.0.0.1',
    port,
    user: 'u',
    password: { value: 'pass' },
    from: 'stanch@a.example',
    to: ['b@c.example', 'd@e.example'],
  } as const;
  await sendOnce({ ...channelOf(), ...mail, to: [...mail.to], security: 'none' });
  assert.ok(
    said.includes('MAIL FROM:<stanch@a.example>') && said.includes('RCPT TO:<b@c.example>') && said.includes('RCPT TO:<d@e.example>'),
  );
  assert.ok(said.includes(`AUTH PLAIN ${Buffer.from('\0u\0pass').toString('base64')}`));
  const body = said.slice(said.indexOf('', said.indexOf('DATA')) + 1, said.indexOf('.')).join('');
  assert.ok(Buffer.from(body, 'base64').toString().includes('leaks memory, 100 MiB an hour'));
  const { saved, attempt } = outboxOf([deliveryTo(channelOf())]);
  await attempt({ ...channelOf(), ...mail, to: [...mail.to], security: 'starttls' });
  assert.match(saved.get('k-1')?.error ?? '', /offers no STARTTLS/);
});

test('a hook gets what it is about in its environment, and a shell in it sees nothing but text', async (t) => {
  const dir = folder(t);
  const hook = join(dir, 'hook');
  writeFileSync(hook, `#!/bin/sh\nprintf '%s|%s|%s' "$STANCH_KIND" "$STANCH_WORKLOAD" "$#" > ${dir}/out\ncat > ${dir}/in\n`);
  chmodSync(hook, 0o700);
  await sendOnce({ ...channelOf(), kind: 'hook', command: [hook] });
  assert.equal(readFileSync(join(dir, 'out'), 'utf8'), `opened|${hostileName}|0`);
  assert.equal(JSON.parse(readFileSync(join(dir, 'in'), 'utf8')).subjectName, hostileName);
  writeFileSync(hook, '#!/bin/sh\necho it does not work >&2; exit 3\n');
  const { saved, attempt } = outboxOf([deliveryTo(channelOf())]);
  await attempt({ ...channelOf(), kind: 'hook', command: [hook] });
  assert.match(saved.get('k-1')?.error ?? '', /ended with 3: it does not work/);
});

test('syslog of another machine gets one datagram', async (t) => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const heard = once(socket, 'message');
  await sendOnce({ ...channelOf(), kind: 'syslog', address: { host: '127.0.0.1', port: socket.address().port } });
  const [datagram] = await heard;
  assert.match(String(datagram), /^<28>1 2026-01-02T03:04:05\.000Z web-1 stanch /);
});

test('killed between deciding and sending: after the next start it is sent, once', async (t) => {
  const dir = folder(t);
  const sink = await startSink(t);
  const channel: ChannelSettings = { ...channelOf(), kind: 'webhook', url: { value: sink.url } };
  const script = `
    import { TellFile } from ${JSON.stringify(join(import.meta.dirname, 'tellFile.ts'))};
    new TellFile(${JSON.stringify(dir)}).save([], [JSON.parse(process.env.DELIVERY)]);
    process.kill(process.pid, 'SIGKILL');`;
  const env = { ...process.env, DELIVERY: JSON.stringify(deliveryTo(channel)) };
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: 'ignore' });
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
  for (const state of ['pending', 'sent']) {
    const file = new TellFile(dir);
    const { deliveries } = file.load();
    assert.deepEqual(
      deliveries.map((delivery) => delivery.state),
      [state],
    );
    const outbox = new Outbox({ save: (changed) => file.save([], changed), log: () => undefined, nowMs: Date.now }, deliveries);
    outbox.pump([channel]);
    await outbox.settled();
    file.close();
  }
  assert.deepEqual(
    sink.received.map(({ headers }) => headers['idempotency-key']),
    ['k-1'],
  );
});
