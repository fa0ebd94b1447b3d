/** Blocks of one size and kind that are held in more than one way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoKeeper } from '../../lab/keeper.ts';
import { nameGrowth } from '../../lab/naming/naming.ts';
import type { GrowingThing, LeakPattern } from '../growingThing.ts';
import { type HolderKeys, holderGroups } from './holderGroups.ts';
import type { Way } from './pointerGraph.ts';
import { growthParts } from './turnover.ts';

const asks = 3;
const needsRoot = process.getuid?.() === 0 ? false : 'needs root, or leave to read the memory of others';

test('a list is told beside cycles of blocks of the same size, each with its own number', {
  skip: whyNoKeeper('rs') ?? needsRoot,
}, async () => {
  // A list that is moved while it is looked at may not be followed: it is asked again, as a person would.
  let things: GrowingThing[] = [];
  const shaped = (pattern: LeakPattern) => things.find((thing) => thing.pattern === pattern);
  for (let ask = 0; ask < asks && shaped('list-only-grows') === undefined; ask += 1)
    ({ things } = await nameGrowth('rs', 'cycle-and-list'));
  const [cycles, list] = [shaped('cycle-never-collected'), shaped('list-only-grows')];
  assert.ok(cycles !== undefined && list !== undefined, JSON.stringify(things, null, 2));
  assert.equal(list.type, cycles.type);
  assert.match(list.owner ?? '', /stack of the main thread/);
  // One list entry a request, and one cycle of two, which may be counted by what one of them holds.
  const [entries, ties] = [list.counts[2] - list.counts[0], cycles.counts[2] - cycles.counts[0]];
  assert.ok(entries > ties / 4 && entries < ties * 2, `${entries} and ${ties}`);
});

test('a cache that turns over is not told beside a list of the same blocks', { skip: whyNoKeeper('c') ?? needsRoot }, async () => {
  let things: GrowingThing[] = [];
  for (let ask = 0; ask < asks && things[0]?.owner !== 'shop'; ask += 1) ({ things } = await nameGrowth('c', 'beside-cache'));
  const [first] = things;
  assert.match(first?.type ?? '', /^blocks of 121 to 136 bytes/, JSON.stringify(things, null, 2));
  assert.equal(first?.owner, 'shop');
  assert.equal(first?.pattern, 'list-only-grows');
  assert.ok(
    things.every(({ path }) => !path.includes('a large block')),
    JSON.stringify(things, null, 2),
  );
});

test('holders go apart where two hold many, and stay one where each holds few', () => {
  const keys: HolderKeys = { ofRoot: (root) => `${root}`, sizeOf: (block) => (block < 100 ? block : 144) };
  const under = (holder: number, at: number): Way => ({ blocks: [1_000 + at, holder, 7], length: 3, root: 1 });
  const isMany = (members: readonly number[]) => members.length >= 5;
  const two = [...Array(20).keys()].map((at) => under(at % 2 === 0 ? 11 : 12, at));
  assert.deepEqual(
    holderGroups(two, keys, isMany).map(({ members }) => members.length),
    [10, 10],
  );
  const many = [...Array(20).keys()].map((at) => under(20 + at, at));
  assert.deepEqual(holderGroups(many, keys, isMany)[0]?.held, ['1', '7']);
});

test('of those that lose as many as they get none grows', () => {
  const parts = growthParts(
    [
      { came: 200, went: 0 },
      { came: 100, went: 90 },
    ],
    30_000,
    10_000,
  );
  assert.deepEqual(parts, [1, 0]);
  assert.deepEqual(
    growthParts(
      [
        { came: 200, went: 0 },
        { came: 100, went: 0 },
      ],
      3_000,
      0,
    ).map((part) => part.toFixed(2)),
    ['0.67', '0.33'],
  );
});
