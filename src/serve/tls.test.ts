import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createClient } from '../cli/client.ts';
import { untold } from '../model/settings.ts';
import { statusSchema } from './schema.ts';
import { startServer } from './server.ts';
import { sourceForTests } from './sourceForTests.ts';
import { requireTlsBeyondLoopback, usableCertificate } from './tls.ts';

const token = 'A'.repeat(43);

function certificate(t: TestContext): { dir: string; certFile: string; keyFile: string } | null {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-tls-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=web-1',
    '-days',
    '2',
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ]);
  return made.status === 0 ? { dir, certFile, keyFile } : null;
}

test('beyond loopback without TLS it does not start, unless told to', () => {
  const at =
    (host: string, changes = {}) =>
    () =>
      requireTlsBeyondLoopback({ ...untold, listen: { host, port: 7420 }, ...changes });
  for (const host of ['127.0.0.1', '::1', 'localhost', '127.8.8.8']) assert.doesNotThrow(at(host));
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'web-1.example.com']) assert.throws(at(host), { code: 'STANCH_E_CONFIG' });
  assert.doesNotThrow(at('0.0.0.0', { allowPlainRemote: true }));
  assert.doesNotThrow(at('0.0.0.0', { tls: { certFile: '/c', keyFile: '/k' } }));
});

test('what is no certificate with its key is a mistake in the configuration, and no bug', async (t) => {
  await assert.rejects(usableCertificate({ certFile: '/nonexistent', keyFile: '/nonexistent' }), { code: 'STANCH_E_CONFIG' });
  const [made, other] = [certificate(t), certificate(t)];
  if (made === null || other === null) {
    t.skip('there is no openssl here (apt-get install openssl)');
    return;
  }
  await assert.rejects(usableCertificate({ ...made, keyFile: other.keyFile }), { code: 'STANCH_E_CONFIG', expected: /belongs to it/ });
  await assert.rejects(usableCertificate({ ...made, certFile: made.keyFile }), { code: 'STANCH_E_CONFIG' });
});

test('with a certificate it speaks TLS, sets secure cookies, and the command line knows it by that certificate', async (t) => {
  const made = certificate(t);
  if (made === null) {
    t.skip('there is no openssl here (apt-get install openssl)');
    return;
  }
  const { certFile, keyFile, dir } = made;
  const tls = { certFile, keyFile };
  const server = await startServer({
    source: sourceForTests(),
    token,
    readToken: 'R'.repeat(43),
    endedSessions: { has: () => false, end: () => undefined },
    listen: { host: '127.0.0.1', port: 0 },
    tls,
    page: new Map(),
    onBug: assert.ifError,
  });
  t.after(() => server.close());
  const { port } = server.address;
  const cookie = await new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: `/?token=${token}`,
      ca: readFileSync(certFile),
      checkServerIdentity: () => undefined,
      agent: false,
    };
    request(options, (response) => resolve(response.resume().headers['set-cookie']?.[0]))
      .on('error', reject)
      .end();
  });
  assert.match(String(cookie), /; HttpOnly; SameSite=Strict; .*; Secure$/);
  const config = join(dir, 'config', 'stanch');
  spawnSync('mkdir', ['-p', config]);
  writeFileSync(join(config, 'stanch.toml'), `[serve]\nlisten = "127.0.0.1:${port}"\ntls_cert = "${certFile}"\ntls_key = "${keyFile}"\n`);
  const surroundings = { env: { XDG_CONFIG_HOME: join(dir, 'config'), STANCH_TOKEN: token }, isRoot: false };
  assert.equal((await createClient(undefined, surroundings).get('/api/v1/status', statusSchema)).schema, 'stanch.status/1');
  await assert.rejects(
    createClient(`https://127.0.0.1:${port}`, { ...surroundings, env: { STANCH_TOKEN: token } }).get('/api/v1/status', statusSchema),
    { code: 'STANCH_E_UNREACHABLE' },
    'nobody else’s certificate is trusted',
  );
});
