import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BudgetKeeper } from './budget.ts';

const mib = 1024 ** 2;
const budget = { cpuRatio: 0.01, rssBytes: 100 * mib, readsPerSecond: 1000 };
const calm = { cpuRatio: 0.002, rssBytes: 60 * mib, readsPerSecond: 100 };

/** A stanch whose scans cost a given amount each at ten seconds: rarer scans cost less in proportion, but for `fixedRatio`. */
class Costs {
  readonly keeper = new BudgetKeeper(budget, 10_000);
  nowMs = 0;
  #cpuSeconds = 5;
  #reads = 9000;

  /** `count` scans at whatever interval is held; the costs are what would be used without holding back. */
  scans(count: number, wanted: typeof calm, fixedRatio = 0): void {
    for (let scan = 0; scan < count; scan += 1) {
      const seconds = this.keeper.intervalMs / 1000;
      this.nowMs += this.keeper.intervalMs;
      this.#cpuSeconds += wanted.cpuRatio * 10 + fixedRatio * seconds;
      this.#reads += wanted.readsPerSecond * 10;
      this.keeper.observe({ cpuSeconds: this.#cpuSeconds, reads: this.#reads, rssBytes: wanted.rssBytes }, this.nowMs, this.nowMs + 1e12);
    }
  }

  notice(): string | undefined {
    return this.keeper.notice(this.nowMs + 1e12)?.text;
  }
}

test('within its budget it looks as often as wanted, and says nothing; what its start cost does not count', () => {
  const costs = new Costs();
  costs.scans(12, { ...calm, cpuRatio: 0.2, readsPerSecond: 50_000 });
  costs.scans(100, calm);
  assert.equal(costs.keeper.intervalMs, 10_000);
  assert.equal(costs.keeper.looksCloser, true);
  assert.equal(costs.notice(), undefined);
});

for (const [what, dear, said] of [
  ['CPU', { ...calm, cpuRatio: 0.03 }, /it used \S+ % of a core of 1 %/],
  ['reads', { ...calm, readsPerSecond: 3000 }, /it read \d+ times a second of 1000/],
] as const) {
  test(`over its budget of ${what} closer looks stop first, then it scans less often until it is kept, and says so`, () => {
    const costs = new Costs();
    costs.scans(26, dear);
    assert.equal(costs.keeper.looksCloser, false);
    assert.equal(costs.keeper.intervalMs, 10_000);
    assert.match(costs.notice() ?? '', /^To keep its budget, stanch does not look closer/);
    costs.scans(36, dear);
    assert.ok(costs.keeper.intervalMs > 30_000 && costs.keeper.intervalMs < 60_000, `${costs.keeper.intervalMs}`);
    assert.match(costs.notice() ?? '', /scans every \d+ s instead of every 10 s and does not look closer/);
    const heldMs = costs.keeper.intervalMs;
    costs.scans(100, dear);
    assert.equal(costs.keeper.intervalMs, heldMs, 'it does not swing');
    const sinceMs = costs.keeper.notice(0)?.sinceMs;
    costs.scans(36, { ...dear, cpuRatio: dear.cpuRatio * 2, readsPerSecond: dear.readsPerSecond * 2 });
    assert.ok(costs.keeper.intervalMs > heldMs);
    assert.match(costs.notice() ?? '', said);
    assert.equal(costs.keeper.notice(0)?.sinceMs, sinceMs, 'one trouble is told once');
  });
}

test('with room again, all comes back step by step, and that is said for an hour', () => {
  const costs = new Costs();
  costs.scans(100, { ...calm, cpuRatio: 0.05 });
  const heldMs = costs.keeper.intervalMs;
  costs.scans(14, calm);
  assert.ok(costs.keeper.intervalMs < heldMs && costs.keeper.intervalMs > 10_000);
  costs.scans(120, calm);
  assert.deepEqual([costs.keeper.intervalMs, costs.keeper.looksCloser], [10_000, true]);
  assert.match(costs.notice() ?? '', /^Within its budget again: stanch scans every 10 s/);
  costs.scans(400, calm);
  assert.equal(costs.notice(), undefined);
});

test('too large, it looks half as often until it is smaller; that is told with both sizes', () => {
  const costs = new Costs();
  costs.scans(26, { ...calm, rssBytes: 120 * mib });
  assert.deepEqual([costs.keeper.intervalMs, costs.keeper.looksCloser, costs.keeper.isTooLarge], [20_000, false, true]);
  assert.match(costs.notice() ?? '', /it holds 120 MiB of 100 MiB/);
  costs.scans(26, { ...calm, rssBytes: 98 * mib });
  assert.equal(costs.keeper.intervalMs, 20_000, 'just below is not enough');
  costs.scans(26, { ...calm, rssBytes: 80 * mib });
  assert.deepEqual([costs.keeper.intervalMs, costs.keeper.looksCloser, costs.keeper.isTooLarge], [10_000, true, false]);
});

test('however dear it is, the interval is bounded; what scanning less often cannot save is at least told', () => {
  const costs = new Costs();
  costs.scans(400, calm, 0.5);
  assert.equal(costs.keeper.intervalMs, 600_000);
  assert.match(costs.notice() ?? '', /it used 50 % of a core of 1 %/);
});

test('a new budget is judged anew', () => {
  const costs = new Costs();
  costs.scans(100, { ...calm, cpuRatio: 0.05 });
  costs.keeper.set({ ...budget, cpuRatio: 0.1 }, 5_000);
  assert.deepEqual([costs.keeper.intervalMs, costs.keeper.looksCloser, costs.notice()], [5_000, true, undefined]);
});
