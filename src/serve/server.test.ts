import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as v from 'valibot';
import { EndedSessions } from './endedSessions.ts';
import type { PageFile } from './pageFiles.ts';
import { routes } from './routes.ts';
import { errorSchema, hostHistorySchema, settingsSchema, statusSchema, tickSchema } from './schema.ts';
import { type ApiServer, startServer } from './server.ts';
import { hostileName, sourceForTests } from './sourceForTests.ts';

const token = 'A'.repeat(43);
const readToken = 'R'.repeat(43);
const page: PageFile = {
  contentType: 'text/html; charset=utf-8',
  cacheControl: 'no-cache',
  etag: '"e"',
  plain: Buffer.from('<p>page</p>'),
  gzip: null,
};
const source = sourceForTests();
const bugs: unknown[] = [];
const folder = mkdtempSync(join(tmpdir(), 'stanch-server-'));
let server: ApiServer;

before(async () => {
  const files = new Map([
    ['/', page],
    ['/index.html', page],
  ]);
  server = await startServer({
    source,
    token,
    readToken,
    endedSessions: new EndedSessions(folder, Date.now()),
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    page: files,
    onBug: (error) => bugs.push(error),
  });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(bugs, []);
});

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.address.port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Bytes as they are, for what node:http would not send. */
function askRaw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.address.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

async function refusedWith(status: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const answer = await ask(path, headers, method);
  assert.equal(answer.status, status, `${method} ${path}: ${answer.body}`);
  v.parse(errorSchema, JSON.parse(answer.body));
  return answer;
}

