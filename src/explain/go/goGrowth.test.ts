/** What grows by Go's own profile, also where its collector did not run between two looks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goGrowth } from './goGrowth.ts';
import type { GoBucket, GoCounts } from './goProfile.ts';

const rate = 512 << 10;
const lines = {
  placeOf: (address: number) => ({ function: address < 50 ? 'main.keep' : 'main.main', file: 'shop.go', line: address, entry: address }),
};

const counts = (allocations: number, frees: number): GoCounts => ({
  allocations,
  frees,
  allocatedBytes: allocations * 4_000,
  freedBytes: frees * 4_000,
});
const look = (collected: GoCounts, now: GoCounts) => {
  const bucket: GoBucket = { address: 1, stack: [11, 99], collected, now };
  return { buckets: [bucket], goroutines: [] };
};

test('what is still in use after each collection and became more is named, with who called', () => {
  const [first, second, third] = [10, 30, 50].map((kept) => look(counts(kept + 100, 100), counts(kept + 120, 100)));
  assert.ok(first && second && third);
  const [thing] = goGrowth([first, second, third], rate, lines);
  assert.equal(thing?.type, 'main.keep');
  assert.equal(thing?.isAllocation, true);
  assert.deepEqual(thing?.path, ['main.main shop.go:98']);
});

test('between collections what comes from a place is named where nearly all that ever came from there stayed', () => {
  const collected = counts(20, 1);
  const looks = [look(collected, counts(25, 1)), look(collected, counts(40, 1)), look(collected, counts(60, 1))] as const;
  assert.equal(goGrowth(looks, rate, lines).length, 1);
});

test('between collections rubbish is not named', () => {
  const collected = counts(20, 15);
  const looks = [look(collected, counts(25, 15)), look(collected, counts(40, 15)), look(collected, counts(60, 15))] as const;
  assert.deepEqual(goGrowth(looks, rate, lines), []);
});

test('before the first collection nothing is known of what stays', () => {
  const looks = [look(counts(0, 0), counts(5, 0)), look(counts(0, 0), counts(40, 0)), look(counts(0, 0), counts(60, 0))] as const;
  assert.deepEqual(goGrowth(looks, rate, lines), []);
});
