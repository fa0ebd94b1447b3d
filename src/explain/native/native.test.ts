/** Real programs in C, C++ and Rust that leak, each beside a bounded cache and what comes and goes; and healthy ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeeperLanguage, startKeeper, whyNoKeeper } from '../../lab/keeper.ts';
import type { GrowingThing } from '../growingThing.ts';
import { openHeap } from '../openHeap.ts';
import { TargetMemory } from '../targetMemory.ts';

const perSecond = 20_000;
/** Away from where a list that doubles is moved: one that moves between reading what refers to it and reading it can't be followed. */
const warmUp = 8_500;
const between = 4_500;

async function growing(language: KeeperLanguage, kind: string): Promise<GrowingThing[]> {
  const keeper = await startKeeper(language, kind, perSecond);
  try {
    const memory = new TargetMemory(keeper.pid);
    try {
      const heap = openHeap(memory);
      assert.ok(heap !== null && !('why' in heap));
      for (let look = 0; look < 3; look += 1) {
        await keeper.done(warmUp + look * between);
        heap.look();
      }
      return heap.growing();
    } finally {
      memory.close();
    }
  } finally {
    await keeper.stop();
  }
}

interface Leak {
  language: KeeperLanguage;
  kind: string;
  type: RegExp;
  owner: RegExp | null;
  /** Those that are right: a table of chains is not always told from an array. */
  patterns: readonly GrowingThing['pattern'][];
}

const auditBlock = /^blocks of 1(?:29 to 144|37 to 152) bytes/;
const leaks: readonly Leak[] = [
  { language: 'c', kind: 'array', type: auditBlock, owner: /^audit_table$/, patterns: ['list-only-grows'] },
  { language: 'c', kind: 'list', type: auditBlock, owner: /./, patterns: ['list-only-grows'] },
  { language: 'c', kind: 'lost', type: auditBlock, owner: null, patterns: ['no-pointer-left'] },
  {
    language: 'cpp',
    kind: 'hash-map',
    type: /^shop::UserSession$/,
    owner: /^shop::SessionManager$/,
    patterns: ['map-without-eviction', 'list-only-grows'],
  },
  { language: 'cpp', kind: 'map', type: /^shop::UserSession$/, owner: /^shop::sessionsByName$/, patterns: ['map-without-eviction'] },
  { language: 'cpp', kind: 'listeners', type: /^shop::Listener$/, owner: /^shop::listeners$/, patterns: ['list-only-grows'] },
  { language: 'cpp', kind: 'cycle', type: /shop::Node/, owner: null, patterns: ['cycle-never-collected'] },
  { language: 'rs', kind: 'boxed', type: /^keeps(?:_rs)?::MailJob$/, owner: /stack of the main thread/, patterns: ['list-only-grows'] },
  { language: 'rs', kind: 'cycle', type: /^blocks of 2\d\d to/, owner: null, patterns: ['cycle-never-collected'] },
];

for (const { language, kind, type, owner, patterns } of leaks) {
  test(`${language}: what leaks by ${kind} is named first, and who holds it`, { skip: whyNoKeeper(language) ?? false }, async () => {
    const [first] = await growing(language, kind);
    assert.match(first?.type ?? 'nothing', type);
    assert.ok(patterns.includes(first?.pattern ?? null), `${first?.pattern}`);
    if (owner === null) assert.equal(first?.owner, null);
    else assert.match(first?.owner ?? 'nobody', owner);
  });
}

for (const language of ['c', 'cpp', 'rs'] as const) {
  test(`${language}: in a healthy program nothing grows`, { skip: whyNoKeeper(language) ?? false }, async () => {
    assert.deepEqual(await growing(language, 'healthy'), []);
  });
}