describe('documents', () => {
  const examples: Record<string, string> = {
    '/api/v1/subjects/{id}': '/api/v1/subjects/w-leak',
    '/api/v1/subjects/{id}/series': '/api/v1/subjects/w-leak/series',
    '/api/v1/incidents/{id}': '/api/v1/incidents/i-w-leak-1',
    '/api/v1/evidence/{id}': '/api/v1/evidence/e-1',
    '/api/v1/evidence/plan': '/api/v1/evidence/plan?subject=w-leak',
    '/api/v1/evidence/{id}/evidence.json': '/api/v1/evidence/e-1/evidence.json',
    '/api/v1/evidence/{id}/evidence.pb.gz': '/api/v1/evidence/e-1/evidence.pb.gz',
    '/api/v1/evidence/{id}/evidence.speedscope.json': '/api/v1/evidence/e-1/evidence.speedscope.json',
    '/api/v1/evidence/{id}/evidence.collapsed.txt': '/api/v1/evidence/e-1/evidence.collapsed.txt',
    '/api/v1/subjects/{id}/lives': '/api/v1/subjects/w-leak/lives',
    '/api/v1/incidents/{id}/report': '/api/v1/incidents/i-w-leak-1/report',
    '/api/v1/incidents/{id}/report.md': '/api/v1/incidents/i-w-leak-1/report.md',
    '/api/v1/incidents/{id}/report.html': '/api/v1/incidents/i-w-leak-1/report.html',
  };
  for (const route of routes.filter(({ method }) => method === 'GET')) {
    test(`${route.path} is what its schema says`, async () => {
      const answer = await ask(examples[route.path] ?? route.path);
      assert.equal(answer.status, 200, answer.body);
      assert.equal(answer.headers['content-type'], route.contentType);
      assert.match(String(answer.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      if (route.response !== null) v.parse(route.response, JSON.parse(answer.body));
    });
  }

  test('the status puts what leaks on top and says it in one sentence', async () => {
    const status = v.parse(statusSchema, JSON.parse((await ask('/api/v1/status')).body));
    assert.equal(status.subjects[0]?.verdict, 'leak');
    assert.equal(status.subjects.length, 3);
    assert.ok(status.summary.startsWith(hostileName));
    assert.match(status.summary, /100 MiB an hour, ends in 2 h \(1 h 56 min to 2 h 3 min\)/);
    // 200 MiB left at 100 MiB an hour.
    assert.equal(status.host.exhaustion?.at, '2026-01-02T05:04:05.000Z');
    assert.equal(status.host.memoryPressureFull10, null);
  });

  test('subjects are sorted and limited as asked', async () => {
    const names = async (query: string) => {
      const { subjects } = JSON.parse((await ask(`/api/v1/subjects?${query}`)).body);
      return subjects.map(({ id }: { id: string }) => id);
    };
    assert.deepEqual(await names('sort=private'), ['w-quiet', 'w-leak', 'w-twin']);
    assert.deepEqual(await names('sort=growth&limit=1'), ['w-leak']);
    assert.deepEqual(await names('kind=process&sort=private'), ['p-11', 'p-10', 'p-12']);
    assert.deepEqual(await names('sort=private&direction=ascending&offset=1'), ['w-leak', 'w-quiet']);
    assert.deepEqual(await names('filter=leaks'), ['w-leak']);
  });

  test('the status counts all workloads, however few of them are asked for', async () => {
    const { subjects, leakCount, suspectCount, undecidedCount } = JSON.parse((await ask('/api/v1/status?limit=1')).body);
    assert.deepEqual([subjects.length, leakCount, suspectCount, undecidedCount], [1, 1, 0, 2]);
  });

  test('a long answer is compressed for whoever takes that, and for nobody else', async () => {
    const plain = await ask('/api/v1/where');
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal((await ask('/api/v1/where', { 'Accept-Encoding': 'gzip;q=0, br' })).headers['content-encoding'], undefined);
    const response = await fetch(`http://127.0.0.1:${server.address.port}/api/v1/settings`);
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    assert.equal(response.headers.get('vary'), 'Accept-Encoding');
    assert.ok(Number(response.headers.get('content-length')) < 4096);
    v.parse(settingsSchema, await response.json());
  });

  test('the series adds swap to anonymous memory, marks the restart, and goes on into the future', async () => {
    const series = JSON.parse((await ask('/api/v1/subjects/w-leak/series?resource=memory')).body);
    assert.equal(series.floor[0], 41 * 1024 * 1024);
    assert.equal(series.restartsMs.length, 1);
    assert.ok(Math.abs(series.trend.toValue - 141 * 1024 * 1024) < 1024);
    assert.equal(series.forecast.mid[0], series.trend.toValue);
    assert.ok(series.forecast.high.at(-1) > series.forecast.mid.at(-1) && series.forecast.low.at(-1) < series.forecast.mid.at(-1));
  });

  test('the settings say where each comes from, and hold no secret', async () => {
    const document = v.parse(settingsSchema, JSON.parse((await ask('/api/v1/settings')).body));
    const of = (key: string) => document.settings.find((setting) => setting.key === key);
    assert.partialDeepStrictEqual(of('interval'), { value: '10 s', from: 'file', line: 3 });
    assert.partialDeepStrictEqual(of('serve.listen'), { from: 'flag', flag: '--listen', example: '[serve]\nlisten = "127.0.0.1:7420"' });
    assert.partialDeepStrictEqual(of('store.dir'), { from: 'default', waits: true });
    assert.deepEqual(
      document.channels.map(({ kind, to }) => [kind, to]),
      [
        ['slack', 'its address stands in the configuration and is not shown'],
        ['pagerduty', 'its key stands in /etc/stanch/key'],
        ['webhook', 'its address stands in the environment as HOOK_URL'],
        ['email', 'ops@example.com, by mail.example.com:587'],
        ['hook', '/usr/local/bin/tell'],
      ],
    );
    assert.equal(document.channels[0]?.hours, 'mon,tue 08:00-18:00');
    assert.doesNotMatch(JSON.stringify(document), /hunter2/);
  });

  test('the host over time has everything at the same moments', async () => {
    const history = v.parse(hostHistorySchema, JSON.parse((await ask('/api/v1/host/history?subject=w-leak')).body));
    assert.equal(history.timeMs.length, 61);
    for (const values of [
      history.memoryBytes,
      history.swapBytes,
      history.stallRatio,
      history.diskLatencyMs,
      history.cpuRatio,
      history.stage,
    ])
      assert.equal(values.length, 61);
    // 8 GB with swap, of which 3 are left and 1 MiB is swapped out.
    assert.equal(history.memoryBytes[0], 5e9 - 1024 ** 2);
    assert.equal(history.stallRatio[60], 0.31);
    assert.equal(history.diskLatencyMs[60], 40);
    assert.deepEqual([history.cpuRatio[0], history.cpuRatio[60]], [null, 0.25], 'there is nothing before the first');
    assert.deepEqual([history.stage[0], history.stage[60]], ['healthy', 'stalling']);
    assert.deepEqual([history.probes[0]?.name, history.probes[0]?.latencyMs[60]], ['ssh', 40]);
    assert.equal(history.subjectBytes?.[0], 41 * 1024 ** 2);
  });

  test('the CPU time beside it is cores used, and none where a restart began the counter anew', async () => {
    const series = JSON.parse((await ask('/api/v1/subjects/w-leak/series?resource=cpu')).body);
    assert.equal(series.unit, 'cores');
    const known = series.mean.filter((cores: number | null) => cores !== null);
    assert.equal(known.length, 59);
    assert.ok(known.every((cores: number) => Math.abs(cores - 0.1) < 1e-9));
  });

  test('each life begins at its own start, and the last one runs', async () => {
    const { lives } = JSON.parse((await ask('/api/v1/subjects/w-leak/lives')).body);
    assert.deepEqual(
      lives.map(({ ended, ageMs, floor }: { ended: string | null; ageMs: number[]; floor: number[] }) => [ended, ageMs[0], floor.length]),
      [
        ['2026-01-02T02:34:05.000Z', 9e6 - 3_600_000, 30],
        [null, 0, 31],
      ],
    );
  });

  test('evidence comes in the formats of other tools, as files', async () => {
    const pprof = await ask('/api/v1/evidence/e-1/evidence.pb.gz');
    assert.equal(pprof.headers['content-disposition'], 'attachment; filename="stanch-evidence.pb.gz"');
    assert.match((await ask('/api/v1/evidence/e-1/evidence.collapsed.txt')).body, /Session/);
    await refusedWith(404, '/api/v1/evidence/none/evidence.pb.gz');
  });

  test('evidence about a workload is what was found about it or one of its processes', async () => {
    const count = async (subject: string) => JSON.parse((await ask(`/api/v1/evidence?subject=${subject}`)).body).evidence.length;
    assert.deepEqual([await count('w-leak'), await count('w-quiet')], [1, 0]);
  });

  test('the shapes of the histories that were asked for', async () => {
    const { sparks } = JSON.parse((await ask('/api/v1/sparks?of=w-leak,none')).body);
    assert.equal(sparks[0].id, 'w-leak');
    assert.ok(sparks[0].spark.length > 0);
    assert.deepEqual(sparks[1], { id: 'none', spark: [] });
  });

  test('the OpenAPI document names every route and refers to nothing that is missing', async () => {
    const document = JSON.parse((await ask('/openapi.json')).body);
    assert.equal(document.openapi, '3.1.0');
    const operationOf = ({ path, method }: (typeof routes)[number]) => document.paths[path]?.[method.toLowerCase()];
    for (const route of routes) assert.ok(operationOf(route)?.responses['200'], route.path);
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      assert.ok(document.components.schemas[name ?? ''], name);
    assert.ok(!text.includes('"$ref":"#/$defs'));
    assert.equal(document.components.schemas.MemoryNode.properties.children.items.$ref, '#/components/schemas/MemoryNode');
    const ids = routes.map((route) => operationOf(route).operationId);
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('what is refused', () => {
  test('a path that is not there, and every way out of the page', async () => {
    for (const path of ['/nothing', '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/index.html%00.js', '/api/v1/subjects/none']) {
      await refusedWith(404, path);
    }
    await refusedWith(400, 'http://evil.example/');
  });
  test('another method', async () => {
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      assert.equal((await refusedWith(405, '/api/v1/status', {}, method)).headers.allow, 'GET, HEAD');
    }
    assert.equal((await ask('/api/v1/status', {}, 'HEAD')).body, '');
  });
  test('a body, a long URL, and headers without end', async () => {
    await refusedWith(413, '/api/v1/status', { 'Content-Length': '5', Connection: 'close' });
    await refusedWith(414, `/api/v1/status?x=${'y'.repeat(3000)}`);
    const answer = await askRaw(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.match(await askRaw('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*STANCH_E_USAGE/);
  });
  test('parameters that are unknown or out of range, with what was expected', async () => {
    for (const query of ['frob=1', 'limit=0', 'limit=999999', 'limit=x', 'kind=host', 'sort=__proto__']) {
      assert.equal(JSON.parse((await refusedWith(400, `/api/v1/subjects?${query}`)).body).code, 'STANCH_E_USAGE');
    }
    for (const query of ['resource=toString', 'from=yesterday', 'points=1', 'points=1e9'])
      await refusedWith(400, `/api/v1/subjects/w-leak/series?${query}`);
    const said = async (query: string) => {
      const { expected, found } = JSON.parse((await refusedWith(400, `/api/v1/findings?${query}`)).body);
      return `${expected} | ${found}`;
    };
    assert.equal(await said('limit=-1'), 'limit: a whole number from 1 to 1000 | limit="-1"');
    assert.equal(await said('since=yesterday'), 'since: ms since the epoch or RFC 3339 | since="yesterday"');
  });
});

describe('who may read', () => {
  test('a page of another site that had its name point here (DNS rebinding) may not', async () => {
    for (const host of ['evil.example', 'evil.example:7420', '127.0.0.1.evil.example', 'localhost.evil.example', 'a b']) {
      await refusedWith(403, '/api/v1/status', { Host: host });
    }
    assert.match(await askRaw('GET /api/v1/status HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 403 /);
    for (const host of ['localhost', '127.0.0.1:1', '[::1]:7420', '127.9.9.9'])
      assert.equal((await ask('/api/v1/status', { Host: host })).status, 200, host);
  });
  test('nor may a script of another site', async () => {
    await refusedWith(403, '/api/v1/status', { Origin: 'http://evil.example' });
    await refusedWith(403, '/api/v1/status', { Origin: 'null' });
    await refusedWith(403, '/api/v1/status', { 'Sec-Fetch-Site': 'cross-site' });
    await refusedWith(403, '/api/v1/status', { 'Sec-Fetch-Site': 'same-site', Authorization: `Bearer ${token}` });
    const host = `127.0.0.1:${server.address.port}`;
    assert.equal((await ask('/api/v1/status', { Host: host, Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' })).status, 200);
    const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
    assert.equal((await ask('/', link)).status, 200);
  });
  test('a wrong token is worse than none', async () => {
    for (const wrong of ['Bearer x', `Bearer ${'B'.repeat(43)}`, `Bearer ${token}A`, 'Basic abc', 'Bearer']) {
      await refusedWith(401, '/api/v1/status', { Authorization: wrong });
    }
    assert.equal((await ask('/api/v1/status', { Authorization: `Bearer ${token}` })).status, 200);
  });
  test('with the owner against reading on loopback, only the token opens, in a header or a cookie', async (t) => {
    source.allowLoopbackRead = false;
    t.after(() => {
      source.allowLoopbackRead = true;
    });
    for (const path of ['/metrics', '/healthz', '/openapi.json', '/api/v1/status', '/api/v1/stream', '/nothing'])
      await refusedWith(401, path);
    assert.equal((await ask('/')).body, '<p>page</p>', 'the page itself comes, to ask for the token');
    assert.equal((await ask('/metrics', { Authorization: `Bearer ${token}` })).status, 200);
    const login = await ask(`/?token=${token}`);
    assert.equal(login.status, 303);
    assert.equal(login.headers.location, '/');
    const cookie = String(login.headers['set-cookie']);
    assert.match(cookie, /HttpOnly; SameSite=Strict/);
    assert.equal((await ask('/metrics', { Cookie: cookie.split(';')[0] ?? '' })).status, 200);
    assert.equal((await ask('/?token=wrong')).headers['set-cookie'], undefined);
  });
});

describe('the live stream', () => {
  test('sends a tick at once and one after each scan', async () => {
    const asked = request({ host: '127.0.0.1', port: server.address.port, path: '/api/v1/stream', agent: false });
    asked.end();
    const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
    assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8');
    response.setEncoding('utf8');
    const ticks: v.InferOutput<typeof tickSchema>[] = [];
    for await (const chunk of response) {
      for (const [, data = ''] of String(chunk).matchAll(/^event: tick\ndata: (.*)$/gm)) ticks.push(v.parse(tickSchema, JSON.parse(data)));
      if (ticks.length >= 3) break;
      source.tick();
    }
    assert.equal(ticks[0]?.leakCount, 1);
  });

  test('has room for a few, and says so to the next', async () => {
    const open = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const asked = request({ host: '127.0.0.1', port: server.address.port, path: '/api/v1/stream', agent: false });
        asked.on('error', () => asked.destroy());
        asked.end();
        await new Promise((resolve) => asked.once('response', resolve));
        return asked;
      }),
    );
    assert.equal((await refusedWith(503, '/api/v1/stream')).headers['retry-after'], '10');
    for (const asked of open) asked.destroy();
  });
});

describe('a port in use', () => {
  test('is said with another one to take', async () => {
    await assert.rejects(
      startServer({
        source,
        token,
        readToken,
        endedSessions: { has: () => false, end: () => undefined },
        listen: server.address,
        tls: null,
        page: new Map(),
        onBug: () => undefined,
      }),
      (error: Error & { code?: string; next?: string }) =>
        error.code === 'STANCH_E_PORT_IN_USE' && /--listen 127\.0\.0\.1:\d+/.test(error.next ?? ''),
    );
  });
});

describe('who may act', () => {
  const path = '/api/v1/incidents/i-w-leak-1/note';
  const type = { 'Content-Type': 'application/json' };
  const bearer = { ...type, Authorization: `Bearer ${token}` };
  const host = () => ({ Host: `127.0.0.1:${server.address.port}` });
  async function post(headers: Record<string, string>, body: string, at = path): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: server.address.port, path: at, method: 'POST', headers, agent: false },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  }
  const noteText = JSON.stringify({ by: 'ann', text: 'restarted it' });
  async function session(given: string): Promise<string> {
    return String((await ask(`/?token=${given}`)).headers['set-cookie']).split(';')[0] ?? '';
  }

  test('whoever has the token; it is put down who it was', async () => {
    const answer = await post(bearer, noteText);
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual(
      JSON.parse(answer.body).notes.map(({ by, text }: { by: string; text: string }) => [by, text]),
      [['ann', 'restarted it']],
    );
    const [entry] = JSON.parse((await ask('/api/v1/audit-log')).body).entries;
    assert.deepEqual([entry.by, entry.action, entry.subject, entry.address], ['ann', 'incident.note', 'i-w-leak-1', '127.0.0.1']);
  });
  test('a body that is not as it should be is told where', async () => {
    const told = async (body: object) => {
      const { status, body: text } = await post(bearer, JSON.stringify(body));
      const { expected, found } = JSON.parse(text);
      return [status, expected, found];
    };
    assert.deepEqual(await told({ by: 'ann' }), [400, 'the key text', 'none']);
    assert.deepEqual(await told({ by: 'ann', text: 'x', frob: 1 }), [400, 'only known keys', 'the key "frob"']);
    assert.deepEqual(await told({ by: 'ann', text: 5 }), [400, 'text: string', '5']);
  });
  test('nobody without, not even on loopback; and not with the token for reading', async () => {
    assert.equal((await post(type, noteText)).status, 401);
    assert.equal((await post({ ...type, Authorization: `Bearer ${readToken}` }, noteText)).status, 403);
    assert.equal((await ask('/api/v1/status', { Authorization: `Bearer ${readToken}` })).status, 200);
    assert.equal(
      (await post({ ...type, Cookie: await session(readToken), Origin: `http://${host().Host}`, ...host() }, noteText)).status,
      403,
    );
  });
  test('a browser only from our own page', async () => {
    const cookie = { ...type, Cookie: await session(token), ...host() };
    assert.equal((await post({ ...cookie, Origin: `http://${host().Host}` }, noteText)).status, 200);
    assert.equal((await post({ ...cookie, 'Sec-Fetch-Site': 'same-origin' }, noteText)).status, 200);
    assert.equal((await post(cookie, noteText)).status, 403, 'no word of where it comes from');
    assert.equal((await post({ ...cookie, Origin: 'http://evil.example' }, noteText)).status, 403);
    assert.equal(
      (await post({ ...cookie, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }, noteText))
        .status,
      403,
      'a form of another site',
    );
  });
  test('a session is not the token, cannot be made up, and cannot be changed', async () => {
    const cookie = await session(token);
    assert.ok(!cookie.includes(token));
    for (const forged of [
      `stanch-session=${token}`,
      cookie.replace('act', 'read'),
      `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'E' : 'A'}`,
      `stanch-session=act.zzzzzzzz.AAAAAAAAAAAAAAAA.${'A'.repeat(43)}`,
    ])
      assert.equal((await ask('/api/v1/status', { Cookie: forged })).status, 401, forged);
    const readSession = await session(readToken);
    assert.equal((await ask('/api/v1/status', { Cookie: readSession.replace('=read', '=act') })).status, 401);
  });
  test('whoever logs out is out at once and for good, and nobody else is', async () => {
    const cookie = await session(token);
    const other = await session(readToken);
    const from = (given: string) => ({ ...type, Cookie: given, Origin: `http://${host().Host}`, ...host() });
    assert.deepEqual(JSON.parse((await ask('/api/v1/session', { Cookie: other })).body), {
      schema: 'stanch.session/1',
      right: 'read',
      by: 'session',
    });
    assert.equal((await post({ ...from(cookie), Origin: 'http://evil.example' }, '{}', '/api/v1/session/end')).status, 403);
    const answer = await post(from(cookie), '{}', '/api/v1/session/end');
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers['set-cookie']), /^stanch-session=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0/);
    assert.equal((await ask('/api/v1/status', { Cookie: cookie })).status, 401);
    assert.equal((await post(from(cookie), noteText)).status, 401);
    assert.equal((await ask('/api/v1/status', { Cookie: other })).status, 200);
    const afterRestart = new EndedSessions(folder, Date.now());
    assert.ok(afterRestart.has(cookie.replace('stanch-session=', '')) && !afterRestart.has(other.replace('stanch-session=', '')));
    assert.equal((await post(from(other), '{}', '/api/v1/session/end')).status, 200, 'with the right to read alone, too');
  });
  test('what is sent is checked', async () => {
    assert.equal((await post({ Authorization: `Bearer ${token}`, 'Content-Type': 'text/plain' }, noteText)).status, 415);
    for (const body of ['', '{', '[]', '{"text":5}', '{"text":""}', '{"text":"x","frob":1}', '{"text":"x","by":""}', 'null'])
      assert.equal((await post(bearer, body)).status, 400, body);
    assert.equal((await post(bearer, JSON.stringify({ text: 'x'.repeat(20_000) }))).status, 413);
    assert.equal((await post(bearer, noteText, '/api/v1/incidents/i-none/note')).status, 404);
    assert.equal((await post(bearer, '{"minutes":1e9}', '/api/v1/incidents/i-w-leak-1/silence')).status, 400);
    assert.equal((await ask(path)).status, 405);
    assert.equal((await post(bearer, '{}', '/api/v1/status')).status, 405);
  });

  test('a plan changes nothing, waits for somebody to agree, and is carried out once', async () => {
    const plan = await post(bearer, '{"kind":"restart","subject":"shop"}', '/api/v1/actions/plan');
    assert.equal(plan.status, 200);
    assert.match(plan.body, /"steps":\["restart shop.service"\]/);
    assert.equal((await post(type, '{}', '/api/v1/actions/p-0/agree')).status, 401);
    assert.equal((await post({ ...type, Authorization: `Bearer ${readToken}` }, '{}', '/api/v1/actions/p-0/agree')).status, 403);
    assert.equal((await post(bearer, '{}', '/api/v1/actions/p-9/agree')).status, 404);
    const agreed = await post(bearer, '{"by":"nadia"}', '/api/v1/actions/p-0/agree');
    assert.deepEqual(JSON.parse(agreed.body), { id: 'a-0' });
    assert.equal((await post(bearer, '{}', '/api/v1/actions/a-none/undo')).status, 404);
    assert.equal((await post(type, '{"subject":"w-leak","id":"x"}', '/api/v1/advice/plan')).status, 401);
    assert.equal((await post(bearer, '{"subject":"w-leak","id":"no-such-advice"}', '/api/v1/advice/plan')).status, 404);
    assert.equal((await post(bearer, '{"kind":"explode","subject":"shop"}', '/api/v1/actions/plan')).status, 400);
  });
  test('an explanation is begun and ended only by who may act, and put down', async () => {
    const plan = JSON.parse((await ask('/api/v1/evidence/plan?subject=w-leak')).body);
    assert.deepEqual([plan.subject.pid, plan.headroom.neededBytes, plan.headroom.isEnough], [11, 2e8, true]);
    await refusedWith(404, '/api/v1/evidence/plan?subject=nobody');
    assert.equal(JSON.parse((await ask('/api/v1/evidence/plan?subject=w-leak&means=inspector')).body).means, 'inspector');
    await refusedWith(400, '/api/v1/evidence/plan?subject=w-leak&means=gdb');
    const begin = JSON.stringify({ subject: 'w-leak', by: 'ann' });
    for (const [at, body] of [
      ['/api/v1/evidence', begin],
      ['/api/v1/evidence/cancel', '{}'],
    ] as const) {
      assert.equal((await post(type, body, at)).status, 401);
      assert.equal((await post({ ...type, Authorization: `Bearer ${readToken}` }, body, at)).status, 403);
      assert.equal((await post({ ...type, Cookie: await session(token), ...host() }, body, at)).status, 403);
    }
    assert.equal((await post(bearer, '{}', '/api/v1/evidence/cancel')).status, 409, 'none runs');
    assert.equal(JSON.parse((await post(bearer, begin, '/api/v1/evidence')).body).job.state, 'running');
    assert.equal(JSON.parse((await post(bearer, '{"by":"ann"}', '/api/v1/evidence/cancel')).body).job.state, 'cancelled');
    const [ended, begun] = JSON.parse((await ask('/api/v1/audit-log')).body).entries;
    assert.deepEqual([begun.action, begun.by, ended.action, ended.by], ['evidence.begin', 'ann', 'evidence.cancel', 'ann']);
  });
  test('what is over is over', async () => {
    assert.equal(JSON.parse((await post(bearer, '{}', '/api/v1/incidents/i-w-leak-1/resolve')).body).incident.state, 'resolved');
    assert.equal((await post(bearer, '{}', '/api/v1/incidents/i-w-leak-1/ack')).status, 409);
  });
});

test('four hundred connections that never end their request keep nobody from an answer', async (t) => {
  const half = Array.from({ length: 400 }, () => {
    const socket = connect(server.address.port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: '));
    // Cut off to make room: what is asked for here.
    socket.on('error', () => socket.destroy());
    return socket;
  });
  t.after(() => {
    for (const socket of half) socket.destroy();
  });
  await Promise.all(half.map((socket) => new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()))));
  for (const path of ['/healthz', '/', '/api/v1/status']) assert.equal((await ask(path)).status, 200);
});
