import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rules } from '../../detect/rules/index.ts';
import type { BenchCase } from './case.ts';
import { glimpsesOf } from './glimpse.ts';
import { casesOf } from './tasks.ts';

const [healthy] = [...casesOf({ kind: 'generated', group: 'patterns', family: 'N01-flat', seed: 1 })];
const [leak] = [...casesOf({ kind: 'generated', group: 'patterns', family: 'P01-linear', seed: 1 })];

function known(benchCase: BenchCase | undefined): BenchCase {
  if (benchCase === undefined) throw new Error('the family is not there');
  return benchCase;
}

test('a leak is looked at after it could be seen only, with an opinion for each rule', () => {
  const glimpses = glimpsesOf(known(leak));
  assert.ok(glimpses.length > 0);
  for (const { leaks, opinions } of glimpses) {
    assert.equal(leaks, true);
    for (const opinion of opinions) assert.equal(opinion.length, rules.length);
  }
  const late = { ...known(leak), onsetMs: (known(leak).samples.at(-1)?.timeMs ?? 0) - 1 };
  assert.ok(glimpsesOf(late).length <= 1);
});

test('a series of which nothing is known is not looked at', () => {
  assert.deepEqual(glimpsesOf({ ...known(healthy), label: 'ambiguous' }), []);
});
