import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { createClient } from './client.ts';
import { testFolder } from './spawnForTests.ts';

const anyDocument = v.object({ token: v.nullable(v.string()) });

const refusal = { code: 'STANCH_E_UNAUTHORISED', expected: 'the token', found: 'another', next: 'Send it.' };

/** A daemon that refuses every token, and lets in who has none; its answer says which token came. */
async function strictDaemon(context: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const token = request.headers.authorization ?? null;
    response.writeHead(token === null ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(token === null ? { token } : refusal));
  }).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}

/** The home of somebody whose data folder holds the token of another daemon. */
function homeWithToken(context: TestContext): Record<string, string> {
  const home = testFolder(context);
  const data = join(home, '.local', 'share', 'stanch');
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'token'), `${'a'.repeat(43)}\n`, { mode: 0o600 });
  return { HOME: home };
}

test('the token of another daemon of this account is not held against who may read without', async (context) => {
  const url = await strictDaemon(context);
  const client = createClient(url, { env: homeWithToken(context), isRoot: false });
  assert.deepEqual(await client.get('/api/v1/status', anyDocument), { token: null });
});

test('a token that was given is the one that counts', async (context) => {
  const url = await strictDaemon(context);
  const client = createClient(url, { env: { ...homeWithToken(context), STANCH_TOKEN: 'given' }, isRoot: false });
  await assert.rejects(client.get('/api/v1/status', anyDocument), { code: 'STANCH_E_UNAUTHORISED' });
});
