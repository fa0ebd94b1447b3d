/** What leakingSite.story.ts is without stanch. It asserts nothing but that the server stops answering. */
import { test } from 'node:test';
import { page, until, Visitors } from '../traffic.ts';
import { onlyWithAll, serverFor } from './serverForStories.ts';

test('a site leaks and nobody looks, for the record: RAM, swap, and when the first page does not come', {
  skip: onlyWithAll,
}, async (t) => {
  const vm = await serverFor(t);
  const visitors = new Visitors(vm, '/leak.php?kb=2048', 20);
  t.after(() => visitors.stop());
  const startMs = performance.now();
  const look = async () => {
    const answered = await page(vm, '/static.html');
    const text = await vm
      .run('grep -E "^(MemAvailable|SwapFree)" /proc/meminfo; grep oom_kill /proc/vmstat')
      .catch(() => 'no answer from inside');
    t.diagnostic(`${Math.round((performance.now() - startMs) / 1000)} s: static page ${answered}, ${text.replace(/\s+/g, ' ')}`);
    return answered;
  };
  await until(look, (answered) => !answered);
});
