/**
 * Every channel, to a real receiver of this machine: a leak is told with the scan that finds it, and once, whether stanch is killed after it
 * decided, or after the receiver took it and before that was put down.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ChannelSettings } from '../model/settings.ts';
import { channelOf } from './incidentsForTests.ts';
import { runPlan, type TellingPlan, type Told } from './tellingForTests.ts';

interface Receiver {
  channel: ChannelSettings;
  /** By what the receiver knows that it is the same again; in the order in which they came. */
  taken(): string[];
  /** Whether whoever sent it was killed instead of having it confirmed. */
  killSender: () => boolean;
  /** What the sender is started with. */
  prefix: string[];
}

type Plan = Omit<TellingPlan, 'channel'>;
type StartReceiver = (t: TestContext, dir: string) => Promise<Receiver>;

const intervalMs = 10_000;

/** As a process of its own. Returns what was told by the end; null: it was killed. */
async function tellingApart(receiver: Receiver, plan: Plan): Promise<Told[] | null> {
  const script = join(import.meta.dirname, 'tellingForTests.ts');
  const [file = '', ...args] = [...receiver.prefix, process.execPath, script, JSON.stringify({ ...plan, channel: receiver.channel })];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  receiver.killSender = () => child.kill('SIGKILL');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  return code === 0 ? JSON.parse(said) : null;
}

/** Nobody is killed: where the receiver can be reached from here, without a process for it. */
function telling(receiver: Receiver, plan: Plan): Promise<Told[] | null> {
  if (receiver.prefix.length > 0) return tellingApart(receiver, plan);
  receiver.killSender = () => false;
  return runPlan({ ...plan, channel: receiver.channel });
}

/** What makes one message of it, to whoever gets JSON over HTTP. */
const identities: Record<string, (body: string, key: string | undefined) => string> = {
  webhook: (_body, key) => key ?? '',
  alertmanager: (body) => JSON.stringify(JSON.parse(body)[0].labels),
  pagerduty: (body) => JSON.parse(body).dedup_key,
  // They know no such thing: the same message is the same text.
  slack: (body) => body,
  teams: (body) => body,
};

