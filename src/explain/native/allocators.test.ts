/** Real programs on other allocators than glibc's or always at the same place, and memory that glibc keeps although the program has freed it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeeperBuild, type KeeperLanguage, startKeeper, whyNoKeeper } from '../../lab/keeper.ts';
import type { GrowingThing } from '../growingThing.ts';
import { openHeap } from '../openHeap.ts';
import { TargetMemory } from '../targetMemory.ts';

const perSecond = 20_000;

async function explained(language: KeeperLanguage, kind: string, build: KeeperBuild) {
  const keeper = await startKeeper(language, kind, perSecond, 0, build);
  try {
    const memory = new TargetMemory(keeper.pid);
    try {
      const heap = openHeap(memory);
      assert.ok(heap !== null && !('why' in heap));
      for (let look = 1; look <= 3; look += 1) {
        await keeper.done(look * 3_000);
        heap.look();
      }
      const grows: GrowingThing[] = heap.growing();
      return { runtime: heap.runtime, grows, notes: heap.notes?.().join(' ') ?? '' };
    } finally {
      memory.close();
    }
  } finally {
    await keeper.stop();
  }
}

test('under jemalloc the class that grows is named, and what is not seen is said', {
  skip: whyNoKeeper('cpp', 'jemalloc') ?? false,
}, async () => {
  const { runtime, grows, notes } = await explained('cpp', 'listeners', 'jemalloc');
  assert.equal(runtime, 'native code on jemalloc');
  assert.equal(grows[0]?.type, 'shop::Listener');
  assert.match(notes, /plain blocks is not seen/);
});

test('under jemalloc nothing grows in a healthy program', { skip: whyNoKeeper('cpp', 'jemalloc') ?? false }, async () => {
  assert.deepEqual((await explained('cpp', 'healthy', 'jemalloc')).grows, []);
});

test('musl is recognised, and nothing is made up about its blocks', { skip: whyNoKeeper('c', 'musl') ?? false }, async () => {
  const { runtime, grows, notes } = await explained('c', 'list', 'musl');
  assert.equal(runtime, 'native code on musl');
  assert.deepEqual(grows, []);
  assert.match(notes, /plain blocks is not seen/);
});

test('of a program that is always loaded at the same place, whose pointers are as small as numbers, the holder is found', {
  skip: whyNoKeeper('c') ?? whyNoKeeper('cpp') ?? false,
}, async () => {
  const list = await explained('c', 'list', 'fixed');
  assert.match(list.grows[0]?.type ?? '', /that begin with a pointer to another block$/);
  assert.notEqual(list.grows[0]?.owner ?? null, null);
  const map = await explained('cpp', 'map', 'fixed');
  assert.equal(map.grows[0]?.type, 'shop::UserSession');
  assert.equal(map.grows[0]?.owner, 'shop::sessionsByName');
});

test('a class without type information is named by its table of virtual functions', { skip: whyNoKeeper('cpp') ?? false }, async () => {
  const { grows } = await explained('cpp', 'map', 'untyped');
  assert.equal(grows[0]?.type, 'shop::UserSession');
});

test('a program that is always loaded at the same place and healthy grows by nothing', { skip: whyNoKeeper('cpp') ?? false }, async () => {
  assert.deepEqual((await explained('cpp', 'healthy', 'fixed')).grows, []);
});

test('what a peak has left in malloc is no leak, and what gives it back is said', { skip: whyNoKeeper('c') ?? false }, async () => {
  const { grows, notes } = await explained('c', 'retained', 'glibc');
  assert.deepEqual(grows, []);
  assert.match(notes, /has freed.* is no leak\..*MALLOC_TRIM_THRESHOLD_/);
});

test('what peaks in many threads have left is told by its arenas', { skip: whyNoKeeper('c') ?? false }, async () => {
  const { grows, notes } = await explained('c', 'arenas', 'glibc');
  assert.deepEqual(grows, []);
  assert.match(notes, /spread over \d+ arenas: set MALLOC_ARENA_MAX=2/);
});
