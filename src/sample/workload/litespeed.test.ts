import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify, loginSession } from './factsForTests.ts';

test('its processes are one workload: the unit, or the product where there is none', () => {
  for (const title of ['openlitespeed (lshttpd - main)', 'openlitespeed (lshttpd - #01)', 'openlitespeed (lscgid)']) {
    const facts = { comm: 'litespeed', user: 'nobody', uid: 65534 };
    assert.deepEqual(identify(loginSession, [title], facts), { origin: 'litespeed', key: 'openlitespeed', name: 'openlitespeed' });
    assert.equal(identify('0::/system.slice/lshttpd.service', [title], facts).name, 'lshttpd.service');
  }
  assert.equal(identify(loginSession, ['litespeed (lshttpd - #02)']).name, 'litespeed');
});
