/** A PHP application keeps what it should free, and requests keep coming. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakingLoad, onServer, page, within } from '../onServer.ts';

const config = 'interval = "1s"\n[budget]\ncpu = "100%"\n[policy]\nmode = "automatic"\nemergency = true\n';

test('the pool is named and its workers replaced before swap is half full; nobody is killed, the database never noticed', () =>
  onServer({ workers: 8, config }, async (server) => {
    const database = await server.must('systemctl show -p MainPID --value mariadb');
    const load = leakingLoad(server, 512, 6);
    try {
      const action = await within(300_000, async () => {
        const { actions } = JSON.parse(await server.must('stanch actions --json'));
        const done = actions.find(({ state, proof }: { state: string; proof: unknown }) => state === 'done' && proof !== null);
        return done ?? null;
      });
      assert.ok(action !== null, await server.must('stanch actions; journalctl -u stanch --no-pager | tail -20; free -m'));
      assert.match(action.plan.subjectName, /^php-fpm: pool www/);
      assert.ok(action.proof.helped, JSON.stringify(action.proof));
      const [total = 0, free = 0] = (await server.must("awk '/^Swap(Total|Free)/{print $2}' /proc/meminfo")).split('\n').map(Number);
      assert.ok(free > total / 2, `${free} of ${total} kB of swap are free`);
    } finally {
      load.stop();
    }
    assert.equal(await server.must("awk '/^oom_kill /{print $2}' /proc/vmstat"), '0');
    assert.equal(await server.must('systemctl show -p MainPID --value mariadb'), database);
    assert.equal(await within(60_000, async () => ((await page(server, '/static.html')) === 200 ? 200 : null)), 200);
  }));
