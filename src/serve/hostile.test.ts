/** Requests and names from people who mean harm, by generator: nothing is let through, and nothing of a name becomes markup. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type ApiServer, startServer } from './server.ts';
import { createSession, rightOfSession } from './session.ts';
import { hostileName, sourceForTests } from './sourceForTests.ts';

const token = 'A'.repeat(43);
const bugs: unknown[] = [];
const source = sourceForTests();
let server: ApiServer;

before(async () => {
  source.allowLoopbackRead = false;
  server = await startServer({
    source,
    token,
    readToken: 'R'.repeat(43),
    endedSessions: { has: () => false, end: () => undefined },
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    page: new Map(),
    onBug: (error) => bugs.push(error),
  });
});
after(() => server.close());

/** The whole answer to bytes as they are; empty when the server only hung up. */
function send(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.address.port, '127.0.0.1', () => socket.end(bytes, 'latin1'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}

const paths = fc.oneof(
  fc.constantFrom(
    '/api/v1/status',
    '/api/v1/incidents',
    '/api/v1/incidents/i-w-leak-1',
    '/metrics',
    '/openapi.json',
    '/api/v1/audit-log',
    '/healthz',
  ),
  fc
    .array(
      fc.constantFrom(
        '..',
        '%2e%2e',
        'etc',
        'passwd',
        'token',
        '%00',
        'api',
        'v1',
        '%2f',
        '\\',
        ';',
        '<script>',
        '%c0%af',
        '__proto__',
        'incidents',
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((parts) => `/${parts.join('/')}`),
  fc.string({ maxLength: 60 }).map((text) => `/${encodeURIComponent(text.toWellFormed())}`),
);
const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'G\tET', '');
const headers = fc.array(
  fc.oneof(
    fc.constantFrom(
      'Authorization: Bearer x',
      `Authorization: bearer ${'B'.repeat(43)}`,
      `Authorization: Bearer ${'A'.repeat(42)}`,
      `Authorization: Bearer ${'A'.repeat(44)}`,
      'Authorization: Basic Og==',
      'Cookie: stanch-session=act.zzzzzzzz.AAAAAAAAAAAAAAAA.x',
      `Cookie: stanch-token=${token}`,
      'Origin: null',
      'Origin: http://127.0.0.1',
      'X-Forwarded-For: 127.0.0.1',
      'X-HTTP-Method-Override: POST',
      'Content-Length: -1',
      'Content-Length: 5\r\nContent-Length: 6',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: chunked\r\nContent-Length: 3',
      'Host: evil.example',
      'Expect: 100-continue',
      'Upgrade: websocket\r\nConnection: Upgrade',
    ),
    fc.string({ maxLength: 80 }).map((text) => `X-Name: ${text.replace(/[\r\n]/g, ' ')}`),
  ),
  { maxLength: 4 },
);

test('300 requests without the token get nothing and break nothing', async () => {
  await fc.assert(
    fc.asyncProperty(methods, paths, headers, fc.string({ maxLength: 40 }), async (method, path, lines, body) => {
      const answer = await send(
        `${[`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`,
      );
      assert.doesNotMatch(answer, /^HTTP\/1\.1 (2|3|5)/, answer.slice(0, 200));
      assert.ok(!answer.includes('quiet.service') && !answer.includes(token));
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(bugs, []);
  const last = await send(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
  assert.match(last, /^HTTP\/1\.1 200 /, 'the right token opens, whatever was tried before');
});

test('wrong tokens are only tried so often', async () => {
  const wrong = () => send('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n');
  const answers = await Promise.all(Array.from({ length: 30 }, wrong));
  assert.ok(answers.some((answer) => /^HTTP\/1\.1 429 [\s\S]*Retry-After: \d/i.test(answer)));
});

test('no session can be guessed or prolonged', () => {
  const session = createSession('read', token, 0);
  assert.equal(rightOfSession(session, token, 0), 'read');
  assert.equal(rightOfSession(session, token, 8 * 86_400_000), null);
  assert.equal(rightOfSession(session, 'C'.repeat(43), 0), null);
  fc.assert(
    fc.property(fc.nat(session.length - 1), fc.constantFrom(...'act.read0zZ_-='), (at, char) => {
      const changed = session.slice(0, at) + char + session.slice(at + 1);
      // The last character of base64url has bits that say nothing.
      if (changed !== session && at < session.length - 1) assert.equal(rightOfSession(changed, token, 0), null);
    }),
    { numRuns: 200 },
  );
});

test('a hostile name leaves as JSON alone, which no browser takes for a page', async () => {
  const answer = await send(
    `GET /api/v1/incidents HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  );
  assert.match(answer, /Content-Type: application\/json/);
  assert.match(answer, /X-Content-Type-Options: nosniff/);
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  assert.equal(JSON.parse(Buffer.from(body, 'latin1').toString()).incidents[0].subjectName, hostileName);
});
