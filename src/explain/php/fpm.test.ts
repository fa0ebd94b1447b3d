import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fpmAddress, parseRecords } from './fastCgi.ts';
import { poolAnswer, poolNotes, poolParts } from './fpmAnswer.ts';
import { parseFpmConfig } from './fpmConfig.ts';
import { FpmWatch, growingScripts } from './fpmGrowth.ts';
import { parseFpmScoreboard, parseFpmStatus } from './fpmStatus.ts';

test('where a pool tells its state: its own address for that before the one for requests', () => {
  const { includes, pools } = parseFpmConfig(
    [
      '[global]',
      'include=/etc/php/8.2/fpm/pool.d/*.conf',
      '; listen = /not/this',
      '[www]',
      'listen = "/run/php/$pool.sock"',
      'pm.status_path = /status ; for us',
      '[shop]',
      'listen = 9000',
      'pm.status_listen = 127.0.0.1:9001',
      '[none]',
      'listen = 9002',
    ].join('\n'),
  );
  assert.deepEqual(includes, ['/etc/php/8.2/fpm/pool.d/*.conf']);
  assert.deepEqual(pools, [
    { pool: 'www', listen: '/run/php/www.sock', statusPath: '/status' },
    { pool: 'shop', listen: '127.0.0.1:9001', statusPath: null },
    { pool: 'none', listen: '9002', statusPath: null },
  ]);
});

test('addresses as FPM writes them', () => {
  assert.deepEqual(fpmAddress('/run/php.sock'), { path: '/run/php.sock' });
  assert.deepEqual(fpmAddress('9000'), { host: '127.0.0.1', port: 9000 });
  assert.deepEqual(fpmAddress('[::1]:9000'), { host: '::1', port: 9000 });
  assert.deepEqual(fpmAddress('0.0.0.0:9000'), { host: '127.0.0.1', port: 9000 });
});

test('a status page, and what is none', () => {
  const process = { pid: 7, requests: 3, state: 'Idle', script: '/srv/a.php', 'request uri': '/a?id=1', 'request method': 'GET' };
  assert.deepEqual(parseFpmStatus(JSON.stringify({ pool: 'www', processes: [process, { pid: 'x' }, null] })), [
    { pid: 7, requests: 3, script: '/srv/a.php', uri: '/a?id=1', method: 'GET', isIdle: true },
  ]);
  assert.equal(parseFpmStatus('<html>'), null);
  assert.equal(parseFpmStatus('{"processes": 3}'), null);
});

function scoreboardWith(pid: number): Buffer {
  const bytes = Buffer.alloc(4096);
  const at = 128;
  bytes.writeBigUInt64LE(1_700_000_000n, at - 8);
  bytes.writeUInt32LE(pid, at);
  bytes.writeUInt32LE(42, at + 8);
  bytes.writeUInt32LE(1, at + 16);
  bytes.write('/shop/index.php', at + 80);
  bytes.write('GET', at + 80 + 640);
  bytes.write('/srv/shop/index.php', at + 80 + 640 + 24);
  return bytes;
}

test('a record of the scoreboard is found by the pid and what must be around it', () => {
  const expected = { pid: 1234, requests: 42, script: '/srv/shop/index.php', uri: '/shop/index.php', method: 'GET', isIdle: true };
  assert.deepEqual(parseFpmScoreboard(scoreboardWith(1234), new Set([1234])), [expected]);
  assert.deepEqual(parseFpmScoreboard(scoreboardWith(1234), new Set([99])), []);
});

test('whatever the bytes, the parsers end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6_000 }), fc.string(), (bytes, text) => {
      parseFpmScoreboard(Buffer.from(bytes), new Set([0, 1, 257]));
      parseRecords(Buffer.from(bytes));
      parseFpmConfig(text);
      parseFpmStatus(text);
    }),
  );
});

test('growth belongs to the script of the one request between two looks, and what comes and goes is none', () => {
  const watch = new FpmWatch();
  const held = new Map([
    [1, 1e6],
    [2, 1e6],
  ]);
  for (let request = 1; request <= 60; request += 1) {
    const pid = 1 + (request % 2);
    const isLeak = request % 3 === 0;
    held.set(pid, (held.get(pid) ?? 0) + (isLeak ? 49_152 : request % 4 === 0 ? 4_096 : request % 4 === 1 ? -4_096 : 0));
    const state = { script: isLeak ? '/srv/leak.php' : '/srv/fine.php', uri: `/p/${request}?q=1`, method: 'GET' };
    const requests = Math.ceil(request / 2);
    watch.look([{ pid, requests, ...state, isIdle: false, lastingBytes: 5e6 }]);
    watch.look([{ pid, requests, ...state, isIdle: true, lastingBytes: held.get(pid) ?? 0 }]);
  }
  const [leak, ...others] = growingScripts(watch.scripts());
  assert.deepEqual(others, []);
  assert.equal(leak?.script, '/srv/leak.php');
  assert.equal(leak?.medianBytes, 49_152);
  assert.equal(leak?.request, 'GET /p/N');
  assert.equal(leak?.pids.length, 2);
});

test('a leak of less than a page in each request is seen in those in which it is one', () => {
  const watch = new FpmWatch();
  for (let requests = 0; requests <= 80; requests += 1) {
    const lastingBytes = 4_096 * Math.floor((requests * 700) / 4_096);
    watch.look([{ pid: 1, requests, script: '/srv/small.php', uri: '/', method: 'GET', isIdle: true, lastingBytes }]);
  }
  assert.equal(growingScripts(watch.scripts())[0]?.script, '/srv/small.php');
});

const script = { request: 'GET /', pids: [7], grew: 40, shrank: 0 };
const seenPool = { pool: 'shop', workers: 3, isStateSeen: true, requests: 90, requestsAlone: 80, spanMs: 60_000 };

test('of a leak of few pages the mean is told, of a larger one the median; workers are counted that have ended meanwhile', () => {
  const small = { ...script, script: '/srv/small.php', requests: 40, medianBytes: 4_096, meanBytes: 6_000 };
  const large = { ...script, script: '/srv/large.php', requests: 40, medianBytes: 49_152, meanBytes: 70_000, pids: [7, 8, 9] };
  const answer = poolAnswer({ ...seenPool, scripts: [[], [small, large], [small, large]] });
  assert.match(
    answer,
    /^\/srv\/large\.php .* leaves 48 KiB behind, the median over 40 requests .*, in 3 of 3 workers\..* Beside it: \/srv\/small\.php\./,
  );
  const [, second] = poolParts({ ...seenPool, scripts: [[], [], [small, large]] });
  assert.deepEqual([second?.bytesPerSecond, second?.path], [4_000, ['pool shop', 'worker 7']]);
});

test('a script that leaves less and less behind is said to do as a cache that fills, one that goes on is not', () => {
  const at = (requests: number, meanBytes: number) => ({ ...script, script: '/srv/a.php', requests, medianBytes: meanBytes, meanBytes });
  const notes = (half: number, whole: number) => poolNotes({ ...seenPool, scripts: [[], [at(40, half)], [at(80, whole)]] }).join(' ');
  assert.match(notes(40_000, 25_000), /a\.php left less behind later than at first, as a cache does that fills/);
  assert.doesNotMatch(notes(40_000, 39_000), /cache/);
});

test('where no worker told what it does, that is said, and not that nothing grows', () => {
  const answer = poolAnswer({ ...seenPool, isStateSeen: false, requests: 0, requestsAlone: 0, scripts: [[], [], []] });
  assert.match(answer, /the 3 workers of pool shop \(PHP-FPM\) told of no request.*pm\.status_path/);
});
