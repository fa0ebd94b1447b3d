/** A mail to Debian's aiosmtpd over STARTTLS, where it is installed: taken with its certificate, refused without. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOnPath } from '../lab/programs.ts';
import { runCli } from './spawnForTests.ts';

const lacking = ['aiosmtpd', 'openssl'].find((program) => findOnPath(program) === null);
const skip = lacking === undefined ? false : `there is no ${lacking} here (apt-get install python3-aiosmtpd openssl)`;

async function answers(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await new Promise((resolve) => socket.once('data', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (isUp) return;
    await sleep(100);
  }
}

test('mail over STARTTLS: a certificate that is not trusted gets nothing', { skip, timeout: 60_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-mail-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const [cert, key, config] = [join(dir, 'c.pem'), join(dir, 'k.pem'), join(dir, 'stanch.toml')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    ...names,
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const tls = ['--tlscert', cert, '--tlskey', key];
  const server = spawn('aiosmtpd', ['-n', '-l', `127.0.0.1:${port}`, ...tls, '-c', 'aiosmtpd.handlers.Debugging', 'stdout'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let mail = '';
  server.stdout.setEncoding('utf8').on('data', (part: string) => {
    mail += part;
  });
  const exited = once(server, 'exit');
  await answers(port);
  writeFileSync(
    config,
    `[[notify.channels]]\nname = "mail"\nkind = "email"\nhost = "localhost"\nport = ${port}\nfrom = "stanch@example.com"\nto = ["ops@example.com"]\n`,
  );
  const refused = await runCli(['notify', 'test', '--config', config]);
  assert.deepEqual([refused.code, /certificate/.test(refused.stdout)], [69, true]);
  const taken = await runCli(['notify', 'test', '--config', config], { NODE_EXTRA_CA_CERTS: cert });
  assert.deepEqual([taken.code, taken.stdout], [0, 'taken   mail (email)\n']);
  server.kill('SIGTERM');
  await exited;
  assert.match(mail, /^To: ops@example\.com$/m);
  assert.equal(mail.match(/MESSAGE FOLLOWS/g)?.length, 1);
});
