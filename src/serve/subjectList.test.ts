import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Listable, type ListQuery, listPage } from './subjectList.ts';

const rows = [
  row({ name: 'job-2.service', privateBytes: 200, verdict: 'leak' }),
  row({ name: 'job-10.service', user: 'deploy', privateBytes: 305, swapBytes: 5 }),
  row({ name: 'nginx.service', user: 'www-data', privateBytes: 100, swapBytes: 0 }),
];

function row(change: Partial<Listable>): Listable {
  const absent = { user: null, account: null, domain: null, privateBytes: null, swapBytes: null, fds: null, threads: null };
  return { name: '', origin: 'systemd-unit', verdict: 'no-leak', ...absent, processes: null, growth: null, ...change };
}

const page = (query: Partial<ListQuery>, of: readonly Listable[] = rows) =>
  listPage(of, { sort: 'concern', direction: undefined, filter: '', offset: 0, limit: 10, ...query });
const names = (query: Partial<ListQuery>, of?: readonly Listable[]) => page(query, of).rows.map(({ name }) => name);

test('absent sorts last whichever way, and is not zero', () => {
  assert.deepEqual(names({ sort: 'swap' }), ['job-10.service', 'nginx.service', 'job-2.service']);
  assert.deepEqual(names({ sort: 'swap', direction: 'ascending' }), ['nginx.service', 'job-10.service', 'job-2.service']);
});

test('names sort by their numbers, and the rows given stay as they were', () => {
  assert.deepEqual(names({ sort: 'name' }), ['job-2.service', 'job-10.service', 'nginx.service']);
  assert.deepEqual(names({ direction: 'descending' }), ['nginx.service', 'job-10.service', 'job-2.service']);
  assert.equal(rows[0]?.name, 'job-2.service');
});

test('a filter needs every word, in any of name, user, account, domain, origin and verdict', () => {
  assert.deepEqual(names({ filter: 'JOB leak' }), ['job-2.service']);
  assert.deepEqual(names({ filter: '  deploy ' }), ['job-10.service']);
  assert.deepEqual(names({ filter: 'job nginx' }), []);
  assert.deepEqual(names({ filter: 'systemd unit healthy' }), ['job-10.service', 'nginx.service']);
  assert.equal(names({ filter: ' ' }).length, 3);
  const lsphp = { name: 'lsphp', origin: 'litespeed', user: 'alice', account: 'alice', domain: 'example.com' };
  const customer = row({ ...lsphp, verdict: 'undecided' });
  assert.deepEqual(names({ filter: 'example.com alice' }, [...rows, customer]), ['lsphp']);
});

test('a page says where it begins and of how many; behind the end is the last one', () => {
  assert.deepEqual(names({ sort: 'private', offset: 2, limit: 2 }), ['nginx.service']);
  assert.deepEqual({ ...page({ offset: 900, limit: 2 }), rows: [] }, { rows: [], matching: 3, offset: 2 });
  assert.deepEqual(page({ filter: 'nothing', offset: 5 }), { rows: [], matching: 0, offset: 0 });
});
