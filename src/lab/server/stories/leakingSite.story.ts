/** The cPanel case: a site leaks, and stanch may act. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../traffic.ts';
import { onlyWithAll } from './serverForStories.ts';
import { isHeldUp, isNamed, leakBegins, percent, swapRatioOf } from './siteForStories.ts';

test('a site leaks: pool, account and script are named before swap is half full, and all services go on answering', {
  skip: onlyWithAll,
}, async (t) => {
  const story = await leakBegins(t, '[explain]\nautomatic = true\n[policy]\nmode = "automatic"\nemergency = true\n', 2);
  const { daemon, visitors } = story;
  const named = await until(
    () => daemon.status(),
    (status) => isNamed(status) || swapRatioOf(status) >= 0.5,
  );
  t.diagnostic(`pool and account named with ${percent(swapRatioOf(named))} of swap in use, after ${visitors.sent} requests`);
  assert.ok(isNamed(named), 'named before swap was half full');
  const explained = await until(
    async () => ({ answers: await daemon.answers(), swapRatio: swapRatioOf(await daemon.status()) }),
    ({ answers, swapRatio }) => answers.length > 0 || swapRatio >= 0.5,
  );
  t.diagnostic(`with ${percent(explained.swapRatio)} of swap in use: ${explained.answers[0]}`);
  assert.match(explained.answers[0] ?? '', /^\/home\/alice\/public_html\/leak\.php /, 'the script was named before swap was half full');
  await isHeldUp(t, story);
});
