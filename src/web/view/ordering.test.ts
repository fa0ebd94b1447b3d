import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowFor } from '../fakeDaemon.ts';
import { matching, ordered } from './ordering.ts';

const rows = [
  rowFor('job-10.service', 300, {}, { user: 'deploy', swapBytes: 5 }),
  rowFor('job-2.service', 200, { verdict: 'leak' }, { user: null, swapBytes: null }),
  rowFor('nginx.service', 100, {}, { user: 'www-data', swapBytes: 0 }),
];
const names = (found: readonly { name: string }[]) => found.map(({ name }) => name);

test('absent sorts last whichever way, and is not zero', () => {
  const swap = { sortValue: (row: (typeof rows)[number]) => row.swapBytes };
  assert.deepEqual(names(ordered(rows, swap, 'descending')), ['job-10.service', 'nginx.service', 'job-2.service']);
  assert.deepEqual(names(ordered(rows, swap, 'ascending')), ['nginx.service', 'job-10.service', 'job-2.service']);
});

test('names sort by their numbers, and the rows given stay as they were', () => {
  const name = { sortValue: (row: (typeof rows)[number]) => row.name };
  assert.deepEqual(names(ordered(rows, name, 'ascending')), ['job-2.service', 'job-10.service', 'nginx.service']);
  assert.equal(rows[0]?.name, 'job-10.service');
});

test('a filter needs every word, in any of name, user, account, domain, origin and verdict', () => {
  assert.deepEqual(names(matching(rows, 'JOB leak')), ['job-2.service']);
  assert.deepEqual(names(matching(rows, '  deploy ')), ['job-10.service']);
  assert.deepEqual(names(matching(rows, 'job nginx')), []);
  assert.equal(matching(rows, ' ').length, 3);
  const customer = rowFor('lsphp', 50, {}, { user: 'alice', account: 'alice', domain: 'example.com' });
  assert.deepEqual(names(matching([...rows, customer], 'example.com alice')), ['lsphp']);
});