function http(kind: 'webhook' | 'slack' | 'teams' | 'alertmanager' | 'pagerduty'): StartReceiver {
  return async (t) => {
    const taken: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        taken.push(identities[kind]?.(body, String(request.headers['idempotency-key'])) ?? '');
        if (!receiver.killSender()) response.end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const url = { value: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const channel: ChannelSettings =
      kind === 'pagerduty' ? { ...channelOf(), kind, url, key: { value: 'R' } } : { ...channelOf(), kind, url };
    const receiver: Receiver = { channel, taken: () => taken, killSender: () => false, prefix: [] };
    return receiver;
  };
}

const email: StartReceiver = async (t) => {
  const taken: string[] = [];
  const answer = (socket: Socket, line: string, mail: { open: boolean }) => {
    if (mail.open && line.startsWith('Message-ID: ')) taken.push(line);
    if (mail.open && line !== '.') return;
    if (line === '.' && receiver.killSender()) return;
    mail.open = line === 'DATA';
    socket.write(line === 'DATA' ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
  };
  const server = createTcpServer((socket) => {
    const mail = { open: false };
    let rest = '';
    socket.on('error', () => socket.destroy());
    socket.write('220 test ESMTP\r\n');
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) answer(socket, line, mail);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const to = { host: '127.0.0.1', port, security: 'none', user: null, password: null, from: 's@a.example', to: ['b@c.example'] } as const;
  const channel: ChannelSettings = { ...channelOf(), kind: 'email', ...to, to: [...to.to] };
  const receiver: Receiver = { channel, taken: () => taken, killSender: () => false, prefix: [] };
  return receiver;
};

const hook: StartReceiver = async (_t, dir) => {
  const [program, out, dying] = [join(dir, 'hook'), join(dir, 'taken'), join(dir, 'dying')];
  writeFileSync(program, `#!/bin/sh\necho "$STANCH_KEY" >> ${out}\nif test -e ${dying}; then rm ${dying}; kill -9 $PPID; fi\n`);
  chmodSync(program, 0o700);
  const lines = () => (existsSync(out) ? readFileSync(out, 'utf8').trim().split('\n') : []);
  return { channel: { ...channelOf(), kind: 'hook', command: [program] }, taken: lines, killSender: () => false, prefix: [] };
};

const remoteSyslog: StartReceiver = async (t) => {
  const taken: string[] = [];
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  socket.on('message', (datagram) => taken.push(/ key="([^"]*)"/.exec(String(datagram))?.[1] ?? ''));
  const channel: ChannelSettings = { ...channelOf(), kind: 'syslog', address: { host: '127.0.0.1', port: socket.address().port } };
  return { channel, taken: () => taken, killSender: () => false, prefix: [] };
};

/** In mounts of its own: takes what logger(1) sends in place of syslog and the journal, until the program that it starts ends. */
const localReceiver = `
import os, select, socket, sys
paths = ["/dev/log", "/run/systemd/journal/socket"]
os.makedirs("/run/systemd/journal")
if os.path.lexists(paths[0]): os.unlink(paths[0])
sockets = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in paths]
for one, path in zip(sockets, paths): one.bind(path)
parent = os.getpid()
if os.fork() == 0:
    out = open(sys.argv[1], "ab", buffering=0)
    while True:
        ready = select.select(sockets, [], [], 0.1)[0]
        for one in ready: out.write(one.recv(65536).replace(b"\\n", b" ") + b"\\n")
        if not ready and os.getppid() != parent: os._exit(0)
os.execvp(sys.argv[2], sys.argv[2:])`;

const ownMounts =
  'mount -t tmpfs none /run && mkdir /run/new /run/work && mount -t overlay none -o lowerdir=/dev,upperdir=/run/new,workdir=/run/work /dev';

function locally(out: string): string[] {
  return ['unshare', '--mount', 'sh', '-c', `${ownMounts} && exec python3 -c "$0" "$@"`, localReceiver, out];
}

function canListenLocally(): boolean {
  const [file = '', ...args] = locally('/dev/null');
  return spawnSync(file, [...args, 'logger', '--version'], { timeout: 60_000 }).status === 0;
}

const local =
  (kind: 'syslog' | 'journald'): StartReceiver =>
  async (_t, dir) => {
    const out = join(dir, 'taken');
    const channel: ChannelSettings = kind === 'syslog' ? { ...channelOf(), kind, address: null } : { ...channelOf(), kind };
    const taken = () =>
      readFileSync(out, 'utf8')
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => /STANCH_KEY=(\S+)|stanch: (.*)/.exec(line)?.[0] ?? line);
    writeFileSync(out, '');
    return { channel, taken, killSender: () => false, prefix: locally(out) };
  };

const receivers: Record<string, StartReceiver> = {
  email,
  webhook: http('webhook'),
  slack: http('slack'),
  teams: http('teams'),
  pagerduty: http('pagerduty'),
  alertmanager: http('alertmanager'),
  'syslog of another machine': remoteSyslog,
  syslog: local('syslog'),
  journald: local('journald'),
  hook,
};

async function begin(t: TestContext, start: StartReceiver): Promise<{ dir: string; receiver: Receiver }> {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-each-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, receiver: await start(t, dir) };
}

for (const [kind, start] of Object.entries(receivers)) {
  const isLocal = kind === 'syslog' || kind === 'journald';
  const skip = isLocal && !canListenLocally() ? 'mounts of its own take root, and this takes logger and python3' : false;

  test(`${kind}: told with the scan that finds it, and after being killed before that with the first one, once`, { skip }, async (t) => {
    const { dir, receiver } = await begin(t, start);
    const killed = await tellingApart(receiver, { dir, scansAtMs: [0], diesBeforeSending: true });
    assert.equal(killed, null);
    assert.deepEqual(receiver.taken(), []);
    const told = await telling(receiver, { dir, scansAtMs: [intervalMs], diesBeforeSending: false });
    assert.deepEqual(
      told?.map(({ state }) => state),
      ['sent'],
    );
    await untilTaken(receiver);
    const again = await telling(receiver, { dir, scansAtMs: [2 * intervalMs, 3 * intervalMs], diesBeforeSending: false });
    assert.deepEqual(again, told);
    assert.equal(receiver.taken().length, 1);
  });
}

/** A datagram is under way for a moment after it was sent. */
async function untilTaken(receiver: Receiver): Promise<void> {
  while (receiver.taken().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

for (const [kind, start] of Object.entries(receivers)) {
  // What goes out as a datagram is confirmed by nobody.
  if (kind.includes('syslog') || kind === 'journald') continue;
  test(`${kind}: taken, but killed before that is put down: it comes again as the same, and no third time`, async (t) => {
    const { dir, receiver } = await begin(t, start);
    writeFileSync(join(dir, 'dying'), '');
    const killed = await tellingApart(receiver, { dir, scansAtMs: [0], diesBeforeSending: false });
    assert.equal(killed, null);
    const told = await telling(receiver, { dir, scansAtMs: [intervalMs, 2 * intervalMs], diesBeforeSending: false });
    assert.deepEqual(
      told?.map(({ state }) => state),
      ['sent'],
    );
    const [first, second] = receiver.taken();
    assert.equal(second, first);
    assert.equal(receiver.taken().length, 2);
  });
}
