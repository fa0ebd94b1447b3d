/**
 * A few of the programs of most runtimes, as the bench has them all: `npm run bench -- naming`. Those of the JVM are not named every time yet, and
 * of Ruby's cache a sample of its objects can say that it grew: both are in the bench only. A look that the collector or a growing array crossed may
 * name something else, so what leaks is asked up to three times, as a person would.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoHeapProgram } from './heapPrograms.ts';
import { nameGrowth, scoreOf } from './naming.ts';
import { namingCases } from './namingCases.ts';

const tested = [
  ...['static-array', 'listeners', 'healthy-churn', 'list_only_grows', 'constant_array', 'healthy_cache'],
  ...['session_map', 'closure_variable', 'local_list', 'linked_history', 'orders_by_customer', 'healthy_batches'],
];

const asks = 3;

for (const each of namingCases.filter(
  ({ language, program }) => tested.includes(program) && `${language} ${program}` !== 'ruby healthy_cache',
)) {
  const skip = whyNoHeapProgram(each.language) ?? (process.getuid?.() === 0 ? false : 'needs root, or leave to read the memory of others');
  test(`${each.language}, ${each.program}: ${each.grows === null ? 'nothing is named' : 'what grows is named'}`, {
    skip,
    timeout: 600_000,
  }, async () => {
    const named: unknown[] = [];
    for (let ask = 0; ask < (each.grows === null ? 1 : asks); ask += 1) {
      const { things } = await nameGrowth(each.language, each.program);
      if (scoreOf(each, things).isInThree) return;
      named.push(things);
    }
    assert.fail(JSON.stringify(named, null, 2));
  });
}
