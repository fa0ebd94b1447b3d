import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemoryNodeDocument } from '../talk/documents.ts';
import { icicleCells, partAt } from './icicle.ts';

const ram: MemoryNodeDocument = {
  name: 'RAM',
  bytes: 1000,
  children: [
    { name: 'free', bytes: 500, reclaim: 'free' },
    { name: 'dust', bytes: 1 },
    {
      name: 'kernel',
      bytes: 499,
      children: [
        {
          name: 'slab',
          bytes: 300,
          reclaim: 'reclaimable',
          children: [{ name: 'dentry', bytes: 300, children: [{ name: 'deep', bytes: 300 }] }],
        },
        { name: 'rest', bytes: 199, reclaim: 'unreclaimable' },
      ],
    },
  ],
};

test('each part is as high as its share and below the one before; what can not be seen is left out; levels end', () => {
  const cells = icicleCells(ram, null);
  assert.deepEqual(
    cells.map(({ path, depth, top, height, reclaim }) => [
      path.join('/'),
      depth,
      Math.round(top * 1000),
      Math.round(height * 1000),
      reclaim,
    ]),
    [
      ['free', 0, 0, 500, 'free'],
      ['kernel', 0, 501, 499, null],
      ['kernel/slab', 1, 501, 300, 'reclaimable'],
      ['kernel/slab/dentry', 2, 501, 300, 'reclaimable'],
      ['kernel/rest', 1, 801, 199, 'unreclaimable'],
    ],
  );
});

test('a part that was chosen, with the kind it inherits; the whole when it is gone', () => {
  const dentry = partAt(ram, ['kernel', 'slab', 'dentry']);
  assert.deepEqual([dentry.node.name, dentry.reclaim], ['dentry', 'reclaimable']);
  assert.deepEqual(partAt(ram, ['kernel', 'gone']).path, []);
  assert.deepEqual(icicleCells({ name: 'RAM', bytes: 0 }, null), []);
});
