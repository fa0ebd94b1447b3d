/** A few of the programs of most runtimes, as the bench has them all: `npm run bench -- naming`. Those of the JVM are not named every time yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoHeapProgram } from './heapPrograms.ts';
import { nameGrowth, scoreOf } from './naming.ts';
import { namingCases } from './namingCases.ts';

const tested = [
  ...['static-array', 'listeners', 'healthy-churn', 'list_only_grows', 'constant_array', 'healthy_cache'],
  ...['session_map', 'closure_variable', 'local_list', 'linked_history', 'orders_by_customer', 'healthy_batches'],
];

for (const each of namingCases.filter(({ program }) => tested.includes(program))) {
  const skip = whyNoHeapProgram(each.language) ?? (process.getuid?.() === 0 ? false : 'needs root, or leave to read the memory of others');
  test(`${each.language}, ${each.program}: ${each.grows === null ? 'nothing is named' : 'what grows is named'}`, {
    skip,
    timeout: 200_000,
  }, async () => {
    const { things } = await nameGrowth(each.language, each.program);
    assert.ok(scoreOf(each, things).isInThree, JSON.stringify(things, null, 2));
  });
}
