/** What leakingSite.story.ts is without stanch. It asserts nothing but that the server loses something by it. */
import { test } from 'node:test';
import { greeting, page, until, Visitors } from '../traffic.ts';
import { killsOf, onlyWithAll, serverFor } from './serverForStories.ts';

/** How long it took, in words; a page that does not come within half a minute is none. */
async function timed(answered: Promise<boolean>): Promise<string> {
  const startMs = performance.now();
  return (await answered) ? `${((performance.now() - startMs) / 1000).toFixed(1)} s` : 'none';
}

test('a site leaks and nobody looks, for the record: RAM, swap, how late answers are, and what the kernel ends', {
  skip: onlyWithAll,
}, async (t) => {
  const vm = await serverFor(t);
  const visitors = new Visitors(vm, '/leak.php?kb=2048', 20);
  t.after(() => visitors.stop());
  const startMs = performance.now();
  const look = async () => {
    const [still, site, ssh] = await Promise.all([
      timed(page(vm, '/static.html')),
      timed(page(vm, '/index.php')),
      timed(greeting(vm, 'ssh')),
    ]);
    const memory = await vm.run('grep -E "^(MemAvailable|SwapFree)" /proc/meminfo').catch(() => 'no answer from inside');
    const kills = await killsOf(vm).catch(() => 0);
    const afterS = Math.round((performance.now() - startMs) / 1000);
    t.diagnostic(`${afterS} s: file ${still}, site ${site}, ssh ${ssh}; ${memory.replace(/\s+/g, ' ')}kills ${kills}`);
    return { kills, answers: still !== 'none' && site !== 'none' && ssh !== 'none' };
  };
  const { kills } = await until(look, (seen) => seen.kills > 0 || !seen.answers);
  if (kills === 0) return;
  t.diagnostic(
    await vm.run(
      'journalctl -k -o cat --no-pager | grep "Killed process"; systemctl is-active php8.2-fpm mariadb nginx ssh vsftpd || true',
    ),
  );
  t.diagnostic(`afterwards the site ${(await page(vm, '/index.php')) ? 'answers' : 'does not answer'}`);
});
