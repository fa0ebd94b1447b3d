/** On PHP-FPM itself: which script of a pool makes its workers grow. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFpmPool } from '../../lab/fpmPool.ts';
import { explainProcess } from '../explainProcess.ts';
import { startTimeOf } from '../identity.ts';
import { fastCgiGet } from './fastCgi.ts';
import { poolAnswer, poolParts } from './fpmAnswer.ts';
import { growingScripts } from './fpmGrowth.ts';
import { openFpmPool } from './fpmPool.ts';
import { parseFpmStatus } from './fpmStatus.ts';

const folder = '/usr/sbin';
const program = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => /^php-fpm\d[\d.]*$/.test(name)).at(-1);
const skip = program === undefined ? 'there is no PHP-FPM here (apt-get install php-fpm)' : process.getuid?.() !== 0 && 'needs root';
const scripts = ['leak-block.php', 'leak-small.php', 'healthy-large.php', 'healthy-small.php'];

async function untilThere<T>(look: () => T | null): Promise<T> {
  for (let time = 0; ; time += 1) {
    const found = look();
    if (found !== null) return found;
    assert.ok(time < 500, 'the pool is found within some seconds');
    await sleep(20);
  }
}

test('the scripts that leak are named, with how much a request; those that only need much are not', {
  skip,
  timeout: 600_000,
}, async (context) => {
  const pool = await startFpmPool(`${folder}/${program}`, 2);
  context.after(() => pool.stop());
  const status = await fastCgiGet(
    pool.statusListen,
    { SCRIPT_NAME: '/status', SCRIPT_FILENAME: '/status', QUERY_STRING: 'full&json', REQUEST_METHOD: 'GET' },
    5_000,
  );
  const [worker] = parseFpmStatus(status) ?? [];
  assert.ok(worker, 'the status page tells of workers');
  // The master is ready before all of its workers are.
  const watched = await untilThere(() => openFpmPool(worker.pid));
  context.after(() => watched.close());
  assert.equal(watched.pool, 'shop');
  assert.equal(watched.workers().length, 2);
  // A look between two requests, as often as it takes until each script was seen alone often enough.
  for (let id = 0; ; id += 1) {
    const script = scripts[id % scripts.length] ?? '';
    await pool.request(script, `id=${id}`);
    // The worker is idle a moment after its answer has come.
    await sleep(2);
    await watched.look();
    const seen = watched.scripts();
    if (seen.length === scripts.length && seen.every(({ requests }) => requests >= 12)) break;
  }
  const found = growingScripts(watched.scripts());
  assert.deepEqual(
    found.map(({ script }) => basename(script)),
    ['leak-block.php', 'leak-small.php'],
  );
  const scripted = watched.scripts();
  const seen = { pool: watched.pool, ...watched.seen(), scripts: [[], scripted, scripted] as const, spanMs: 10_000 };
  const [part] = poolParts(seen);
  assert.deepEqual([basename(part?.type ?? ''), part?.place, part?.owner], ['leak-block.php', 'GET /leak-block.php', 'pool shop']);
  // Either of the two may have served it.
  assert.ok(watched.workers().some((pid) => part?.path[1]?.includes(`${pid}`)));
  assert.match(poolAnswer(seen), /leak-block\.php makes the workers of pool shop grow: each GET \/leak-block\.php leaves \d+ KiB behind/);
  // Asked for by any of its workers, it is the pool that is looked at.
  const subject = { pid: worker.pid, startTimeTicks: startTimeOf(worker.pid) ?? 0, subjectId: null, name: 'a worker' };
  const evidence = await explainProcess({ subject, intervalMs: 250, showTexts: false }, () => undefined);
  assert.equal(evidence.runtime, 'PHP-FPM');
  assert.match(evidence.answer, /by 2 workers of pool shop \(PHP-FPM\).*: too few to say/);
  const [block] = found;
  assert.ok(Math.abs((block?.medianBytes ?? 0) - 49_152) <= 8_192, `a request leaks 48 KiB; found ${block?.medianBytes}`);
});

test('what is no worker of PHP-FPM is left alone', () => {
  assert.equal(openFpmPool(process.pid), null);
});
