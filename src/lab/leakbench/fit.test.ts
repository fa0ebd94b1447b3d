import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitTrust } from './fit.ts';
import type { Glimpse } from './glimpse.ts';

const glimpse = (leaks: boolean, ...opinions: number[][]): Glimpse => ({ family: leaks ? 'leak' : 'healthy', leaks, counts: 1, opinions });
const many = (count: number, one: (i: number) => Glimpse): Glimpse[] => Array.from({ length: count }, (_, i) => one(i));
const start = { prior: 0, trust: [0.1, 0.1] };

test('a rule that knows is believed, one that tosses a coin is not', () => {
  const coin = (i: number) => (i % 2 === 0 ? 1 : -1);
  const glimpses = [...many(400, (i) => glimpse(true, [1, coin(i)])), ...many(400, (i) => glimpse(false, [-1, coin(i)]))];
  const { trust } = fitTrust(glimpses, start);
  assert.ok((trust[0] ?? 0) > 1, `${trust}`);
  assert.ok(Math.abs(trust[1] ?? 1) < 0.1, `${trust}`);
});

test('a rule that speaks the wrong way round loses half its say at once, and no more', () => {
  const glimpses = [...many(400, () => glimpse(true, [1, -1])), ...many(400, () => glimpse(false, [-1, 1]))];
  assert.equal(fitTrust(glimpses, start).trust[1], 0.05);
});

test('the likeliest window speaks for its series: what other windows say does not count', () => {
  const quiet = [-4, 0];
  const glimpses = [...many(200, () => glimpse(true, quiet, [1, 0])), ...many(200, () => glimpse(false, quiet, [-1, 0]))];
  assert.ok((fitTrust(glimpses, start).trust[0] ?? 0) > 0.5);
});

test('a family of many series does not outvote a small one by as much as it is larger', () => {
  const large = many(900, () => ({ ...glimpse(false, [1, 0]), family: 'large' }));
  const small = many(100, () => ({ ...glimpse(true, [1, 0]), family: 'small' }));
  // By number the odds would be 1 to 9; by the root of the number they are 1 to 3.
  const { prior, trust } = fitTrust([...large, ...small], { prior: 0, trust: [0, 0] });
  assert.ok(prior + (trust[0] ?? 0) > -1.6, `${prior} ${trust}`);
});
