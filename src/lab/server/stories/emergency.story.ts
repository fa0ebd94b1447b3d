/** A site leaks faster than anybody could agree to anything, and only the emergency lane may act. */
import { test } from 'node:test';
import { onlyWithAll } from './serverForStories.ts';
import { isHeldUp, leakBegins } from './siteForStories.ts';

test('the server is about to stand still: who leaks is restarted, and all services answer again', { skip: onlyWithAll }, async (t) => {
  await isHeldUp(t, await leakBegins(t, '[policy]\nemergency = true\n', 6));
});
