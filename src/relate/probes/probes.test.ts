/** Probes against services that answer, dawdle, refuse, fail, and say nothing; what is usual for them; and what is probed at all. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { ProbeKind, ProbeTarget } from '../../model/probe.ts';
import { askLoopback } from './askLoopback.ts';
import { askService } from './askService.ts';
import { ProbeHistory } from './probeHistory.ts';
import { Prober } from './prober.ts';
import { parseProbeTarget, probeName, probeUrl, targetsAmong } from './probeTarget.ts';

const never = new AbortController().signal;

async function serve(t: { after(fn: () => void): void }, kind: ProbeKind, onConnection: (socket: Socket) => void): Promise<ProbeTarget> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { kind, host: '127.0.0.1', port: address.port, path: kind === 'http' ? '/health' : '', isConfigured: true };
}

test('ssh and ftp by their greeting, in pieces as well, http by its status line, any port by its connection', async (t) => {
  const heard: Record<string, string> = { ssh: '', ftp: '', http: '' };
  const hear = (kind: string) => (chunk: Buffer) => {
    heard[kind] += chunk.toString();
  };
  const goodbye = Promise.withResolvers<void>();
  const ssh = await serve(t, 'ssh', (socket) => {
    socket.on('data', hear('ssh')).write('SS');
    setImmediate(() => socket.write('H-2.0-OpenSSH_9.2\r\n'));
  });
  const ftp = await serve(t, 'ftp', (socket) =>
    socket.on('data', hear('ftp')).on('end', goodbye.resolve).write('220-Welcome\r\n220 ready\r\n'),
  );
  const http = await serve(t, 'http', (socket) => {
    socket.once('data', (chunk: Buffer) => {
      hear('http')(chunk);
      socket.write('HTTP/1.1 404 Not Found\r\n\r\n');
    });
  });
  const tcp = await serve(t, 'tcp', () => undefined);
  for (const target of [ssh, ftp, http, tcp]) {
    const { latencyMs, failure } = await askService(target, 5000, never);
    assert.equal(failure, null, target.kind);
    assert.ok(latencyMs !== null && latencyMs >= 0);
  }
  await goodbye.promise;
  assert.equal(heard.ssh, 'SSH-2.0-stanch\r\n');
  assert.equal(heard.ftp, 'QUIT\r\n');
  assert.match(heard.http ?? '', /^GET \/health HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nUser-Agent: stanch-probe\r\n/);
});

test('what is no answer is told as what it is, within its time', async (t) => {
  const failureOf = async (target: ProbeTarget, timeoutMs = 5000) => (await askService(target, timeoutMs, never)).failure;
  assert.equal(await failureOf(await serve(t, 'ssh', () => undefined), 30), 'no answer within 30 ms');
  assert.equal(await failureOf(await serve(t, 'ssh', (socket) => socket.write('HTTP/1.1 400 Bad\r\n'))), 'answered "HTTP/1.1 400 Bad"');
  assert.equal(await failureOf(await serve(t, 'ssh', (socket) => socket.end())), 'closed without an answer');
  assert.equal(
    await failureOf(await serve(t, 'ftp', (socket) => socket.write('421 Too many connections\r\n'))),
    'answered "421 Too many connections"',
  );
  assert.equal(await failureOf(await serve(t, 'http', (socket) => socket.write('HTTP/1.1 502 Bad Gateway\r\n'))), 'answered 502');
  assert.equal(await failureOf(await serve(t, 'http', (socket) => socket.write('x'.repeat(10_000)))), 'answered without an end');
  const gone = await serve(t, 'tcp', () => undefined);
  const free = { ...gone, port: 1 };
  assert.equal(await failureOf(free), 'refused');
  const stop = new AbortController();
  const stopped = askService(await serve(t, 'ssh', () => stop.abort()), 60_000, stop.signal);
  assert.equal((await stopped).failure, 'stopped');
});

test('loopback: everything comes back', async () => {
  const state = await askLoopback(never);
  assert.ok(state !== null);
  assert.deepEqual([state.sent, state.lost], [20, 0]);
  assert.ok(state.roundTripMs !== null && state.roundTripMs > 0);
});

test('loopback: what comes while stanch was busy for longer than it waits counts, and ends the question once', async () => {
  const asked = askLoopback(never);
  // Whether all are on the way by then or some: none may be called lost.
  await wait(50);
  for (const endMs = performance.now() + 1050; performance.now() < endMs; );
  assert.equal((await asked)?.lost, 0);
  await new Promise((done) => setImmediate(done));
});

const sshTarget: ProbeTarget = { kind: 'ssh', host: '127.0.0.1', port: 22, path: '', isConfigured: false };
const answer = (atMs: number, latencyMs: number | null) => ({ atMs, latencyMs, failure: latencyMs === null ? 'refused' : null });

test('what is usual is learnt while the host is well; slow is told at the second time, well after three', () => {
  const history = new ProbeHistory(sshTarget, 0);
  const states = (latencies: (number | null)[], hostIsWell: boolean) =>
    latencies.map((latencyMs) => {
      history.add(answer(1, latencyMs), hostIsWell);
      return history.state(null).state;
    });
  assert.deepEqual(states([10, 12, 11, 30, 10], true), ['learning', 'learning', 'learning', 'learning', 'healthy']);
  assert.deepEqual(history.state(null).range, { lowMs: 10, medianMs: 11, highMs: 12 });
  assert.deepEqual(states([4000], false), ['healthy'], 'one may be chance');
  assert.deepEqual(states([4000, null, 11, 12, 10], false), ['slow', 'failing', 'failing', 'failing', 'healthy']);
  assert.deepEqual(history.state(null).range, { lowMs: 10, medianMs: 11, highMs: 12 }, 'a bad time teaches nothing');
});

test('one answer that came late while the usual was learnt does not make everything usual', () => {
  const history = new ProbeHistory(sshTarget, 0);
  for (let index = 0; index < 12; index += 1) history.add(answer(index, index === 3 ? 27_000 : 50), true);
  assert.equal(history.state(null).range?.highMs, 50);
  history.add(answer(20, 9000), false);
  history.add(answer(21, 9000), false);
  assert.equal(history.state(null).state, 'slow');
});

test('the worst of the last answers is shown, and what is slow for long without a reason becomes usual', () => {
  const history = new ProbeHistory(sshTarget, 0);
  for (let index = 0; index < 10; index += 1) history.add(answer(index, 10), true);
  history.add(answer(20, 900), true);
  history.add(answer(21, 700), true);
  assert.equal(history.state(null).worst?.latencyMs, 900);
  for (let index = 0; index < 200; index += 1) history.add(answer(30 + index, 700), true);
  assert.equal(history.state(null).state, 'healthy');
  assert.equal(history.state(null).range?.medianMs, 700);
});

test('a server that slowly becomes busier does not make usual what is slow', () => {
  const history = new ProbeHistory(sshTarget, 0);
  let atMs = 0;
  const answers = (count: number, latencyMs: number) => {
    for (let index = 0; index < count; index += 1) history.add(answer(atMs++, latencyMs), true);
  };
  answers(20, 200);
  // Every tenth takes longer, and ever longer.
  for (let longMs = 300; longMs < 6000; longMs += 100) {
    history.add(answer(atMs++, longMs), true);
    answers(9, 200);
  }
  history.add(answer(atMs++, 4000), true);
  history.add(answer(atMs++, 4000), true);
  assert.equal(history.state(null).state, 'slow');
});

test('targets as they are written', () => {
  assert.deepEqual(parseProbeTarget('ssh://127.0.0.1'), { ...sshTarget, isConfigured: true });
  assert.deepEqual(parseProbeTarget('http://[::1]:8080/a?b=c'), {
    kind: 'http',
    host: '::1',
    port: 8080,
    path: '/a?b=c',
    isConfigured: true,
  });
  assert.equal(parseProbeTarget('http://127.0.0.1')?.path, '/');
  for (const bad of [
    'tcp://127.0.0.1',
    'https://h',
    'ssh://u:p@h:22',
    'ssh://h:0',
    'ssh://h:70000',
    'ssh://h:22/x',
    'http://h/a b',
    '22',
    'http://h/\r\nX: y',
  ]) {
    assert.equal(parseProbeTarget(bad), null, bad);
  }
  const name = (text: string) => probeName(parseProbeTarget(text) ?? sshTarget);
  assert.deepEqual(['ssh://127.0.0.1:22', 'http://127.0.0.1:8080/', 'http://[::1]/health', 'tcp://10.0.0.1:3306'].map(name), [
    'ssh',
    'http 127.0.0.1:8080',
    'http [::1]:80/health',
    'tcp 10.0.0.1:3306',
  ]);
  assert.equal(probeUrl(parseProbeTarget('http://[::1]/health') ?? sshTarget), 'http://[::1]:80/health');
});

test('only services that are known to bear it are probed unasked, each once', () => {
  const found = targetsAmong([
    { address: '0.0.0.0', port: 3306 },
    { address: '0.0.0.0', port: 80 },
    { address: '::', port: 80 },
    { address: '::', port: 21 },
    { address: '10.0.0.7', port: 22 },
  ]);
  assert.deepEqual(found.map(probeUrl), ['ftp://[::1]:21', 'ssh://10.0.0.7:22', 'http://127.0.0.1:80/']);
});

test('the prober asks what it is told to, round after round, and ends at once', { timeout: 60_000 }, async (t) => {
  let asked = 0;
  const target = await serve(t, 'ssh', (socket) => {
    asked += 1;
    socket.write('SSH-2.0-x\r\n');
  });
  const bugs: unknown[] = [];
  const prober = new Prober(
    { enabled: true, intervalMs: 1000, timeoutMs: 1000, targets: [target] },
    { hostIsWell: () => true, onBug: (error) => bugs.push(error) },
  );
  t.after(() => prober.stop());
  prober.start();
  while (prober.states()[0]?.latest == null || asked < 2) await wait(20);
  const [state] = prober.states();
  assert.equal(state?.latest?.failure, null);
  assert.equal(prober.loopback()?.lost, 0);
  prober.set({ enabled: false, intervalMs: 1000, timeoutMs: 1000, targets: [target] });
  assert.deepEqual(prober.states(), []);
  assert.deepEqual(bugs, []);
});
