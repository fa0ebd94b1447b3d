import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySample, type Sample } from '../model/gauge.ts';
import type { Subject } from '../model/subject.ts';
import type { VerdictWord } from '../model/verdict.ts';
import { subjectRow } from './rows.ts';
import type { SubjectRow } from './schema.ts';
import { type ListQuery, listPage } from './subjectList.ts';
import { unjudgedVerdict } from './verdictView.ts';

const service = { kind: 'workload', origin: 'systemd-unit' } as const;
const rows = [
  row({ ...service, id: 'w-2', name: 'job-2.service' }, { anonBytes: 200 }, 'leak'),
  row({ ...service, id: 'w-10', name: 'job-10.service', user: 'deploy' }, { anonBytes: 300, swapBytes: 5 }, 'no-leak'),
  row({ ...service, id: 'w-n', name: 'nginx.service', user: 'www-data' }, { anonBytes: 100, swapBytes: 0 }, 'no-leak'),
];

function row(subject: Subject, sample: Partial<Sample>, verdict: VerdictWord): SubjectRow {
  return subjectRow(
    subject,
    { sample: { ...emptySample(0), ...sample }, zombies: 0 },
    { ...unjudgedVerdict(subject.name, 'rule', 'text'), verdict },
    [],
  );
}

const page = (query: Partial<ListQuery>, of: readonly SubjectRow[] = rows) =>
  listPage(of, { sort: 'concern', direction: undefined, filter: '', offset: 0, limit: 10, ...query });
const names = (query: Partial<ListQuery>, of?: readonly SubjectRow[]) => page(query, of).rows.map(({ name }) => name);

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
  const lsphp: Subject = { id: 'w-l', kind: 'workload', name: 'lsphp', user: 'alice', account: 'alice', domain: 'example.com' };
  const customer = row(lsphp, { anonBytes: 50 }, 'undecided');
  assert.deepEqual(names({ filter: 'example.com alice' }, [...rows, customer]), ['lsphp']);
});

test('a page says where it begins and of how many; behind the end is the last one', () => {
  assert.deepEqual(names({ sort: 'private', offset: 2, limit: 2 }), ['nginx.service']);
  assert.deepEqual({ ...page({ offset: 900, limit: 2 }), rows: [] }, { rows: [], matching: 3, offset: 2 });
  assert.deepEqual(page({ filter: 'nothing', offset: 5 }), { rows: [], matching: 0, offset: 0 });
});
