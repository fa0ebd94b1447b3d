import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndedSessions } from '../serve/endedSessions.ts';
import { startServer } from '../serve/server.ts';
import { hostileName, sourceForTests } from '../serve/sourceForTests.ts';
import { runCli, testFolder } from './spawnForTests.ts';

test('the history of a workload by its name, as a file that scan reads; one that is not clear or not there is an error', async (t) => {
  const server = await startServer({
    source: sourceForTests(),
    token: 'A'.repeat(43),
    readToken: 'B'.repeat(43),
    endedSessions: new EndedSessions(testFolder(t), Date.now()),
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    page: new Map(),
    onBug: (error) => assert.fail(String(error)),
  });
  t.after(() => server.close());
  const series = (subject: string, last = '36500d') =>
    runCli(['export', 'series', subject, '--last', last, '--url', `http://127.0.0.1:${server.address.port}`]);
  const named = await series(hostileName);
  assert.deepEqual([named.code, named.stderr], [0, '']);
  assert.match(named.stdout, /^time,subject,anon_bytes,.*\n[\d.]+,"[\s\S]*",\d+/);
  const rows = (text: string) => text.match(/^[\d.]+,/gm)?.length;
  assert.equal(rows((await series('w-leak')).stdout), rows(named.stdout));
  const unclear = await series('quiet.service');
  assert.deepEqual([unclear.code, /2: quiet\.service \(w-quiet\), quiet\.service \(w-twin\)/.test(unclear.stderr)], [66, true]);
  assert.equal((await series('no such thing')).code, 66);
  assert.equal((await series('w-quiet', '1min')).code, 66);
});
