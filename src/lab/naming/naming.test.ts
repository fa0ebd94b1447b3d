/**
 * Programs of all runtimes, as the bench has them all: `npm run bench -- naming`. A look that the collector or a growing array crossed may name
 * something else, so what leaks is asked up to three times, as a person would.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameGrowth, scoreOf, whyNotNamed } from './naming.ts';
import { namingCases } from './namingCases.ts';

const natives = ['c', 'cpp', 'rs'];
const tested = [
  ...['node static-array', 'node listeners', 'node healthy-churn', 'systemNode static-array', 'systemNode listeners'],
  ...['php static-array', 'php listeners', 'php local-list', 'php nested-arrays', 'php healthy-churn', 'go list_only_grows'],
  ...['java StaticList', 'java MapWithoutEviction', 'java Listeners', 'ruby constant_array', 'ruby listeners', 'go healthy_cache'],
  ...['plainGo list_only_grows', 'plainGo map_without_eviction', 'plainGo blocked_goroutines', 'plainGo timers', 'plainGo healthy_lru'],
  ...['strippedGo handlers', 'strippedGo sync_map', 'strippedGo linked_history', 'strippedGo healthy_churn'],
  ...['node subclass', 'node raced-promise', 'php priority-queue', 'plainGo contexts'],
  ...['ruby thread_spans', 'ruby thread_variables', 'ruby linked_history', 'ruby observers', 'ruby scopes'],
  ...['python session_map', 'python closure_variable', 'python local_list', 'python listeners', 'python linked_history'],
  ...['python orders_by_customer', 'python dict_of_dicts', 'python healthy_cache', 'python healthy_batches'],
  ...['python memo_method', 'python background_tasks', 'python sleeping_tasks', 'python healthy_waiters'],
];
const isTested = ({ language, program }: (typeof namingCases)[number]) =>
  natives.includes(language) || tested.includes(`${language} ${program}`);
const asks = 3;

for (const each of namingCases.filter(isTested)) {
  const skip = whyNotNamed(each.language) ?? (process.getuid?.() === 0 ? false : 'needs root, or leave to read the memory of others');
  test(`${each.language}, ${each.program}: ${each.grows === null ? 'nothing is named' : 'what grows is named'}`, {
    skip,
    timeout: 600_000,
  }, async () => {
    const named: unknown[] = [];
    for (let ask = 0; ask < (each.grows === null ? 1 : asks); ask += 1) {
      const { things } = await nameGrowth(each.language, each.program);
      const { isInThree, isOwnerRight, isPatternRight } = scoreOf(each, things);
      if (isInThree && isOwnerRight !== false && isPatternRight !== false) return;
      named.push(things);
    }
    assert.fail(JSON.stringify(named, null, 2));
  });
}
